// Package langchain is a brain behind langchaingo, for providers that speak no
// dialect of OpenAI's protocol: Anthropic.
//
// Of langchaingo v0.1.14's other adapters, Ollama's has no tools, Mistral's no
// images, Bedrock's loses tool calls when it streams, and Google's makes the
// program 25 MB larger; those providers have endpoints that speak OpenAI's protocol
// and are reached by package llm/openai. The Anthropic adapter parses streams in a
// goroutine of its own, which an event of another shape can stop for good or end
// with a panic. So it is given only events that have been checked (see [events]),
// and nobody waits for it who has been cancelled.
package langchain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/anthropic"

	"parley/internal/provider"
	"parley/llm"
)

// The bounds that hold when Options leave them at zero; see package llm/openai for
// why these.
const (
	DefaultFirstToken = 6 * time.Second
	DefaultBetween    = 4 * time.Second
	DefaultTimeout    = 60 * time.Second
	// DefaultMaxTokens bounds an answer: the protocol needs a bound, and this is five
	// minutes of speech.
	DefaultMaxTokens = 1024
	// AnthropicURL is where Anthropic listens.
	AnthropicURL = "https://api.anthropic.com/v1"
	// maxText bounds the text of one answer.
	maxText = 64 << 10
)

// op names this engine in errors and logs.
const op = "llm/langchain"

// path is where answers come from, below the base URL.
const path = "/messages"

// Options say which model to use, and how patiently.
type Options struct {
	// BaseURL is the address up to and with the version; "" means AnthropicURL.
	BaseURL string
	// Model is the provider's name for the model.
	Model  string
	APIKey string
	// FirstToken bounds the wait for the first word or tool call, Between that for
	// each next sign of life, Timeout all waiting for one answer.
	FirstToken, Between, Timeout time.Duration
	// MaxTokens bounds the length of an answer; 0 means DefaultMaxTokens.
	MaxTokens int
	// Temperature is the sampling temperature; nil means 1, the provider's default.
	Temperature *float64
	// Images says that the model is given the pictures that callers send.
	Images bool
	// HTTPClient replaces the default client. Its redirect policy is not used.
	HTTPClient *http.Client
	// Log gets retries; nil means none.
	Log *slog.Logger
}

// Brain is an [llm.Brain] behind Anthropic. It is safe for use by many goroutines.
// Each answer has a goroutine, which ends soon after its turn and for which Close
// waits.
type Brain struct {
	o     Options
	c     *provider.Client
	model llms.Model
	work  sync.WaitGroup
}

var (
	_ llm.Brain      = (*Brain)(nil)
	_ llm.Warmer     = (*Brain)(nil)
	_ llm.Summarizer = (*Brain)(nil)
)

// New checks the options and makes a brain. It opens no connection.
func New(o Options) (*Brain, error) {
	switch {
	case o.Model == "":
		return nil, errors.New(op + ": no model named")
	case o.APIKey == "":
		return nil, errors.New(op + ": no API key given")
	}
	o.BaseURL = cmp.Or(o.BaseURL, AnthropicURL)
	o.FirstToken = cmp.Or(max(o.FirstToken, 0), DefaultFirstToken)
	o.Between = cmp.Or(max(o.Between, 0), DefaultBetween)
	o.Timeout = cmp.Or(max(o.Timeout, 0), DefaultTimeout)
	o.MaxTokens = cmp.Or(max(o.MaxTokens, 0), DefaultMaxTokens)
	c, err := provider.New(provider.Options{Op: op, BaseURL: o.BaseURL, APIKey: o.APIKey, KeyHeader: "X-Api-Key", HTTPClient: o.HTTPClient, Log: o.Log})
	if err != nil {
		return nil, err
	}
	model, err := anthropic.New(anthropic.WithModel(o.Model), anthropic.WithToken(o.APIKey), anthropic.WithBaseURL(c.BaseURL()), anthropic.WithHTTPClient(doer{c}))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return &Brain{o: o, c: c, model: model}, nil
}

// Warm implements [llm.Warmer].
func (b *Brain) Warm(ctx context.Context) error { return b.c.Warm(ctx) }

// Close waits for answers that have been cancelled, and closes idle connections
// unless the HTTP client came from outside. Nothing may be generated any more.
func (b *Brain) Close() error {
	b.work.Wait()
	return b.c.Close()
}

// Summarize implements [llm.Summarizer].
func (b *Brain) Summarize(ctx context.Context, earlier string, messages []llm.Message) (string, error) {
	return llm.Summarize(ctx, b, earlier, messages)
}

// Generate implements [llm.Brain]. Tool calls come after all text and only when the
// answer is complete.
func (b *Brain) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if ctx.Err() != nil {
			yield(llm.Delta{}, context.Cause(ctx))
			return
		}
		a, err := provider.Once(ctx, b.c, func() (*answer, error) { return b.open(ctx, r) })
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		defer a.w.Stop()
		a.deliver(yield)
	}
}

// answer is one answer that has begun. What the library's goroutine tells comes by
// channels, on which it never waits for a turn that is over.
type answer struct {
	b      *Brain
	w      *provider.Watch
	text   chan string
	done   chan ended
	live   *live
	waited time.Duration

	first string // the text that was read when the answer was opened
	end   *ended
	said  int
}

// ended is how the library's work ended.
type ended struct {
	response *llms.ContentResponse
	err      error
}

// open sends the request and waits for the first sign of life. A failure until here
// can be tried again.
func (b *Brain) open(ctx context.Context, r llm.Request) (*answer, error) {
	a := &answer{b: b, w: b.c.Watch(ctx), text: make(chan string), done: make(chan ended, 1), live: newLive()}
	options := []llms.CallOption{
		llms.WithMaxTokens(b.o.MaxTokens), llms.WithTemperature(1), llms.WithTools(functions(r.Tools)),
		llms.WithStreamingFunc(func(ctx context.Context, chunk []byte) error {
			select {
			case a.text <- string(chunk):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}),
	}
	if t := b.o.Temperature; t != nil {
		options = append(options, llms.WithTemperature(*t))
	}
	begun := time.Now()
	a.w.Within(b.o.FirstToken, "no first token within "+b.o.FirstToken.String())
	messages := messages(r, b.o.Images)
	watched := a.live.in(a.w.Context())
	b.work.Go(func() {
		response, err := b.model.GenerateContent(watched, messages, options...)
		a.done <- ended{response, err}
	})
	if err := a.await(true); err != nil {
		a.w.Stop()
		return nil, err
	}
	a.rest(begun)
	return a, nil
}

func (a *answer) rest(begun time.Time) {
	a.w.Rest()
	a.waited += time.Since(begun)
}

// await waits for the next text, for the end, or, with life, for any sign of life.
func (a *answer) await(life bool) error {
	for {
		select {
		case a.first = <-a.text:
			return a.count()
		case e := <-a.done:
			a.end = &e
			return a.failure(e.err)
		case <-a.live.signs:
			if life {
				return nil
			}
			a.w.Within(a.b.o.Between, "no next token within "+a.b.o.Between.String())
		case <-a.w.Context().Done():
			return a.w.Cause(nil)
		}
	}
}

func (a *answer) count() error {
	if a.said += len(a.first); a.said > maxText {
		return &provider.Error{Kind: provider.TooLarge, Op: op, Endpoint: a.b.c.BaseURL(), Message: fmt.Sprintf("over %d bytes of text", maxText)}
	}
	return nil
}

// failure makes an error of the library ours; nil stays nil. An answer without
// content is an error to the library alone.
func (a *answer) failure(err error) error {
	switch {
	case err == nil, errors.Is(err, anthropic.ErrEmptyResponse) && a.live.stop() != "":
		return nil
	case errors.Is(err, anthropic.ErrEmptyResponse):
		return a.b.c.Malformed(a.b.c.BaseURL()+path, "the stream is empty")
	}
	if typed, ok := errors.AsType[*provider.Error](err); ok {
		err = typed
	}
	return a.w.Cause(a.b.c.Unsent(a.w.Context(), path, err))
}

// deliver hands out the answer from the first text to the end.
func (a *answer) deliver(yield func(llm.Delta, error) bool) {
	for {
		if a.first != "" && !yield(llm.Delta{Text: a.first}, nil) {
			return
		}
		if a.first = ""; a.end != nil {
			break
		}
		begun := time.Now()
		wait := min(a.b.o.Between, a.b.o.Timeout-a.waited)
		a.w.Within(wait, "no next token within "+wait.String())
		err := a.await(false)
		a.rest(begun)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
	}
	finish := a.finish()
	if finish == llm.FinishTools {
		for _, c := range a.calls() {
			if !yield(llm.Delta{ToolCall: &c}, nil) {
				return
			}
		}
	}
	yield(llm.Delta{Finish: finish, Usage: a.live.usage()}, nil)
}

// finish says how the answer ended, by Anthropic's stop_reason.
func (a *answer) finish() llm.Finish {
	switch a.live.stop() {
	case "refusal":
		return llm.FinishRefused
	case "max_tokens", "model_context_window_exceeded":
		return llm.FinishLength
	}
	if len(a.calls()) > 0 {
		return llm.FinishTools
	}
	return llm.FinishStop
}

// calls are those of a whole answer.
func (a *answer) calls() []llm.ToolCall {
	var out []llm.ToolCall
	if a.end.response == nil {
		return nil
	}
	for _, choice := range a.end.response.Choices {
		for _, c := range choice.ToolCalls {
			if c.FunctionCall != nil {
				out = append(out, llm.ToolCall{ID: c.ID, Name: c.FunctionCall.Name, Arguments: a.live.unwrap(c.FunctionCall.Arguments)})
			}
		}
	}
	return out
}

// functions describes tools.
func functions(tools []llm.Tool) []llms.Tool {
	out := make([]llms.Tool, len(tools))
	for i, t := range tools {
		parameters := t.Parameters
		if len(parameters) == 0 {
			parameters = []byte(`{"type":"object","properties":{}}`)
		}
		out[i] = llms.Tool{Type: "function", Function: &llms.FunctionDefinition{
			Name: t.Name, Description: strings.TrimSpace(t.Description), Parameters: parameters,
		}}
	}
	return out
}
