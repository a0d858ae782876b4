// Command bench measures Parley from outside, as a caller does: it starts the
// program, calls it with parley call, and reads the operating system's account
// of the process. With -write FILE the table in that file, between its bench
// markers, is replaced.
//
// Providers, where a scenario has them outside, are the stand-ins of package
// standin in a process of their own, so that what is measured is the runtime.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	only := flag.String("only", "", "run these scenarios, separated by commas; without, all")
	binary := flag.String("parley", "bin/parley", "the program to measure")
	write := flag.String("write", "", "replace the table in this file")
	scale := flag.Float64("scale", 1, "how much of each scenario to run; less than 1 for a quick look")
	flag.Parse()
	if err := run(ctx, *binary, *only, *write, *scale); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, only, write string, scale float64) error {
	w, err := newWorkshop(ctx, binary)
	if err != nil {
		return err
	}
	defer w.close()
	var rows []row
	for _, s := range scenarios() {
		if only != "" && !slices.Contains(strings.Split(only, ","), s.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s: %s …\n", s.name, s.what)
		got, err := s.run(ctx, w, scale)
		if err != nil {
			return fmt.Errorf("scenario %s: %w", s.name, err)
		}
		for _, r := range got {
			fmt.Printf("%-62s %-34s %s\n", r.figure, r.measured, r.reach)
		}
		rows = append(rows, got...)
	}
	if write != "" {
		return writeTable(write, rows)
	}
	return nil
}
