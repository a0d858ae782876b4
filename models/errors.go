package models

import (
	"errors"
	"fmt"
)

// What can go wrong in a fetch, for errors.Is. The error's text says which
// file, package or program it is about and what to do.
var (
	ErrUnknown   = errors.New("no such model")
	ErrNoClient  = errors.New("a program needed to download models is missing")
	ErrNoNetwork = errors.New("the package index cannot be reached")
	ErrNotFound  = errors.New("the package is not offered")
	ErrChecksum  = errors.New("the file is not the one that was expected")
	ErrDamaged   = errors.New("the package cannot be read")
	ErrNoSpace   = errors.New("the disk is full")
	ErrStalled   = errors.New("the download stands still")
)

// adviceError is a fault with a sentence about what to do.
type adviceError struct {
	kind   error
	detail string
	advice string
}

func (e *adviceError) Error() string {
	text := e.kind.Error()
	if e.detail != "" {
		text = fmt.Sprintf("%s: %s", text, e.detail)
	}
	if e.advice != "" {
		text = fmt.Sprintf("%s. %s", text, e.advice)
	}
	return text
}

func (e *adviceError) Unwrap() error { return e.kind }
