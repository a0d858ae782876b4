// Package openai speaks through any server that speaks OpenAI's /audio/speech:
// OpenAI itself, and Kokoro-FastAPI, speaches, LocalAI and the like.
//
// The sound is handed on as it arrives, the first samples at once. It is checked
// first: text or compressed sound where PCM was expected is an error and not
// noise in a caller's ear. A provider that cannot be reached, is overloaded or
// fails is asked once more, but only while no sound has been given out. Errors
// are [provider.Error]; the key is never in them, nor the text unless the
// provider itself repeats it.
package openai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"time"

	sdk "github.com/sashabaranov/go-openai"

	"parley/audio"
	"parley/internal/provider"
	"parley/tts"
)

// The bounds that hold when Options leaves them at zero.
const (
	// DefaultFirstByte bounds the wait for the first sound of a clause.
	DefaultFirstByte = 5 * time.Second
	// DefaultBetween bounds the wait from one read to the next.
	DefaultBetween = 3 * time.Second
	// DefaultMaxSound bounds the sound of one clause.
	DefaultMaxSound = 90 * time.Second
)

const (
	// op names this engine in errors and logs.
	op = "tts/openai"
	// path is where speech comes from, below the base URL.
	path = "/audio/speech"
)

// Format is how the sound travels.
type Format string

// The formats. PCM is mono, 16 bits, little-endian; WAV says its own rate and
// number of channels.
const (
	PCM Format = "pcm"
	WAV Format = "wav"
)

// Options say which server, model and voice to use.
type Options struct {
	// BaseURL is the address up to and with the version, "https://api.openai.com/v1".
	BaseURL string
	// Model and Voice are the server's names.
	Model, Voice string
	// APIKey is sent as a bearer token; "" sends none.
	APIKey string
	// Format is what to ask for; "" means PCM. A WAV that comes in place of PCM is
	// understood too.
	Format Format
	// Rate is the rate of PCM in Hz; 0 means 24,000, as OpenAI sends it.
	Rate int
	// Instructions tell some models how to speak; "" sends none.
	Instructions string
	// Speed is 1 for the voice's own; 0 leaves it out.
	Speed float64
	// FirstByte and Between bound the waits; 0 means the default.
	FirstByte, Between time.Duration
	// MaxSound bounds the sound of one clause; 0 means the default.
	MaxSound time.Duration
	// HTTPClient replaces the default client. Its redirect policy is not used.
	HTTPClient *http.Client
	// Log gets retries and timings; nil means none.
	Log *slog.Logger
}

// Voice is a [tts.Voice] behind a server. It is safe for use by many goroutines,
// starts none of its own, and sets no bound on how many clauses run at once.
type Voice struct {
	o   Options
	c   *provider.Client
	sdk *sdk.Client
}

var _ tts.Voice = (*Voice)(nil)

// New checks the options and makes a voice. It opens no connection: see
// [Voice.Warm].
func New(o Options) (*Voice, error) {
	switch {
	case o.Model == "":
		return nil, errors.New(op + ": no model named")
	case o.Voice == "":
		return nil, errors.New(op + ": no voice named")
	case o.Format == "":
		o.Format = PCM
	case o.Format != PCM && o.Format != WAV:
		return nil, fmt.Errorf("%s: the format %q is neither pcm nor wav", op, o.Format)
	}
	if o.Rate == 0 {
		o.Rate = audio.SpeakRate
	}
	if o.Rate < minRate || o.Rate > maxRate {
		return nil, fmt.Errorf("%s: a rate of %d Hz is not between %d and %d", op, o.Rate, minRate, maxRate)
	}
	c, err := provider.New(provider.Options{Op: op, BaseURL: o.BaseURL, APIKey: o.APIKey, HTTPClient: o.HTTPClient, Log: o.Log})
	if err != nil {
		return nil, err
	}
	o.FirstByte = orDefault(o.FirstByte, DefaultFirstByte)
	o.Between = orDefault(o.Between, DefaultBetween)
	o.MaxSound = orDefault(o.MaxSound, DefaultMaxSound)
	conf := sdk.DefaultConfig(o.APIKey)
	conf.BaseURL = c.BaseURL()
	conf.HTTPClient = c
	return &Voice{o: o, c: c, sdk: sdk.NewClientWithConfig(conf)}, nil
}

func orDefault(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// Warm opens the connection so that the first clause need not wait for it. It
// fails when the server cannot be reached or refuses the key.
func (v *Voice) Warm(ctx context.Context) error { return v.c.Warm(ctx) }

// Close closes idle connections, unless the HTTP client came from outside.
func (v *Voice) Close() error { return v.c.Close() }

// Speak implements [tts.Voice]. Text without a letter or digit in it is still
// sent; blank text gives no pieces and no request. The first piece is whatever
// came first, later ones are 20 to 100 ms long.
func (v *Voice) Speak(ctx context.Context, r tts.Request) iter.Seq2[[]int16, error] {
	return func(yield func([]int16, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		if strings.TrimSpace(r.Text) == "" {
			return
		}
		start := time.Now()
		s, err := provider.Once(ctx, v.c, func() (*speech, error) { return v.open(ctx, r.Text) })
		if err != nil {
			yield(nil, err)
			return
		}
		defer s.close()
		v.c.Log().DebugContext(ctx, "first sound", "engine", op, "model", v.o.Model, "took", time.Since(start))
		for piece := s.first; ; {
			if len(piece) > 0 && !yield(piece, nil) {
				return
			}
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			if piece, err = s.next(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// speech is the sound of one clause, of which the first piece has come.
type speech struct {
	v     *Voice
	w     *provider.Watch
	body  io.ReadCloser
	sound *decoder
	first []int16
}

// open asks for the clause and reads its first piece. A failure until here can be
// tried again.
func (v *Voice) open(ctx context.Context, text string) (_ *speech, err error) {
	s := &speech{v: v, w: v.c.Watch(ctx)}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	s.w.Within(v.o.FirstByte, "no first sound within "+v.o.FirstByte.String())
	resp, err := v.sdk.CreateSpeech(s.w.Context(), sdk.CreateSpeechRequest{
		Model: sdk.SpeechModel(v.o.Model), Input: text, Voice: sdk.SpeechVoice(v.o.Voice),
		Instructions: v.o.Instructions, ResponseFormat: sdk.SpeechResponseFormat(v.o.Format), Speed: v.o.Speed,
	})
	if err != nil {
		return nil, s.w.Cause(v.c.Unsent(s.w.Context(), path, err))
	}
	s.body = resp.ReadCloser
	rate, err := checkType(resp.Header(), v.o.Rate)
	if err != nil {
		return nil, v.c.Malformed(v.c.BaseURL()+path, err.Error()+provider.Quote(s.body))
	}
	s.sound = newDecoder(s.body, v.o.Format, rate, v.o.MaxSound)
	for len(s.first) == 0 {
		// A resampler may hold back the first few samples.
		if s.first, err = s.sound.next(); errors.Is(err, io.EOF) {
			err = &notSound{"there is no sound in the answer"}
		}
		if err != nil {
			return nil, s.fail(err)
		}
	}
	s.w.Rest()
	return s, nil
}

// next reads the next piece; io.EOF after the last.
func (s *speech) next() ([]int16, error) {
	s.w.Within(s.v.o.Between, "no further sound within "+s.v.o.Between.String())
	piece, err := s.sound.next()
	s.w.Rest() // what the listener takes is not the provider's time
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, s.fail(err)
	}
	return piece, err
}

// fail turns an error of the decoder or the network into ours.
func (s *speech) fail(err error) error {
	var bad *notSound
	switch {
	case errors.As(err, &bad):
		return s.v.c.Malformed(s.v.c.BaseURL()+path, bad.Error())
	case errors.Is(err, errTooLong):
		return &provider.Error{Kind: provider.TooLarge, Op: op, Endpoint: s.v.c.BaseURL() + path, Err: err}
	}
	return s.w.Cause(s.v.c.Broken(s.w.Context(), path, err))
}

func (s *speech) close() {
	if s.body != nil {
		s.body.Close()
	}
	s.w.Stop()
}
