package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"parley/config"
	"parley/tools"
	"parley/tools/file"
	"parley/tools/folder"
)

// toolsCmd looks after what the agent can do.
type toolsCmd struct {
	Check  toolsCheckCmd  `cmd:"" help:"Check tool files: everything that is wrong with them, with line and column."`
	Schema toolsSchemaCmd `cmd:"" help:"Print the JSON Schema of a tool file, for editors."`
	List   toolsListCmd   `cmd:"" help:"List the tools, and where each comes from."`
	Show   toolsShowCmd   `cmd:"" help:"Print a tool's file, to copy it into a folder of your own and change it."`
	Try    toolsTryCmd    `cmd:"" help:"Run one tool and show what the agent would see and say. A write is rolled back."`
	Import toolsImportCmd `cmd:"" help:"Make tool files of the tool JSON of Vapi, Retell or ElevenLabs."`
	Replay replayCmd      `cmd:"" help:"Make the calls of recorded tasks again, and compare what comes of them."`
}

// toolsCheckCmd checks files and folders.
type toolsCheckCmd struct {
	Paths  []string `arg:"" optional:"" name:"path" help:"Files and folders to check; without any, the config's folder."`
	Config string   `placeholder:"FILE" help:"The config that the server is going to run with."`
}

// Run prints one line for each thing that is wrong, to standard error, and then
// ends with status 1.
func (c *toolsCheckCmd) Run(ctx context.Context) error {
	e, err := toolEngines(c.Config, "")
	if err != nil {
		return err
	}
	if len(c.Paths) == 0 {
		dir, err := e.toolDir()
		if err != nil {
			return err
		}
		c.Paths = []string{dir}
	}
	return c.check(ctx, e.toolRunners(), os.Stdout, os.Stderr)
}

func (c *toolsCheckCmd) check(ctx context.Context, r file.Runners, out, faults io.Writer) error {
	right, wrong := 0, 0
	tell := func(tools int, errs []error, warnings file.Errors) {
		right, wrong = right+tools, wrong+len(errs)
		for _, err := range errs {
			fmt.Fprintln(faults, err)
		}
		for _, w := range warnings {
			fmt.Fprintf(faults, "%v (a warning: the file is right, and cannot run here)\n", w)
		}
	}
	for _, path := range c.Paths {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("checking tool files: %w", err)
		}
		if info.IsDir() {
			report := folder.Check(ctx, path, r)
			errs := make([]error, len(report.Broken))
			for i, b := range report.Broken {
				errs[i] = b
			}
			tell(len(report.Tools), errs, report.Warnings)
			continue
		}
		parsed, err := readToolFile(path, info, r)
		if err != nil {
			tell(0, []error{err}, nil)
			continue
		}
		tell(1, nil, parsed.Unset)
	}
	if wrong > 0 {
		return exitCode(1)
	}
	if right == 1 {
		fmt.Fprintln(out, "1 tool is right.")
		return nil
	}
	fmt.Fprintf(out, "%d tools are right.\n", right)
	return nil
}

// readToolFile reads one file, wherever it is.
func readToolFile(path string, info fs.FileInfo, r file.Runners) (*file.Parsed, error) {
	if info.Size() > file.MaxBytes {
		return nil, fmt.Errorf("%s: %d bytes long; at most %d are read, and a tool file has about 3000", path, info.Size(), file.MaxBytes)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a tool file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, file.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the tool file %s: %w", path, err)
	}
	return file.Parse(path, data, r)
}

// toolsSchemaCmd prints the schema.
type toolsSchemaCmd struct{}

// Run prints to standard output.
func (toolsSchemaCmd) Run() error {
	if _, err := os.Stdout.Write(file.Schema()); err != nil {
		return fmt.Errorf("printing the schema: %w", err)
	}
	return nil
}

// toolsListCmd lists the tools.
type toolsListCmd struct {
	Config string `placeholder:"FILE" help:"The config that the server is going to run with."`
	Data   string `placeholder:"DIR" help:"The folder with the shop's data."`
}

// Run prints a table to standard output, and what is broken to standard error.
func (c *toolsListCmd) Run(ctx context.Context) error {
	e, err := toolEngines(c.Config, c.Data)
	if err != nil {
		return err
	}
	return e.withTools(ctx, func() error {
		for _, b := range brokenTools(e.tools.Status()) {
			fmt.Fprintln(os.Stderr, "parley:", b)
		}
		return printTools(os.Stdout, e.tools)
	})
}

func printTools(w io.Writer, f *folder.Folder) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tEFFECT\tCONFIRM\tREQUIRES\tFROM")
	for _, d := range f.Current().Definitions(tools.Caller{}) {
		from := "this program"
		if s, ok := f.Source(d.Name); ok && s.File != "" {
			from = s.File + " (" + s.Runs + ")"
			if s.Pack {
				from = "builtin file " + filepath.Base(s.File) + " (" + s.Runs + ")"
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.Name, d.Effect, d.Confirm, d.Requires, from)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the list of tools: %w", err)
	}
	return nil
}

// toolsShowCmd prints a tool's file.
type toolsShowCmd struct {
	Name   string `arg:"" help:"The tool's name."`
	Config string `placeholder:"FILE" help:"The config that the server is going to run with."`
	Data   string `placeholder:"DIR" help:"The folder with the shop's data."`
}

// Run prints to standard output.
func (c *toolsShowCmd) Run(ctx context.Context) error {
	e, err := toolEngines(c.Config, c.Data)
	if err != nil {
		return err
	}
	return e.withTools(ctx, func() error {
		source, ok := e.tools.Source(c.Name)
		if !ok {
			return noTool(c.Name, e.tools)
		}
		var data []byte
		switch {
		case source.File == "":
			return fmt.Errorf("%s is part of this program and in no file", c.Name)
		case source.Pack:
			data, err = fs.ReadFile(toolPack(), source.File)
		default:
			data, err = os.ReadFile(source.File)
		}
		if err == nil {
			_, err = os.Stdout.Write(data)
		}
		if err != nil {
			return fmt.Errorf("printing the file of %s: %w", c.Name, err)
		}
		return nil
	})
}

// noTool says which tools there are.
func noTool(name string, f *folder.Folder) error {
	var names []string
	for _, d := range f.Current().Definitions(tools.Caller{}) {
		names = append(names, d.Name)
	}
	return fmt.Errorf("there is no tool %q; there are %s", name, strings.Join(names, ", "))
}

// toolEngines are engines of which nothing is open yet, for commands that need shop
// and tools alone.
func toolEngines(path, data string) (*engines, error) {
	cfg, err := loadConfig(path, data)
	if wrong, ok := errors.AsType[config.Errors](err); ok {
		fmt.Fprintln(os.Stderr, wrong)
		return nil, exitCode(1)
	}
	if err != nil {
		return nil, err
	}
	return &engines{cfg: cfg, log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))}, nil
}
