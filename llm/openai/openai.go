// Package openai is a brain behind any server that speaks OpenAI's chat
// completions with streaming: OpenAI itself, and vLLM, Ollama, llama.cpp, LiteLLM,
// OpenRouter and the like.
//
// Every wait has a bound, the first token and each later one. A provider that
// cannot be reached, is overloaded or fails is asked once more, but only while
// nothing has been given out. Errors are [provider.Error]; the key is never in
// them, nor what was said unless the provider itself repeats it.
package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	sdk "github.com/sashabaranov/go-openai"

	"parley/internal/provider"
	"parley/llm"
)

// The bounds that hold when Options leaves them at zero.
const (
	// DefaultFirstToken bounds the wait for the first token. A caller hears
	// nothing until then; longer than this and the next brain is the better answer.
	DefaultFirstToken = 6 * time.Second
	// DefaultBetween bounds the wait from one token to the next.
	DefaultBetween = 4 * time.Second
	// DefaultTimeout bounds all waiting for one answer.
	DefaultTimeout = 60 * time.Second
	// trailer is how long to wait, after the finish reason, for the usage and the
	// end of the stream. Without reading the end the connection cannot be used
	// again; the words are already out, so a slow end costs nobody anything.
	trailer = 300 * time.Millisecond
	// maxText bounds the text of one answer: an hour of speech.
	maxText = 64 << 10
)

// op names this engine in errors and logs.
const op = "llm/openai"

// path is where answers come from, below the base URL.
const path = "/chat/completions"

// Options say which server and model to use, and how patiently.
type Options struct {
	// BaseURL is the address up to and with the version, "https://api.openai.com/v1".
	BaseURL string
	// Model is the server's name for the model.
	Model string
	// APIKey is sent as a bearer token; "" sends none.
	APIKey string
	// FirstToken bounds the wait for the first word or tool call, Between that for
	// each next token, Timeout all waiting for one answer together (but not the time
	// that its reader takes). 0 means the default.
	FirstToken, Between, Timeout time.Duration
	// MaxTokens bounds the length of an answer; 0 leaves it to the server.
	MaxTokens int
	// Temperature is the sampling temperature; nil leaves it to the server.
	Temperature *float64
	// Tools says how tools are called; "" is Native.
	Tools ToolMode
	// Images says that the model can see. One that cannot is only told that a
	// picture was sent.
	Images bool
	// ReasoningEffort is handed to models that think before they speak ("none",
	// "minimal", "low", …); "" leaves it out. go-openai refuses tools for some
	// models unless it is "none".
	ReasoningEffort string
	// HTTPClient replaces the default client. Its redirect policy is not used.
	HTTPClient *http.Client
	// Log gets retries and timings; nil means none.
	Log *slog.Logger
}

// ToolMode says how a model is made to call tools.
type ToolMode string

// The modes. Auto begins as Native and has a probe find out in the background.
const (
	Native     ToolMode = "native"
	Structured ToolMode = "structured"
	Auto       ToolMode = "auto"
)

// Brain is an [llm.Brain] behind a server. It is safe for use by many goroutines;
// it starts none of its own but for one probe with Auto, for which Close waits, and
// sets no bound on how many answer at once.
type Brain struct {
	o   Options
	c   *provider.Client
	sdk *sdk.Client

	structured atomic.Bool // how tools are called now
	probing    probing
}

var (
	_ llm.Brain      = (*Brain)(nil)
	_ llm.Warmer     = (*Brain)(nil)
	_ llm.Summarizer = (*Brain)(nil)
)

// New checks the options and makes a brain. It opens no connection, unless to probe
// the server with Auto: see [Brain.Warm].
func New(o Options) (*Brain, error) {
	if o.Model == "" {
		return nil, errors.New(op + ": no model named")
	}
	c, err := provider.New(provider.Options{Op: op, BaseURL: o.BaseURL, APIKey: o.APIKey, HTTPClient: o.HTTPClient, Log: o.Log})
	if err != nil {
		return nil, err
	}
	o.FirstToken = orDefault(o.FirstToken, DefaultFirstToken)
	o.Between = orDefault(o.Between, DefaultBetween)
	o.Timeout = orDefault(o.Timeout, DefaultTimeout)
	conf := sdk.DefaultConfig(o.APIKey)
	conf.BaseURL = c.BaseURL()
	conf.HTTPClient = c
	// The provider package drops what the library would count as empty messages;
	// the limit is raised all the same, because reaching it ends an answer.
	conf.EmptyMessagesLimit = math.MaxInt32
	b := &Brain{o: o, c: c, sdk: sdk.NewClientWithConfig(conf)}
	switch o.Tools {
	case "", Native:
	case Structured:
		b.structured.Store(true)
	case Auto:
		b.findOut()
	default:
		return nil, fmt.Errorf("%s: tools cannot be called %q; possible: native, structured, auto", op, o.Tools)
	}
	return b, nil
}

func orDefault(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// Warm implements [llm.Warmer]: it opens the connection so that the first answer
// need not wait for it. It fails when the server cannot be reached or refuses the
// key. With Auto it also has a probe that could not reach the server try again.
func (b *Brain) Warm(ctx context.Context) error {
	err := b.c.Warm(ctx)
	if err == nil && b.o.Tools == Auto {
		b.findOut()
	}
	return err
}

// Close ends a probe under way and closes idle connections, unless the HTTP client
// came from outside.
func (b *Brain) Close() error {
	b.probing.stop()
	return b.c.Close()
}

// Summarize implements [llm.Summarizer].
func (b *Brain) Summarize(ctx context.Context, earlier string, messages []llm.Message) (string, error) {
	return llm.Summarize(ctx, b, earlier, messages)
}

// Generate implements [llm.Brain]. Tool calls come after all text and only when
// the answer is complete: a call whose answer was cut off, refused or over length
// is never given out. Arguments that are not JSON are given out as they are.
// A clean end without any text is possible; what to say then is for the caller.
func (b *Brain) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if ctx.Err() != nil {
			yield(llm.Delta{}, context.Cause(ctx))
			return
		}
		structured := b.structured.Load() && len(r.Tools) > 0
		req, err := b.request(r, structured)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		start := time.Now()
		a, err := provider.Once(ctx, b.c, func() (*answer, error) { return b.open(ctx, req, structured) })
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		defer a.close()
		b.c.Log().DebugContext(ctx, "first token", "engine", op, "model", b.o.Model, "conversation", r.Conversation, "took", time.Since(start))
		a.deliver(yield)
	}
}

// request maps ours to the library's.
func (b *Brain) request(r llm.Request, structured bool) (sdk.ChatCompletionRequest, error) {
	req := sdk.ChatCompletionRequest{
		Model:           b.o.Model,
		Messages:        messages(r, b.o.Images),
		StreamOptions:   &sdk.StreamOptions{IncludeUsage: true},
		ReasoningEffort: b.o.ReasoningEffort,
	}
	if len(req.Messages) == 0 {
		return req, fmt.Errorf("%s: a request without messages", op)
	}
	if b.o.MaxTokens > 0 {
		// The models that refuse the old name are known by theirs; other servers may
		// know the old name only.
		if thinks(b.o.Model) {
			req.MaxCompletionTokens = b.o.MaxTokens
		} else {
			req.MaxTokens = b.o.MaxTokens //nolint:staticcheck // deprecated by OpenAI only
		}
	}
	if t := b.o.Temperature; t != nil {
		req.Temperature = float32(*t)
		if *t == 0 {
			// The library leaves a zero out, which would mean the default of 1. This
			// is as good as zero and not so small that arithmetic breaks.
			req.Temperature = 1e-6
		}
	}
	if structured {
		return req, bind(&req, r)
	}
	if r.MustAnswer && len(r.Tools) > 0 {
		req.ToolChoice = "none"
	}
	for _, t := range r.Tools {
		f, err := function(t)
		if err != nil {
			return req, err
		}
		req.Tools = append(req.Tools, sdk.Tool{Type: sdk.ToolTypeFunction, Function: f})
	}
	return req, nil
}

// Body is what goes over the wire for a request, to be looked at.
func (b *Brain) Body(r llm.Request) ([]byte, error) {
	req, err := b.request(r, b.structured.Load() && len(r.Tools) > 0)
	if err != nil {
		return nil, err
	}
	req.Stream = true // as the library sets it
	body, err := json.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return body, nil
}

// thinks says whether a model is of OpenAI's families that take
// max_completion_tokens instead of max_tokens.
func thinks(model string) bool {
	for _, p := range []string{"o1", "o3", "o4", "gpt-5", "gpt-6"} {
		if strings.HasPrefix(model, p) {
			return true
		}
	}
	return false
}
