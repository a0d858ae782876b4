package main

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// opening and closing enclose the arguments whose answer the table below is.
const (
	opening = "<!-- simulate "
	closing = " -->"
)

// rewrite writes the tables of a file anew.
func rewrite(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the tables: %w", err)
	}
	anew, err := tables(ctx, string(text), func([]string) bool { return true })
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(anew), 0o644); err != nil {
		return fmt.Errorf("writing the tables: %w", err)
	}
	return nil
}

// tables is a text with its tables made anew, those that the arguments are wanted of.
func tables(ctx context.Context, text string, wanted func(args []string) bool) (string, error) {
	var out strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); i++ {
		out.WriteString(lines[i])
		args, ok := strings.CutPrefix(lines[i], opening)
		args, closed := strings.CutSuffix(strings.TrimSpace(args), closing[1:])
		if !ok || !closed || !wanted(strings.Fields(args)) {
			continue
		}
		if err := run(ctx, strings.Fields(args), &out); err != nil {
			return "", fmt.Errorf("simulate %s: %w", args, err)
		}
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|") {
			i++
		}
	}
	return out.String(), nil
}
