package importer

import (
	"fmt"
	"strings"
)

// maxErrors bounds how many errors of a file are told at once.
const maxErrors = 50

// Error is one thing that is wrong in a file.
type Error struct {
	File string
	// Line counts from 1.
	Line int
	// Column is the name of the column or field, "" for the whole row.
	Column string
	// Message says what is wrong and what would be right.
	Message string
}

func (e *Error) Error() string {
	where := fmt.Sprintf("%s:%d: ", e.File, e.Line)
	if e.Column != "" {
		where += e.Column + ": "
	}
	return where + e.Message
}

// Errors is what is wrong in a file, in its order.
type Errors []*Error

func (e Errors) Error() string {
	texts := make([]string, 0, len(e)+1)
	for i, one := range e {
		if i == maxErrors {
			texts = append(texts, fmt.Sprintf("and %d more", len(e)-i))
			break
		}
		texts = append(texts, one.Error())
	}
	return strings.Join(texts, "\n")
}

// place is somewhere in a file.
type place struct {
	line   int
	column string
}

// complaints collects errors.
type complaints struct {
	file string
	errs Errors
}

func (c *complaints) add(at place, format string, args ...any) {
	c.errs = append(c.errs, &Error{File: c.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)})
}

func (c *complaints) err() error {
	if len(c.errs) == 0 {
		return nil
	}
	return c.errs
}
