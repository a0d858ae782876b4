package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"parley/agent"
	"parley/config"
	"parley/llm"
	llmopenai "parley/llm/openai"
)

// promptCmd shows what models are told.
type promptCmd struct {
	Show promptShowCmd `cmd:"" help:"Print what a language model would be given: the system message, and what it can do."`
}

// promptShowCmd prints the beginning of a conversation as a model gets it.
type promptShowCmd struct {
	Config string `placeholder:"FILE" help:"Read this config; without one all is embedded."`
	Data   string `placeholder:"DIR" help:"The folder with the shop's data."`
	Lang   string `placeholder:"CODE" help:"The language of the conversation, such as id."`
	Spoken bool   `help:"The caller listens; without it they read."`
	As     string `placeholder:"CUSTOMER_ID" help:"The caller is this customer of the store, verified; demo is the demo shop's."`
	Say    string `placeholder:"TEXT" help:"What the caller says first."`
	JSON   bool   `name:"json" help:"Print the body of the request to the first language model in the config, as it goes over the wire (OpenAI's protocol)."`
}

// Run prints to standard output.
func (p *promptShowCmd) Run(ctx context.Context) error {
	cfg, err := loadConfig(p.Config, p.Data)
	if err != nil {
		return err
	}
	if p.Lang != "" {
		cfg.Shop.Language = p.Lang
	}
	for i := range cfg.LLM {
		if cfg.LLM[i].Tools == config.ToolsAuto {
			cfg.LLM[i].Tools = config.ToolsNative // nothing is asked to print this
		}
	}
	e := &engines{cfg: cfg, log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if err := e.openMind(ctx); err != nil {
		return errors.Join(err, e.close())
	}
	return errors.Join(p.show(ctx, e, os.Stdout), e.close())
}

// show prints what the first brain of the config would be given.
func (p *promptShowCmd) show(ctx context.Context, e *engines, w io.Writer) error {
	o := e.textConversation()
	if p.As != "" {
		var err error
		if o.Caller, err = customerCaller(ctx, e.store, p.As); err != nil {
			return err
		}
	}
	r, err := agent.Preview(o, p.Spoken, p.Say)
	if err != nil {
		return err
	}
	body, err := wireBody(e.cfg.LLM, r)
	switch {
	case err != nil:
		return err
	case p.JSON && body == nil:
		return errors.New("the config names no language model that speaks OpenAI's protocol, so there is no body to print")
	case p.JSON:
		var out bytes.Buffer
		if err := json.Indent(&out, body, "", "  "); err != nil {
			return fmt.Errorf("printing the body: %w", err)
		}
		_, err = fmt.Fprintln(w, out.String())
		return err
	}
	return printPrompt(w, r)
}

// wireBody is what goes over the wire to the first model of the list that speaks
// OpenAI's protocol; nil when there is none.
func wireBody(list []config.LLM, r llm.Request) ([]byte, error) {
	for _, c := range list {
		if c.Engine == config.Rules || c.Engine == config.Anthropic {
			continue
		}
		b, err := llmopenai.New(openAIOptions(c, slog.New(slog.DiscardHandler)))
		if err != nil {
			return nil, err
		}
		body, err := b.Body(r)
		return body, errors.Join(err, b.Close())
	}
	return nil, nil
}

// printPrompt prints a request for people.
func printPrompt(w io.Writer, r llm.Request) error {
	var b strings.Builder
	for _, m := range r.Messages {
		fmt.Fprintf(&b, "--- %s\n%s\n", m.Role, strings.TrimSpace(m.Text))
	}
	for _, t := range r.Tools {
		fmt.Fprintf(&b, "--- tool %s\n%s\n", t.Name, t.Description)
		var schema bytes.Buffer
		if err := json.Compact(&schema, t.Parameters); err == nil {
			b.WriteString(schema.String() + "\n")
		}
	}
	fmt.Fprintf(&b, "--- about %d tokens\n", llm.Estimate(r))
	_, err := io.WriteString(w, b.String())
	return err
}
