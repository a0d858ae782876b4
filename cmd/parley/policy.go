package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"parley/internal/yamltree"
	"parley/shop/logistics"
	"parley/shop/policy"
)

// policyCmd looks after what the shop allows and offers.
type policyCmd struct {
	Check  policyCheckCmd  `cmd:"" help:"Check policy files: everything that is wrong with them, and whether their examples hold."`
	Schema policySchemaCmd `cmd:"" help:"Print the JSON Schema of a policy, for editors."`
}

// policyCheckCmd checks files.
type policyCheckCmd struct {
	Files []string `arg:"" name:"file" help:"The files to check, such as policy.yaml."`
}

// Run prints one line for each thing that is wrong, to standard error, and then
// ends with status 1.
func (c policyCheckCmd) Run() error { return c.check(os.Stdout, os.Stderr) }

func (c policyCheckCmd) check(out, faults io.Writer) error {
	wrong := false
	for _, name := range c.Files {
		_, err := readPolicy(name)
		if all, ok := errors.AsType[yamltree.Errors](err); ok {
			fmt.Fprintln(faults, all)
			wrong = true
			continue
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(out, name, "is right, and its examples hold.")
	}
	if wrong {
		return exitCode(1)
	}
	return nil
}

// readPolicy reads a policy file.
func readPolicy(name string) (*policy.Book, error) {
	data, err := readBounded(name, policy.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	return policy.Parse(name, data)
}

// readLanes reads a file of lanes.
func readLanes(name string) (*logistics.Book, error) {
	data, err := readBounded(name, policy.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("reading the lanes: %w", err)
	}
	return logistics.Parse(name, data)
}

// readBounded reads a file, and of one that is too long only so much that whoever
// parses it sees that.
func readBounded(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// policySchemaCmd prints the schema.
type policySchemaCmd struct{}

// Run prints to standard output.
func (policySchemaCmd) Run() error {
	if _, err := os.Stdout.Write(policy.Schema()); err != nil {
		return fmt.Errorf("printing the schema: %w", err)
	}
	return nil
}
