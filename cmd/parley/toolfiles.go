package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parley/config"
	"parley/metrics"
	"parley/shop"
	"parley/tools"
	"parley/tools/file"
	"parley/tools/folder"
	"parley/tools/httptool"
	"parley/tools/mcptool"
)

// toolPack holds the tool files that come with the program.
func toolPack() fs.FS { return shop.ToolFiles }

// toolRunners are the ways in which tool files run.
func (e *engines) toolRunners() file.Runners {
	if e.http == nil {
		e.http = httptool.New(httptool.Options{AllowPrivate: e.cfg.Tools.HTTP.AllowPrivate, Env: os.LookupEnv, Log: e.log})
		e.closers = append(e.closers, e.http.Close)
	}
	r := file.Runners{Builtins: e.store.Functions(), HTTP: e.http.Tool, Env: os.LookupEnv}
	if e.mcp != nil {
		r.MCP = e.mcp.Run
	}
	return r
}

// taking bounds the wait for the tools of MCP servers at the start.
const taking = 15 * time.Second

// openMCP prepares the MCP servers of the config and takes their tools in. One that
// cannot be reached costs its own tools and nothing else.
func (e *engines) openMCP(ctx context.Context) ([]tools.Tool, error) {
	servers := make(map[string]mcptool.Server, len(e.cfg.Tools.MCP))
	for name, s := range e.cfg.Tools.MCP {
		servers[name] = mcptool.Server{Command: s.Command, Env: revealed(s.Env), URL: s.URL, Headers: revealed(s.Headers)}
	}
	var err error
	if e.mcp, err = mcptool.Open(servers, e.log); err != nil {
		return nil, err
	}
	e.closers = append(e.closers, e.mcp.Close)
	ctx, cancel := context.WithTimeout(ctx, taking)
	defer cancel()
	var list []tools.Tool
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		taken, err := e.mcp.Tools(ctx, name)
		if err != nil {
			e.log.Warn("the tools of an MCP server are missing", "mcp", name, "err", err)
			continue
		}
		list = append(list, taken...)
	}
	return list, nil
}

func revealed(hidden map[string]config.Hidden) map[string]string {
	out := make(map[string]string, len(hidden))
	for name, value := range hidden {
		out[name] = value.Reveal()
	}
	return out
}

// openTools takes up the tool files, and their changes from then on.
func (e *engines) openTools(ctx context.Context) error {
	taken, err := e.openMCP(ctx)
	if err != nil {
		return fmt.Errorf("preparing the MCP servers: %w", err)
	}
	dir, err := e.toolDir()
	if err != nil {
		return err
	}
	e.tools, err = folder.Open(ctx, folder.Options{
		Tools: taken, Pack: toolPack(), Dir: dir, Runners: e.toolRunners(), Log: e.log,
	})
	if err != nil {
		return fmt.Errorf("preparing the tools: %w", err)
	}
	e.closers = append(e.closers, e.tools.Close)
	return nil
}

// toolDir is the folder with the shop's own tool files: the one that the config names,
// else tools in the folder with the shop's data, which is made.
func (e *engines) toolDir() (string, error) {
	if e.cfg.Tools.Dir != "" {
		return e.cfg.Tools.Dir, nil
	}
	store, err := shopFile(e.cfg.Shop.Data)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(filepath.Dir(store), "tools")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the folder for tool files: %w", err)
	}
	return dir, nil
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
