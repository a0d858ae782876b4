package config

import (
	"fmt"
	"io"
	"os"

	"parley/internal/yamltree"
)

// maxFile bounds a file in bytes. A full config is about 4 kB.
const maxFile = 64 << 10

// Error is one thing that is wrong in a file.
type Error = yamltree.Error

// Errors is all that is wrong in a file, in its order.
type Errors = yamltree.Errors

// decoder reads one file.
type decoder struct{ *yamltree.Reader }

func (d *decoder) given(path string) bool { return d.Given(path) }

// Load reads a file. env looks environment variables up, as os.LookupEnv does.
// An error is [Errors] when the file is wrong, and something else when it cannot
// be read. What the file does not say stays as in [Default].
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the config: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the config %s: %w", path, err)
	}
	return Parse(path, data, env)
}

// Parse is Load for a file already read; name stands for it in errors.
func Parse(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	d := &decoder{yamltree.New(name, yamltree.Options{Env: env, Complain: complain, MaxBytes: maxFile, Thing: "config"})}
	c := Default()
	if root := d.Parse(data); root != nil {
		d.Read(root, c)
	}
	// The checks across keys need all of them to be right in themselves.
	if len(d.Errors()) == 0 {
		d.orderSilences(&c.Turn)
		d.crossCheck(c)
	}
	if errs := d.Errors(); len(errs) > 0 {
		return nil, errs
	}
	return c, nil
}
