package importer

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"parley/shop"
)

// Contents is what a file brings.
type Contents struct {
	Products  []shop.Product
	Customers []shop.Customer
	Orders    []shop.Order

	file string
	// orderLines are the lines of the file in which the orders begin.
	orderLines []int
	// buyers says that the customers are known by their orders only: payment methods
	// that the store has of them stay.
	buyers bool
}

// Parse reads a file's bytes; name stands for it in errors, which are [Errors]. It
// also says which format it was.
func Parse(name string, data []byte, o Options) (*Contents, Format, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	format := o.Format
	if format == "" || format == Auto {
		format = recognise(data)
	}
	if !utf8.Valid(data) {
		line := 1
		for rest := data; len(rest) > 0; {
			r, size := utf8.DecodeRune(rest)
			if r == utf8.RuneError && size == 1 {
				break
			}
			if r == '\n' {
				line++
			}
			rest = rest[size:]
		}
		return nil, format, Errors{{File: name, Line: line, Message: "not UTF-8; save the file as UTF-8"}}
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, format, Errors{{File: name, Line: 1, Message: "it holds NUL characters; this is no text file"}}
	}
	c := &Contents{file: name}
	said := &complaints{file: name}
	switch format {
	case CSV:
		c.csv(data, o.Currency, said)
	case JSON:
		c.json(data, o.Currency, said)
	case Tau2:
		c.tau2(data, o.Currency, said)
	default:
		return nil, format, fmt.Errorf("there is no format %q: it is one of auto, csv, json, tau2", format)
	}
	if err := said.err(); err != nil {
		return nil, format, err
	}
	if len(c.Products)+len(c.Customers)+len(c.Orders) == 0 {
		return nil, format, errors.New(name + " holds no products and no orders")
	}
	return c, format, nil
}

// recognise looks at the first bytes: JSON begins with a bracket, and τ²-bench's
// store has an object of users in it.
func recognise(data []byte) Format {
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[':
		return CSV
	case trimmed[0] == '{' && hasUsers(trimmed):
		return Tau2
	}
	return JSON
}
