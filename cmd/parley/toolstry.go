package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"parley/tools"
)

// toolsTryCmd runs one tool.
type toolsTryCmd struct {
	Name      string   `arg:"" help:"The tool's name."`
	Arguments []string `arg:"" optional:"" name:"key=value" help:"Its arguments, read as the tool's schema says. A list is a,b,c or JSON."`

	As     string `placeholder:"CUSTOMER_ID" help:"Run it for this customer of the store, verified; demo is the demo shop's. Without it, as the shop's own staff."`
	Lang   string `placeholder:"CODE" help:"The language in which to show what would be said; without it, the config's."`
	JSON   bool   `name:"json" help:"As JSON."`
	Commit bool   `help:"Keep what a write has done."`
	Config string `placeholder:"FILE" help:"The config that the server is going to run with."`
	Data   string `placeholder:"DIR" help:"The folder with the shop's data."`
}

// trial is what came of a try.
type trial struct {
	Tool      string          `json:"tool"`
	Effect    tools.Effect    `json:"effect"`
	Arguments json.RawMessage `json:"arguments"`
	// Confirm says that the agent asks first, and waits for a yes.
	Confirm bool     `json:"confirm"`
	Say     trialSay `json:"say"`
	// Seen is what the agent would see: a result, or {"error": …}.
	Seen json.RawMessage `json:"seen"`
	OK   bool            `json:"ok"`
	// Kept says that what a write did was not rolled back.
	Kept bool          `json:"kept"`
	Took time.Duration `json:"-"`
	// Caller is who the tool found out to be calling.
	Caller string `json:"caller,omitempty"`
}

// trialSay is what the caller would hear.
type trialSay struct {
	Start     string `json:"start,omitempty"`
	Slow      string `json:"slow,omitempty"`
	SlowAfter string `json:"slow_after,omitempty"`
	Failed    string `json:"failed,omitempty"`
}

// Run prints what came of it; the exit status is 1 when the tool refused or failed.
func (c *toolsTryCmd) Run(ctx context.Context) error {
	e, err := toolEngines(c.Config, c.Data)
	if err != nil {
		return err
	}
	return e.withTools(ctx, func() error {
		tried, err := c.try(ctx, e)
		if err != nil {
			return err
		}
		if c.JSON {
			err = printJSON(os.Stdout, tried)
		} else {
			err = printTrial(os.Stdout, tried)
		}
		if err != nil {
			return fmt.Errorf("printing what came of it: %w", err)
		}
		if !tried.OK {
			return exitCode(1)
		}
		return nil
	})
}

// try runs the tool.
func (c *toolsTryCmd) try(ctx context.Context, e *engines) (trial, error) {
	set := e.tools.Current()
	var def tools.Definition
	for _, d := range set.Definitions(tools.Caller{}) {
		if d.Name == c.Name {
			def = d
		}
	}
	if def.Name == "" {
		return trial{}, noTool(c.Name, e.tools)
	}
	arguments, err := readArguments(c.Arguments, def.Parameters)
	if err != nil {
		return trial{}, err
	}
	caller := tools.Caller{Staff: true}
	if c.As != "" {
		if caller, err = customerCaller(ctx, e.store, c.As); err != nil {
			return trial{}, err
		}
	}
	language := cmp.Or(c.Lang, caller.Language, e.cfg.Shop.Language)
	tried := trial{
		Tool: def.Name, Effect: def.Effect, Arguments: arguments, Confirm: def.Confirm == tools.ConfirmHeard,
		Say: trialSay{Start: tools.InLanguage(def.Say.Start, language), Slow: tools.InLanguage(def.Say.Slow, language), Failed: tools.InLanguage(def.Say.Failed, language)},
	}
	if tried.Say.Slow != "" {
		tried.Say.SlowAfter = def.Say.SlowAfter.String()
	}
	if def.Effect == tools.Write && !c.Commit {
		if source, _ := e.tools.Source(def.Name); !rollsBack(source.Runs) {
			return trial{}, fmt.Errorf("%s is a write that cannot be rolled back; add --commit to run it all the same", def.Name)
		}
		ctx = tools.DryRun(ctx)
	}
	begin := time.Now()
	result, err := set.Run(ctx, tools.Call{
		Name: def.Name, Arguments: arguments, Caller: caller, Key: "try-" + uuid.NewString(),
		Conversation: tools.Conversation{ID: "try", Language: language, Turn: 1},
	})
	tried.Took = time.Since(begin)
	tried.see(result, err)
	tried.Kept = tried.OK && def.Effect == tools.Write && c.Commit
	return tried, nil
}

// rollsBack says whether a way of running honours a dry run: those of files do, but
// for an MCP server, which knows of none.
func rollsBack(runs string) bool {
	return strings.HasPrefix(runs, "builtin ") || strings.HasPrefix(runs, "http ")
}

// see takes what the agent would see.
func (t *trial) see(result tools.Result, err error) {
	if err == nil {
		t.Seen, t.OK = result.JSON, true
		if result.Caller != nil {
			t.Caller = result.Caller.CustomerID
		}
		return
	}
	detail := tools.FailureDetail{Code: tools.Fault, Message: err.Error(), Say: t.Say.Failed}
	if refused, ok := errors.AsType[*tools.Error](err); ok {
		detail.Code, detail.Message = refused.Code, refused.Message
		if refused.Code != tools.Unavailable {
			detail.Say = ""
		}
	}
	t.Seen = json.RawMessage(detail.JSON())
}

// printTrial prints for people.
func printTrial(w io.Writer, t trial) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s) %s\n\n", t.Tool, t.Effect, t.Arguments)
	if t.Confirm {
		b.WriteString("confirm  The agent asks first, and goes on only after a yes to a question that was heard to its end.\n")
	}
	if t.Say.Start != "" {
		fmt.Fprintf(&b, "says     %s\n", t.Say.Start)
	}
	if t.Say.Slow != "" {
		fmt.Fprintf(&b, "says     %s (after %s)\n", t.Say.Slow, t.Say.SlowAfter)
	}
	what := "sees"
	if !t.OK {
		what = "refused"
		var failure tools.Failure
		if json.Unmarshal(t.Seen, &failure) == nil && failure.Error.Say != "" {
			fmt.Fprintf(&b, "says     %s\n", failure.Error.Say)
		}
	}
	var seen bytes.Buffer
	if err := json.Indent(&seen, t.Seen, "         ", "  "); err != nil {
		return err
	}
	fmt.Fprintf(&b, "%-8s %s\n", what, seen.String())
	if t.Caller != "" {
		fmt.Fprintf(&b, "caller   From now on the conversation is %s's.\n", t.Caller)
	}
	switch {
	case t.Kept:
		b.WriteString("kept     What it did stays done.\n")
	case t.OK && t.Effect == tools.Write:
		b.WriteString("undone   What it did was rolled back; --commit keeps it.\n")
	}
	fmt.Fprintf(&b, "took     %s\n", t.Took.Round(10*time.Microsecond))
	_, err := io.WriteString(w, b.String())
	return err
}
