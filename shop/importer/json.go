package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// reader reads JSON and knows in which line it is.
type reader struct {
	*complaints
	data []byte
}

// line is the line of an offset in the file, from 1.
func (r *reader) line(offset int64) int {
	offset = min(max(offset, 0), int64(len(r.data)))
	return 1 + bytes.Count(r.data[:offset], []byte("\n"))
}

// hasUsers says whether an object has users that are an object.
func hasUsers(data []byte) bool {
	var shape struct {
		Users json.RawMessage `json:"users"`
	}
	if err := json.Unmarshal(data, &shape); err != nil {
		return false
	}
	return len(shape.Users) > 0 && shape.Users[0] == '{'
}

func (c *Contents) json(data []byte, currency string, said *complaints) {
	r := &reader{said, data}
	dec := json.NewDecoder(bytes.NewReader(data))
	start, err := dec.Token()
	if err != nil {
		r.broken(err, dec.InputOffset())
		return
	}
	if start == json.Delim('[') {
		kind := "products"
		if bytes.Contains(data, []byte(`"order_id"`)) {
			kind = "orders"
		}
		c.elements(r, dec, kind, currency)
		r.end(dec)
		return
	}
	for dec.More() {
		at := dec.InputOffset()
		key, err := dec.Token()
		if err != nil {
			r.broken(err, dec.InputOffset())
			return
		}
		kind, ok := key.(string)
		if !ok || kind != "products" && kind != "customers" && kind != "orders" {
			said.add(place{r.line(at + 1), ""}, "the key %q is not known; there are products, customers and orders", key)
			return
		}
		if open, err := dec.Token(); err != nil || open != json.Delim('[') {
			said.add(place{r.line(dec.InputOffset()), kind}, "it must be an array")
			return
		}
		if !c.elements(r, dec, kind, currency) {
			return
		}
	}
	if _, err := dec.Token(); err != nil {
		r.broken(err, dec.InputOffset())
		return
	}
	r.end(dec)
}

// end sees that nothing follows.
func (r *reader) end(dec *json.Decoder) {
	if _, err := dec.Token(); len(r.errs) == 0 && !errors.Is(err, io.EOF) {
		r.add(place{line: r.line(dec.InputOffset())}, "the file goes on after its end")
	}
}

// elements reads an array to its end; false when that was not possible.
func (c *Contents) elements(r *reader, dec *json.Decoder, kind, currency string) bool {
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			r.broken(err, dec.InputOffset())
			return false
		}
		e := element{reader: r, raw: raw, start: dec.InputOffset() - int64(len(raw))}
		switch kind {
		case "products":
			c.jsonProduct(e, currency)
		case "customers":
			c.jsonCustomer(e, currency)
		default:
			c.jsonOrder(e, currency)
		}
	}
	if _, err := dec.Token(); err != nil {
		r.broken(err, dec.InputOffset())
		return false
	}
	return true
}

// broken tells where the file is no JSON.
func (r *reader) broken(err error, offset int64) {
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = bad.Offset
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.add(place{line: r.line(int64(len(r.data)))}, "the file ends too early: a bracket is not closed")
		return
	}
	r.add(place{line: r.line(offset)}, "not valid JSON: %v", err)
}

// element is one object of an array.
type element struct {
	*reader
	raw   json.RawMessage
	start int64
}

// at is where the element begins; field names what is meant in it.
func (e element) at(field string) place { return place{e.line(e.start), field} }

// into decodes the element; unknown fields and wrong types are errors.
func (e element) into(to any) bool {
	dec := json.NewDecoder(bytes.NewReader(e.raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(to)
	if err == nil {
		return true
	}
	if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		e.add(place{e.line(e.start + bad.Offset), bad.Field}, "it is a %s and must be a %s", bad.Value, kindName(bad.Type.String()))
		return false
	}
	text := strings.TrimPrefix(err.Error(), "json: ")
	if name, ok := strings.CutPrefix(text, "unknown field "); ok {
		name = strings.Trim(name, `"`)
		at := max(bytes.Index(e.raw, []byte(`"`+name+`"`)), 0)
		e.add(place{e.line(e.start + int64(at)), name}, "the field is not known; see the package's documentation for those there are")
		return false
	}
	e.add(e.at(""), "%s", text)
	return false
}

// kindName is what a Go type is called in JSON.
func kindName(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "array"
	case goType == "string", goType == "bool":
		return goType
	case strings.HasPrefix(goType, "int"), goType == "json.Number", goType == "float64":
		return "number"
	}
	return "object"
}
