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
	anew, err := tables(ctx, string(text))
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(anew), 0o644); err != nil {
		return fmt.Errorf("writing the tables: %w", err)
	}
	return nil
}

// tables is a text with its tables made anew.
func tables(ctx context.Context, text string) (string, error) {
	var out strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); i++ {
		out.WriteString(lines[i])
		args, ok := strings.CutPrefix(lines[i], opening)
		args, closed := strings.CutSuffix(strings.TrimSpace(args), closing[1:])
		if !ok || !closed {
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
