package openai

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"parley/internal/provider"
	"parley/llm"
)

// Report is what a probe found out about a server and its model.
type Report struct {
	// Native and Structured say which ways of calling a tool worked. Structured is
	// only tried when Native did not work.
	Native, Structured bool
	// FirstToken is how long the first word or call took, of the way that worked or
	// the last that was tried.
	FirstToken time.Duration
	// Usage says that the server tells how many tokens an answer took.
	Usage bool
	// Problem says what was wrong with the last way that did not work, "" if nothing.
	Problem string
}

// Mode is how tools should be called; "" when no way worked.
func (r Report) Mode() ToolMode {
	switch {
	case r.Native:
		return Native
	case r.Structured:
		return Structured
	default:
		return ""
	}
}

// probeWait bounds each of a probe's requests: a small model on a slow machine may
// first have to read the tools.
const probeWait = 60 * time.Second

// probed is the number that a model must find in the question and put in its place.
const probed = "W10452"

// Probe asks the server for one call of a tool, first natively, then structured. It
// fails only when the server does not answer; a model that calls no tool is a
// report.
func (b *Brain) Probe(ctx context.Context) (Report, error) {
	var r Report
	for _, structured := range []bool{false, true} {
		problem, err := b.try(ctx, structured, &r)
		switch {
		case errors.Is(err, provider.Rejected) && ctx.Err() == nil:
			problem = err.Error() // such as "this model does not support tools"
		case err != nil:
			return r, err
		}
		if r.Problem = problem; problem == "" {
			r.Native, r.Structured = !structured, structured
			break
		}
	}
	return r, nil
}

// try asks once and says what is wrong with the answer, "" if nothing.
func (b *Brain) try(ctx context.Context, structured bool, r *Report) (problem string, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	patient := &Brain{o: b.o, c: b.c, sdk: b.sdk}
	patient.structured.Store(structured)
	patient.o.FirstToken, patient.o.Between, patient.o.Timeout = probeWait, probeWait, probeWait
	began := time.Now()
	first := true
	var call *llm.ToolCall
	var text strings.Builder
	for d, err := range patient.Generate(ctx, probeRequest()) {
		if err != nil {
			return "", err
		}
		if first {
			r.FirstToken, first = time.Since(began), false
		}
		text.WriteString(d.Text)
		if d.ToolCall != nil && call == nil {
			call = d.ToolCall
		}
		r.Usage = r.Usage || d.Usage != nil
	}
	var args struct {
		OrderID string `json:"order_id"`
	}
	switch {
	case call == nil:
		return "it called no tool but said: " + clip(text.String()), nil
	case call.Name != probeRequest().Tools[0].Name:
		return "it called a tool that does not exist: " + clip(call.Name), nil
	case json.Unmarshal(call.Arguments, &args) != nil:
		return "the arguments of its call are not JSON: " + clip(string(call.Arguments)), nil
	case !strings.Contains(args.OrderID, probed):
		return "it did not put the order's number in its call: " + clip(string(call.Arguments)), nil
	}
	return "", nil
}

// probeRequest is a question that one tool answers.
func probeRequest() llm.Request {
	return llm.Request{
		Messages: []llm.Message{
			{Role: llm.System, Text: "You are a shop's assistant. Look orders up with the tool; never guess."},
			{Role: llm.User, Text: "Where is my order " + probed + "?"},
		},
		Tools: []llm.Tool{{
			Name: "get_order", Description: "Looks up an order's status.",
			Parameters: json.RawMessage(`{"type":"object","properties":{"order_id":{"type":"string","description":"The order's number, such as W20931."}},"required":["order_id"],"additionalProperties":false}`),
		}},
	}
}

// clip shortens what a model said.
func clip(s string) string {
	const most = 120
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// probing is a probe in the background. It is safe for use by many goroutines.
type probing struct {
	mu      sync.Mutex
	done    bool // it has an answer, or the brain is closed
	running bool
	cancel  context.CancelFunc
	wait    sync.WaitGroup
}

// findOut has a probe choose how tools are called, unless one has or does.
func (b *Brain) findOut() {
	p := &b.probing
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done || p.running {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.running, p.cancel = true, cancel
	p.wait.Go(func() {
		defer cancel()
		report, err := b.Probe(ctx)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.running = false
		switch {
		case errors.Is(err, context.Canceled):
		case err != nil:
			b.c.Log().Warn("how the brain calls tools is not known yet", "engine", op, "model", b.o.Model, "err", err)
		default:
			p.done = true
			b.structured.Store(report.Mode() == Structured)
			b.c.Log().Info("how the brain calls tools", "engine", op, "model", b.o.Model, "mode", string(report.Mode()),
				"first_token", report.FirstToken.Round(time.Millisecond), "problem", report.Problem)
		}
	})
}

// stop ends a probe and lets no other begin.
func (p *probing) stop() {
	p.mu.Lock()
	p.done = true
	if p.cancel != nil {
		p.cancel()
	}
	p.mu.Unlock()
	p.wait.Wait()
}
