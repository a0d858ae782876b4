package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/mattn/go-isatty"

	"parley/agent"
	"parley/llm"
	"parley/tools"
)

// chatCmd holds a conversation by text.
type chatCmd struct {
	Text []string `arg:"" optional:"" help:"What to say, one argument a turn. Without any, each line of standard input is a turn."`

	As     string `placeholder:"CUSTOMER_ID" help:"Speak as this customer of the store, verified; demo is the demo shop's. Without it nobody knows who is calling."`
	Lang   string `placeholder:"CODE" help:"The language in which the conversation begins, such as id. It follows what is written."`
	Fresh  bool   `help:"Begin a new conversation for each turn."`
	JSON   bool   `name:"json" help:"Print one JSON object a turn."`
	Config string `placeholder:"FILE" help:"Read this config; without one all is embedded."`
	Data   string `placeholder:"DIR" help:"The folder with the shop's data."`
}

// exchange is one turn, as chat --json prints it.
type exchange struct {
	Text      string         `json:"text"`
	Language  string         `json:"language"`
	ToolCalls []exchangeCall `json:"tool_calls"`
	Pending   *exchangeWish  `json:"pending"`
	Reply     string         `json:"reply"`
}

// exchangeCall is a tool that ran, with its result or what was wrong.
type exchangeCall struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     string          `json:"error,omitempty"`
	id        string
}

// exchangeWish is a write that waits for its confirmation.
type exchangeWish struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// Run holds the conversation.
func (c *chatCmd) Run(ctx context.Context) error {
	cfg, err := loadConfig(c.Config, c.Data)
	if err != nil {
		return err
	}
	if c.Lang != "" {
		cfg.Shop.Language = c.Lang
	}
	level := slog.LevelWarn
	if cfg.Log.Level == "debug" {
		level = slog.LevelDebug
	}
	e := &engines{cfg: cfg, log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))}
	if err := e.openMind(ctx); err != nil {
		return errors.Join(err, e.close())
	}
	return errors.Join(c.talk(ctx, e), e.close())
}

// talk takes every text as a turn.
func (c *chatCmd) talk(ctx context.Context, e *engines) error {
	var who tools.Caller
	if c.As != "" {
		var err error
		if who, err = customerCaller(ctx, e.store, c.As); err != nil {
			return err
		}
	}
	talk := &chat{engines: e, caller: who}
	defer talk.end()
	for text, err := range c.turns() {
		if err != nil {
			return err
		}
		if c.Fresh {
			talk.end()
		}
		said, err := talk.say(ctx, text)
		if err != nil {
			return err
		}
		if err := c.print(os.Stdout, said); err != nil {
			return err
		}
	}
	return nil
}

// maxLine bounds a line of standard input, in bytes.
const maxLine = 64 << 10

// turns are the texts of the command line, or the lines of standard input.
func (c *chatCmd) turns() func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		for _, text := range c.Text {
			if !yield(text, nil) {
				return
			}
		}
		if len(c.Text) > 0 {
			return
		}
		terminal := isatty.IsTerminal(os.Stdin.Fd()) && !c.JSON
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(nil, maxLine)
		for {
			if terminal {
				fmt.Print("> ")
			}
			if !lines.Scan() {
				break
			}
			if text := strings.TrimSpace(lines.Text()); text != "" && !yield(text, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield("", fmt.Errorf("reading standard input: %w", err))
		}
	}
}

func (c *chatCmd) print(w io.Writer, e exchange) error {
	if c.JSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(e); err != nil {
			return fmt.Errorf("printing a turn: %w", err)
		}
		return nil
	}
	if _, err := fmt.Fprintln(w, e.Reply); err != nil {
		return fmt.Errorf("printing a turn: %w", err)
	}
	return nil
}

// chat is a conversation by text, begun when something is said.
type chat struct {
	engines *engines
	caller  tools.Caller

	conversation *agent.Conversation // nil until something is said
	events       *agent.Subscription
	stop         context.CancelCauseFunc
}

// unread is room for the events of one turn that nobody has read yet.
const unread = 4096

// say takes one text and waits for the whole answer.
func (c *chat) say(ctx context.Context, text string) (exchange, error) {
	if c.conversation == nil {
		if err := c.begin(ctx); err != nil {
			return exchange{}, err
		}
	}
	turn, err := c.conversation.Say(ctx, text)
	if err != nil {
		return exchange{}, err
	}
	said := exchange{Text: text, ToolCalls: []exchangeCall{}}
	for {
		select {
		case e, ok := <-c.events.Events():
			if !ok {
				return exchange{}, agent.ErrOver
			}
			if e.Turn == turn && said.take(e.Event) {
				return said, nil
			}
		case <-ctx.Done():
			return exchange{}, context.Cause(ctx)
		}
	}
}

func (c *chat) begin(ctx context.Context) error {
	options := c.engines.textConversation()
	options.Caller = c.caller
	conversation, err := agent.New(options)
	if err != nil {
		return err
	}
	ctx, c.stop = context.WithCancelCause(ctx)
	c.conversation, c.events = conversation, conversation.Subscribe(unread, false)
	go func() { _ = conversation.Run(ctx) }() // end waits for it
	return nil
}

// end ends the conversation, if there is one, and waits for it.
func (c *chat) end() {
	if c.conversation == nil {
		return
	}
	c.stop(agent.ErrLeft)
	<-c.conversation.Done()
	c.events.Close()
	c.conversation = nil
}

// take adds what happened in the turn, and says whether the turn is over.
func (e *exchange) take(event agent.Event) (over bool) {
	switch event := event.(type) {
	case agent.UserSaid:
		e.Language = event.Language
	case agent.ToolStarted:
		e.ToolCalls = append(e.ToolCalls, exchangeCall{Name: event.Name, Arguments: jsonOr(string(event.Arguments), "{}"), id: event.Call})
	case agent.ToolFinished:
		for i := range e.ToolCalls {
			if call := &e.ToolCalls[i]; call.id == event.Call {
				call.end(event)
			}
		}
	case agent.ReplyDone:
		e.Reply = event.Text
	case agent.TurnEnded:
		e.Pending = wishOf(event.Pending)
		return true
	}
	return false
}

// end takes the end of a run.
func (c *exchangeCall) end(event agent.ToolFinished) {
	if event.OK {
		c.Result = jsonOr(event.Result, "null")
		return
	}
	var failure tools.Failure
	if json.Unmarshal([]byte(event.Result), &failure) == nil && failure.Error.Message != "" {
		c.Error = failure.Error.Message
		return
	}
	c.Error = event.Result
}

func wishOf(call *llm.ToolCall) *exchangeWish {
	if call == nil {
		return nil
	}
	return &exchangeWish{Name: call.Name, Arguments: jsonOr(string(call.Arguments), "{}")}
}

// jsonOr is a text if it is JSON.
func jsonOr(text, otherwise string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return json.RawMessage(otherwise)
}
