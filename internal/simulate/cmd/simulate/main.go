// Command simulate plays how voice calls are dispatched to agent nodes, and reckons what
// many calls take. With --write FILE it writes the tables in that file anew: each stands
// below a comment <!-- simulate ARGUMENTS -->. See docs/scale.md.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parley/internal/simulate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	json, markdown, policies, needs bool
	write                           string
	seed                            uint64
	nodes, capacity                 int
	calls                           float64
	length, report                  time.Duration
	policy                          string
}

// run does what the arguments say and writes the answer to out.
func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("simulate", flag.ContinueOnError)
	flags.BoolVar(&o.json, "json", false, "write JSON, one result a line")
	flags.BoolVar(&o.markdown, "markdown", false, "write one table")
	flags.BoolVar(&o.policies, "policies", false, "play each scenario with every policy")
	flags.BoolVar(&o.needs, "needs", false, "reckon what numbers of calls at once take, in place of playing")
	flags.StringVar(&o.write, "write", "", "write the tables in this file anew")
	flags.Uint64Var(&o.seed, "seed", 0, "another seed")
	flags.IntVar(&o.nodes, "nodes", 0, "other nodes")
	flags.IntVar(&o.capacity, "capacity", 0, "other room on each node, in calls")
	flags.Float64Var(&o.calls, "calls", 0, "other calls at once")
	flags.DurationVar(&o.length, "for", 0, "another length")
	flags.DurationVar(&o.report, "report", 0, "another time between a node's reports, half of which is how late they are")
	flags.StringVar(&o.policy, "policy", "", "another policy")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "simulate [flags] SCENARIO…\nsimulate --needs CALLS…\nsimulate --write FILE")
		flags.PrintDefaults()
		for _, s := range simulate.Scenarios() {
			fmt.Fprintf(flags.Output(), "  %-13s %s\n", s.Name, s.About)
		}
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case o.write != "":
		return rewrite(ctx, o.write)
	case o.needs:
		return reckon(out, flags.Args())
	}
	results, err := play(ctx, o, flags.Args())
	if err != nil {
		return err
	}
	return o.show(out, results)
}

// play plays what the command line names.
func play(ctx context.Context, o options, names []string) ([]*simulate.Result, error) {
	if len(names) == 0 {
		names = []string{"steady"}
	}
	policies := []simulate.Policy{simulate.Policy(o.policy)}
	if o.policies {
		policies = simulate.Policies()
	}
	var results []*simulate.Result
	for _, name := range names {
		s, ok := simulate.Named(name)
		if !ok {
			return nil, fmt.Errorf("there is no scenario %q; --help lists them", name)
		}
		for _, p := range policies {
			r, err := simulate.Run(ctx, o.change(s, p))
			if err != nil {
				return nil, err
			}
			results = append(results, r)
		}
	}
	return results, nil
}

// change applies the flags.
func (o options) change(s simulate.Scenario, p simulate.Policy) simulate.Scenario {
	set(&s.Seed, o.seed)
	set(&s.Nodes, o.nodes)
	set(&s.Capacity, o.capacity)
	set(&s.Calls, o.calls)
	set(&s.For, o.length)
	set(&s.Policy, p)
	if o.report > 0 {
		s.Report, s.Late = o.report, o.report/2
	}
	return s
}

// set takes a value that is given.
func set[T comparable](to *T, value T) {
	if value != *new(T) {
		*to = value
	}
}

func (o options) show(out io.Writer, results []*simulate.Result) error {
	switch {
	case o.json:
		e := json.NewEncoder(out)
		for _, r := range results {
			if err := e.Encode(r); err != nil {
				return fmt.Errorf("writing JSON: %w", err)
			}
		}
		return nil
	case o.markdown && o.policies:
		return simulate.Markdown(out, results, "policy", func(r *simulate.Result) string { return string(r.Scenario.Policy) })
	case o.markdown:
		return simulate.Markdown(out, results, "scenario", func(r *simulate.Result) string { return r.Scenario.Name })
	}
	for i, r := range results {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := r.Text(out); err != nil {
			return err
		}
	}
	return nil
}

// reckon writes what numbers of calls take.
func reckon(out io.Writer, numbers []string) error {
	var calls []int
	for _, n := range numbers {
		k, err := strconv.Atoi(strings.ReplaceAll(n, ",", ""))
		if err != nil || k <= 0 {
			return fmt.Errorf("%q is no number of calls", n)
		}
		calls = append(calls, k)
	}
	return simulate.Needs(out, calls)
}
