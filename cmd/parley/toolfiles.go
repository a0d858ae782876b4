package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"parley/metrics"
	"parley/shop"
	"parley/tools/file"
	"parley/tools/folder"
)

// toolPack holds the tool files that come with the program.
func toolPack() fs.FS { return shop.ToolFiles }

// toolRunners are the ways in which tool files run.
func (e *engines) toolRunners() file.Runners {
	return file.Runners{Builtins: e.store.Functions(), Env: os.LookupEnv}
}

// openTools takes up the tool files, and their changes from then on.
func (e *engines) openTools(ctx context.Context) error {
	var err error
	e.tools, err = folder.Open(ctx, folder.Options{
		Pack: toolPack(), Dir: e.cfg.Tools.Dir, Runners: e.toolRunners(), Log: e.log,
	})
	if err != nil {
		return fmt.Errorf("preparing the tools: %w", err)
	}
	e.closers = append(e.closers, e.tools.Close)
	return nil
}

// toolFiles is how the tool files stand, for metrics.
func (e *engines) toolFiles() metrics.ToolFiles {
	s := e.tools.Status()
	return metrics.ToolFiles{Loaded: s.Loaded, Broken: len(s.Broken), Reloads: s.Reloads, Failures: s.Failures}
}

// brokenTools says which tool files are wrong, with the first of what is wrong in
// each.
func brokenTools(s folder.Status) []string {
	var out []string
	for _, b := range s.Broken {
		first, _, _ := strings.Cut(b.Error(), "\n")
		first = strings.Replace(first, b.File, filepath.Base(b.File), 1) // where folders lie is nobody's business
		in := "it is left out"
		if b.Held {
			in = "its last good version is in force"
		}
		out = append(out, fmt.Sprintf("a tool file is broken, and %s: %s", in, first))
	}
	return out
}

// withTools runs something over engines of which only shop and tools are open, and
// closes them.
func (e *engines) withTools(ctx context.Context, do func() error) error {
	err := e.openShop(ctx)
	if err == nil {
		err = e.openTools(ctx)
	}
	if err == nil {
		err = do()
	}
	return errors.Join(err, e.close())
}
