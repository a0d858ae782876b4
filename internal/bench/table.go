package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

const (
	tableBegin = "<!-- bench:begin -->"
	tableEnd   = "<!-- bench:end -->"
)

// writeTable replaces what stands between the markers in a file.
func writeTable(file string, rows []row) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	head, rest, begins := bytes.Cut(text, []byte(tableBegin))
	_, tail, ends := bytes.Cut(rest, []byte(tableEnd))
	if !begins || !ends {
		return fmt.Errorf("%s has no %s … %s", file, tableBegin, tableEnd)
	}
	var b strings.Builder
	b.Write(head)
	b.WriteString(tableBegin + "\n| figure | measured | to reach |\n|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.figure, r.measured, r.reach)
	}
	b.WriteString(tableEnd)
	b.Write(tail)
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}
