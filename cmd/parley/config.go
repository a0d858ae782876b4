package main

import (
	"errors"
	"fmt"
	"os"

	"parley/config"
)

// configCmd explains and checks parley.yaml.
type configCmd struct {
	Schema configSchemaCmd `cmd:"" help:"Print the JSON Schema of parley.yaml, for editors."`
	Check  configCheckCmd  `cmd:"" help:"Check a file: everything that is wrong with it, with line and column."`
}

// configSchemaCmd prints the schema.
type configSchemaCmd struct{}

// Run prints to standard output.
func (configSchemaCmd) Run() error {
	if _, err := os.Stdout.Write(config.Schema()); err != nil {
		return fmt.Errorf("printing the schema: %w", err)
	}
	return nil
}

// configCheckCmd checks a file.
type configCheckCmd struct {
	File string `arg:"" help:"The file to check, such as parley.yaml."`
}

// Run prints one line for each thing that is wrong, to standard error, and then
// ends with status 1.
func (c configCheckCmd) Run() error {
	_, err := config.Load(c.File, os.LookupEnv)
	if wrong, ok := errors.AsType[config.Errors](err); ok {
		fmt.Fprintln(os.Stderr, wrong)
		return exitCode(1)
	}
	if err != nil {
		return err
	}
	fmt.Println(c.File, "is right.")
	return nil
}
