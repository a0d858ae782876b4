package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"parley/tools/importer"
)

// toolsImportCmd makes tool files of other platforms' tool JSON.
type toolsImportCmd struct {
	Files []string `arg:"" name:"file" help:"The JSON as the platform's API or console gives it: one tool, or a list of them."`
	From  string   `enum:"auto,vapi,retell,elevenlabs" default:"auto" help:"Whose it is: vapi, retell or elevenlabs; auto tells by the shape."`
	To    string   `placeholder:"DIR" help:"Write one file a tool into this folder. Without it all are printed."`
	Force bool     `help:"Write over files that are there."`
}

// Run writes or prints the files, and says on standard error what was changed and what
// could not be carried over; the exit status is 1 when something could not.
func (c *toolsImportCmd) Run() error {
	from := c.From
	if from == "auto" {
		from = ""
	}
	failed := false
	for _, path := range c.Files {
		data, err := readBounded(path, importer.MaxBytes)
		if err != nil {
			return err
		}
		found, skipped, err := importer.Read(data, from)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, tool := range found {
			if err := c.write(os.Stdout, tool); err != nil {
				return err
			}
			for _, note := range tool.Notes {
				fmt.Fprintf(os.Stderr, "%s: %s: %s\n", path, tool.Name, note)
			}
		}
		for _, s := range skipped {
			failed = true
			fmt.Fprintf(os.Stderr, "%s: %s: not imported: %s\n", path, s.Name, s.Why)
		}
	}
	if failed {
		return exitCode(1)
	}
	return nil
}

func (c *toolsImportCmd) write(out io.Writer, tool importer.Tool) error {
	if c.To == "" {
		if _, err := fmt.Fprintf(out, "---\n%s", tool.YAML); err != nil {
			return fmt.Errorf("printing %s: %w", tool.Name, err)
		}
		return nil
	}
	if err := os.MkdirAll(c.To, 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	path := filepath.Join(c.To, tool.Name+".yaml")
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if !c.Force {
		flags |= os.O_EXCL
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; --force writes over it", path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", tool.Name, err)
	}
	if _, err = f.Write(tool.YAML); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), f.Close())
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	fmt.Fprintln(out, path)
	return nil
}
