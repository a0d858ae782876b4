package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"parley/config"
	llmopenai "parley/llm/openai"
)

// checkBrains asks each language model of the config. Only one that is the last
// resort is missing when it fails: the others are followed by the next.
func checkBrains(ctx context.Context, cfg *config.Config) []finding {
	var findings []finding
	for i, c := range cfg.LLM {
		f := checkBrain(ctx, c)
		if f.Outcome == missing && i < len(cfg.LLM)-1 {
			f.Outcome = limited
		}
		findings = append(findings, f)
	}
	return findings
}

// checkBrain asks one.
func checkBrain(ctx context.Context, c config.LLM) finding {
	f := finding{Name: "brain " + brainName(c), Outcome: ready}
	if c.Engine == config.Rules {
		f.Detail = "embedded: needs no network"
		return f
	}
	if c.Engine == config.Anthropic {
		return checkAnthropic(ctx, f, c)
	}
	o := openAIOptions(c, slog.New(slog.DiscardHandler))
	o.Tools = llmopenai.Native // the probe tries both ways itself
	b, err := llmopenai.New(o)
	if err != nil {
		f.Outcome, f.Detail = missing, err.Error()
		return f
	}
	defer b.Close()
	report, err := b.Probe(ctx)
	if err != nil {
		f.Outcome, f.Detail = missing, err.Error()
		f.Advice = "see that base_url, model and api_key are right, and that the server runs"
		return f
	}
	return describe(f, c, report)
}

// checkAnthropic sees that the server takes the key. All of its models call tools.
func checkAnthropic(ctx context.Context, f finding, c config.LLM) finding {
	b, err := openProvider(c, slog.New(slog.DiscardHandler))
	if err == nil {
		err = errors.Join(b.Warm(ctx), b.Close())
	}
	if err != nil {
		f.Outcome, f.Detail = missing, err.Error()
		f.Advice = "see that model and api_key are right"
		return f
	}
	f.Detail = "the server is there and takes the key"
	return f
}

// describe puts into words what a probe found out.
func describe(f finding, c config.LLM, r llmopenai.Report) finding {
	mode := r.Mode()
	switch mode {
	case llmopenai.Native:
		f.Detail = "answers, streams, and calls tools as OpenAI does"
	case llmopenai.Structured:
		f.Detail = "answers and streams, and calls tools when its answer is bound to a JSON schema"
	default:
		f.Outcome = limited
		f.Detail = "answers, but calls no tools, so it can look nothing up: " + r.Problem
		f.Advice = "use a model that was trained to call tools, or a server that binds answers to a JSON schema"
		return f
	}
	f.Detail += fmt.Sprintf("; first token after %s", r.FirstToken.Round(time.Millisecond))
	if !r.Usage {
		f.Detail += "; does not tell how many tokens it took, so they are estimated"
	}
	switch set := llmopenai.ToolMode(c.Tools); {
	case set == llmopenai.Auto, set == mode, set == "" && mode == llmopenai.Native, set == llmopenai.Structured:
	default:
		f.Outcome, f.Advice = limited, "set \"tools: structured\" (or auto) for it in the config"
	}
	return f
}
