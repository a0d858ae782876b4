package main

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// version is set by the linker, see the Makefile.
var version = "dev"

// versionFlag prints the version and ends the program.
type versionFlag bool

// BeforeReset is called by kong as soon as it meets the flag.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	if _, err := fmt.Fprintln(app.Stdout, "parley", version); err != nil {
		return fmt.Errorf("printing the version: %w", err)
	}
	app.Exit(0)
	return nil
}
