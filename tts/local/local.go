// Package local speaks on this machine, with Piper voices run by sherpa-onnx
// (https://github.com/k2-fsa/sherpa-onnx). A voice speaks one language.
package local

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"parley/internal/native"
	"parley/tts"
)

var (
	// ErrLanguage is the answer to text in a language that the voice does not speak.
	ErrLanguage = errors.New("tts/local: the voice does not speak this language")
	// ErrBusy says that too many clauses wait to be spoken.
	ErrBusy = errors.New("tts/local: too many clauses wait")
	// ErrClosed is the answer of a closed voice.
	ErrClosed = errors.New("tts/local: closed")
	// ErrTooLong is the answer to a text that is no clause: see [MaxRunes].
	ErrTooLong = errors.New("tts/local: the text is too long")
	// ErrNoSound says that the model gave no sound for a text with letters in it.
	ErrNoSound = errors.New("tts/local: the model gave no sound")
)

// MaxRunes is the length of the longest text that Speak takes: more than a
// minute of speech. It is a guard, not a target; see [tts.Splitter].
const MaxRunes = 2000

// Options says which voice to load and how much of the machine it may use.
type Options struct {
	// Dir holds the voice: one .onnx file, with the metadata that sherpa-onnx wants,
	// and tokens.txt.
	Dir string
	// EspeakData is the folder espeak-ng-data, which turns letters into sounds.
	EspeakData string
	// Language is the BCP 47 tag of what the voice speaks; "" means "en-US".
	Language string
	// Threads is the number of threads of one synthesis; 0 means 1. More are slower
	// on a machine that does anything else, because they wait for each other by
	// spinning.
	Threads int
	// Parallel is the number of syntheses that run at once; 0 means 2.
	Parallel int
	// Queue is the number of clauses that may wait; 0 means 256.
	Queue int
	// Speed is how fast the voice speaks; 0 means 1, its natural speed.
	Speed float64
	// Steadiness is how alike a text sounds each time, from 0 to 1. A voice draws how
	// long and how coloured each sound is: 0 as widely as it was trained to, 1 not at all.
	Steadiness float64
	// CacheBytes bounds the sound kept for phrases that come again; 0 means 16 MiB
	// (almost six minutes), less than 0 means none.
	CacheBytes int
	// Log hears about phrases that could not be warmed; nil means no one.
	Log *slog.Logger
}

// Voice is a loaded voice. It implements [tts.Voice].
type Voice struct {
	pool     *native.Pool
	model    model
	language string
	cache    *cache
	log      *slog.Logger
	closed   atomic.Bool
}

var _ tts.Voice = (*Voice)(nil)

// model is what is native in a voice.
type model interface {
	// generate speaks text and gives the sound of each sentence to sentence as soon
	// as it is ready; it goes on while sentence returns true. It is safe for several
	// goroutines at once. The samples belong to sentence.
	generate(text string, sentence func(samples []float32) bool)
	// rate is the sample rate of the sound in Hz.
	rate() int
	free()
}

// Load reads the voice from o.Dir, which takes about a second. The caller closes
// the voice when it is no longer needed.
func Load(o Options) (*Voice, error) {
	m, err := loadPiper(o)
	if err != nil {
		return nil, fmt.Errorf("loading the voice: %w", err)
	}
	return newVoice(o, m), nil
}

func newVoice(o Options, m model) *Voice {
	if o.Parallel == 0 {
		o.Parallel = 2
	}
	if o.Queue == 0 {
		o.Queue = 256
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 16 << 20
	}
	if o.Language == "" {
		o.Language = "en-US"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Voice{
		pool:     native.NewPool(o.Parallel, o.Queue),
		model:    m,
		language: o.Language,
		cache:    newCache(o.CacheBytes),
		log:      o.Log,
	}
}

// errStopped is the cause that ends a synthesis nobody listens to any more.
var errStopped = errors.New("tts/local: the listener stopped")

// Speak implements [tts.Voice]. Each sentence of r.Text is one piece, or a few
// when a sentence is very long. A text without a letter or digit is silent: the
// sequence is empty. Where several clauses wait, short ones that came a little
// later go first, because they begin an answer while long ones continue one.
func (v *Voice) Speak(ctx context.Context, r tts.Request) iter.Seq2[[]int16, error] {
	return func(yield func([]int16, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		text, err := v.accept(r)
		if err != nil {
			yield(nil, err)
			return
		}
		if text == "" {
			return
		}
		if pcm, ok := v.cache.get(text); ok {
			yield(pcm, nil)
			return
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(errStopped)
		var all []int16
		for _, clause := range clauses(text) {
			start := func(work func()) error { return v.pool.Start(ctx, due(clause), work) }
			for pcm, err := range v.synthesise(ctx, clause, start) {
				if err != nil {
					yield(nil, err)
					return
				}
				all = append(all, pcm...)
				if !yield(pcm, nil) {
					return
				}
			}
		}
		v.cache.put(text, all, false)
	}
}

// Warm synthesises phrases that will be needed, in order, and keeps their sound,
// so that Speak has it at once. It works only while the voice has time to spare
// and returns when all is done, so it is called in a goroutine of the caller's.
// It stops with the cause of ctx when that ends, or when the voice is closed; a
// phrase that fails is logged and left out.
func (v *Voice) Warm(ctx context.Context, phrases []string) error {
	for _, phrase := range phrases {
		text, err := v.accept(tts.Request{Text: phrase})
		if err != nil {
			v.log.Warn("a phrase cannot be warmed", "error", err)
			continue
		}
		if text == "" || v.cache.keep(text) {
			continue
		}
		var all []int16
		for _, clause := range clauses(text) {
			start := func(work func()) error { return v.pool.StartIdle(ctx, work) }
			for pcm, e := range v.synthesise(ctx, clause, start) {
				if err = e; err == nil {
					all = append(all, pcm...)
				}
			}
			if err != nil {
				break
			}
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrClosed):
			return err
		case err != nil:
			v.log.Warn("a phrase cannot be warmed", "error", err)
		default:
			v.cache.put(text, all, true)
		}
	}
	return nil
}

// Close refuses further clauses, waits for native calls that still run (they
// stop after their sentence) and frees the voice. It must be called once.
func (v *Voice) Close() error {
	v.closed.Store(true)
	v.pool.Close()
	v.model.free()
	return nil
}

// accept returns the text that is spoken for r, or "" when there is none.
func (v *Voice) accept(r tts.Request) (string, error) {
	if r.Language != "" && !sameLanguage(r.Language, v.language) {
		return "", fmt.Errorf("%w: asked for %q, speaks %q", ErrLanguage, r.Language, v.language)
	}
	if utf8.RuneCountInString(r.Text) > MaxRunes {
		return "", fmt.Errorf("%w: more than %d characters", ErrTooLong, MaxRunes)
	}
	text := printable(r.Text)
	if !strings.ContainsFunc(text, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }) {
		return "", nil
	}
	return text, nil
}

// synthesise speaks one clause. start gets a slot and runs the work in it.
func (v *Voice) synthesise(ctx context.Context, clause string, start func(work func()) error) iter.Seq2[[]int16, error] {
	return func(yield func([]int16, error) bool) {
		// There are never more sentences than characters, so the native call never
		// waits for the listener: its slot is free as soon as the sound exists.
		ready := make(chan sentence, utf8.RuneCountInString(clause)+1)
		err := start(func() {
			defer close(ready)
			v.generate(ctx, clause, ready)
		})
		if err != nil {
			yield(nil, translate(err))
			return
		}
		for {
			select {
			case s, ok := <-ready:
				if !ok || !yield(s.pcm, s.err) || s.err != nil {
					return
				}
			case <-ctx.Done():
				yield(nil, context.Cause(ctx))
				return
			}
		}
	}
}

// sentence is the sound of a sentence, or why there is none.
type sentence struct {
	pcm []int16
	err error
}

// generate runs in a goroutine of the pool.
func (v *Voice) generate(ctx context.Context, clause string, ready chan<- sentence) {
	ending := pauseAfter(clause)
	count := 0
	deliver := func(s sentence) bool {
		if ctx.Err() != nil {
			return false
		}
		select {
		case ready <- s:
			count++
			return true
		case <-ctx.Done():
			return false
		}
	}
	if v.closed.Load() {
		deliver(sentence{err: ErrClosed})
		return
	}
	stopped := false
	v.model.generate(clause, func(samples []float32) bool {
		if v.closed.Load() {
			deliver(sentence{err: ErrClosed})
			stopped = true
			return false
		}
		pcm, err := shape(samples, v.model.rate(), ending)
		if err == nil && len(pcm) == 0 {
			return ctx.Err() == nil
		}
		stopped = !deliver(sentence{pcm, err}) || err != nil
		return !stopped
	})
	if count == 0 && !stopped {
		deliver(sentence{err: ErrNoSound})
	}
}

// due is when a clause should have its turn: at once when it is short, later the
// longer it is. A clause of n characters plays for about 60·n ms, and what comes
// before it in the same answer plays meanwhile; the first clause of an answer is
// short and has nothing before it.
func due(clause string) time.Time {
	return time.Now().Add(time.Duration(utf8.RuneCountInString(clause)) * 20 * time.Millisecond)
}

// clauses cuts a text that is too long to be synthesised in one go, because a
// native call cannot be interrupted within a sentence.
func clauses(text string) []string {
	const longest = 300 // characters, about 1.5 s of computing
	if utf8.RuneCountInString(text) <= longest {
		return []string{text}
	}
	return tts.Split(text)
}

// printable is text without control characters and broken UTF-8, which espeak-ng
// would read aloud or take for the end.
func printable(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(text, " "))
	return strings.Join(strings.Fields(text), " ")
}

// sameLanguage says whether two BCP 47 tags have the same primary language.
func sameLanguage(a, b string) bool {
	primary := func(tag string) string {
		if i := strings.IndexAny(tag, "-_"); i >= 0 {
			tag = tag[:i]
		}
		return strings.ToLower(tag)
	}
	return primary(a) == primary(b)
}

// translate turns the pool's errors into this package's.
func translate(err error) error {
	switch {
	case errors.Is(err, native.ErrFull):
		return ErrBusy
	case errors.Is(err, native.ErrClosed):
		return ErrClosed
	}
	return err
}
