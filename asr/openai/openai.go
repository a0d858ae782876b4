// Package openai recognises speech through any server that speaks OpenAI's
// /audio/transcriptions: OpenAI itself, and speaches, vLLM, whisper.cpp, LocalAI
// and the like.
//
// Every request is bounded in time and answered at most once more when the
// provider cannot be reached, is overloaded or fails. Errors are
// [provider.Error], in which the key never is.
package openai

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	sdk "github.com/sashabaranov/go-openai"

	"parley/asr"
	"parley/internal/provider"
)

const (
	// DefaultTimeout bounds one try when Options.Timeout is 0, plus extraTimeout for
	// each minute of sound.
	DefaultTimeout = 6 * time.Second
	extraTimeout   = 6 * time.Second
	// shortest is the least sound that is sent, in samples: OpenAI refuses a file
	// of less than 0.1 s. What is shorter is filled up with silence.
	shortest = asr.Rate / 5
	// longest is the most that is sent, in samples: a file of 25 MB is what OpenAI
	// takes, 13 minutes.
	longest = 25_000_000/2 - 64
)

const (
	// op names this engine in errors and logs.
	op = "asr/openai"
	// path is where transcripts come from, below the base URL.
	path = "/audio/transcriptions"
)

// Options say which server and model to use.
type Options struct {
	// BaseURL is the address up to and with the version, "https://api.openai.com/v1".
	BaseURL string
	// Model is the server's name for the model.
	Model string
	// APIKey is sent as a bearer token; "" sends none.
	APIKey string
	// Timeout bounds one try; 0 means DefaultTimeout. Long utterances get more.
	Timeout time.Duration
	// Partials lets utterances that are still going on be sent, for captions. Each
	// costs as much as a final one.
	Partials bool
	// Verbose asks for "verbose_json", which tells the language that was heard.
	// Not every model has it (gpt-4o-transcribe does not).
	Verbose bool
	// Prompt is words the model may expect: names of products, the shape of an
	// order number. "" sends none.
	Prompt string
	// HTTPClient replaces the default client. Its redirect policy is not used.
	HTTPClient *http.Client
	// Log gets retries and timings; nil means none.
	Log *slog.Logger
}

// Recognizer is an [asr.Recognizer] behind a server. It is safe for use by many
// goroutines, starts none of its own, and sets no bound on how many requests run
// at once.
type Recognizer struct {
	o     Options
	c     *provider.Client
	sdk   *sdk.Client
	names map[string]string // English name of a language in lower case → tag
}

var _ asr.Recognizer = (*Recognizer)(nil)

// New checks the options and makes a recogniser. It opens no connection: see
// [Recognizer.Warm].
func New(o Options) (*Recognizer, error) {
	if o.Model == "" {
		return nil, errors.New(op + ": no model named")
	}
	c, err := provider.New(provider.Options{Op: op, BaseURL: o.BaseURL, APIKey: o.APIKey, HTTPClient: o.HTTPClient, Log: o.Log})
	if err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	conf := sdk.DefaultConfig(o.APIKey)
	conf.BaseURL = c.BaseURL()
	conf.HTTPClient = c
	r := &Recognizer{o: o, c: c, sdk: sdk.NewClientWithConfig(conf)}
	if o.Verbose {
		r.names = languageNames()
	}
	return r, nil
}

// Warm opens the connection so that the first transcript need not wait for it. It
// fails when the server cannot be reached or refuses the key.
func (r *Recognizer) Warm(ctx context.Context) error { return r.c.Warm(ctx) }

// Close closes idle connections, unless the HTTP client came from outside.
func (r *Recognizer) Close() error { return r.c.Close() }

// Transcribe implements [asr.Recognizer]. No sound gives no text and no request.
// More than 13 minutes in one utterance is an error.
func (r *Recognizer) Transcribe(ctx context.Context, u asr.Utterance) (asr.Transcript, error) {
	switch {
	case ctx.Err() != nil:
		return asr.Transcript{}, context.Cause(ctx)
	case u.Partial && !r.o.Partials:
		return asr.Transcript{}, asr.ErrNoPartials
	case len(u.PCM) == 0:
		return asr.Transcript{}, nil
	case len(u.PCM) > longest:
		return asr.Transcript{}, fmt.Errorf("%s: an utterance of %d s is too long to send", op, len(u.PCM)/asr.Rate)
	}
	sound, err := file(u.PCM)
	if err != nil {
		return asr.Transcript{}, err
	}
	length := time.Duration(len(u.PCM)) * time.Second / asr.Rate
	timeout := r.o.Timeout + time.Duration(float64(extraTimeout)*length.Minutes())
	start := time.Now()
	resp, err := provider.Once(ctx, r.c, func() (sdk.AudioResponse, error) {
		w := r.c.Watch(ctx)
		defer w.Stop()
		w.Within(timeout, "no transcript within "+timeout.String())
		resp, err := r.sdk.CreateTranscription(w.Context(), sdk.AudioRequest{
			Model:    r.o.Model,
			FilePath: "speech.wav", // the name tells servers the format
			Reader:   bytes.NewReader(sound),
			Prompt:   r.o.Prompt,
			Language: hint(u.Language),
			Format:   r.format(),
		})
		if err != nil {
			err = w.Cause(r.c.Unsent(w.Context(), path, err))
		}
		return resp, err
	})
	if err != nil {
		return asr.Transcript{}, err
	}
	r.c.Log().DebugContext(ctx, "transcript", "engine", op, "model", r.o.Model, "sound", length, "took", time.Since(start))
	t := asr.Transcript{Text: strings.TrimSpace(resp.Text)}
	if r.o.Verbose {
		t.Language = tagOf(resp.Language, r.names)
	}
	return t, nil
}

func (r *Recognizer) format() sdk.AudioResponseFormat {
	if r.o.Verbose {
		return sdk.AudioResponseFormatVerboseJSON
	}
	return sdk.AudioResponseFormatJSON
}
