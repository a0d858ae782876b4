package local

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/asr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// voiced is loud sound of so many seconds.
func voiced(seconds float64) []int16 {
	pcm := make([]int16, int(seconds*asr.Rate))
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(float64(i)*0.1+float64(i*i)*1e-9))
	}
	return pcm
}

// engine is a model that takes a second and says how often it was asked.
type engine struct {
	mu    sync.Mutex
	calls int
	freed bool
	text  func(call int, samples []float32) string
}

func (e *engine) decode(samples []float32) string {
	<-time.After(time.Second)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	if e.text == nil {
		return "Words."
	}
	return e.text(e.calls, samples)
}

func (e *engine) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.calls
}

func (e *engine) recognizer(o Options) *Recognizer {
	return newRecognizer(o, e.decode, func() { e.freed = true })
}

func TestACancelledCallReturnsAtOnceAndCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		r := e.recognizer(Options{Parallel: 1})
		hungUp := errors.New("the caller hung up")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(300*time.Millisecond, func() { cancel(hungUp) })
		start := time.Now()
		if _, err := r.Transcribe(ctx, asr.Utterance{PCM: voiced(1)}); !errors.Is(err, hungUp) {
			t.Errorf("the cause is %v", err)
		}
		if took := time.Since(start); took != 300*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if err := r.Close(); err != nil || e.count() != 1 || !e.freed || time.Since(start) != time.Second {
			t.Errorf("Close: %v after %v, %d calls, freed %v", err, time.Since(start), e.count(), e.freed)
		}
		if _, err := r.Transcribe(t.Context(), asr.Utterance{PCM: voiced(1)}); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if _, err := r.Transcribe(ctx, asr.Utterance{PCM: voiced(1)}); !errors.Is(err, hungUp) {
			t.Errorf("with an ended context: %v", err)
		}
	})
}

func TestAnAbandonedUtteranceStopsAtTheNextPiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		r := e.recognizer(Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if _, err := r.Transcribe(ctx, asr.Utterance{PCM: voiced(40)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		r.Close()
		if e.count() != 2 {
			t.Errorf("%d pieces were recognised", e.count())
		}
	})
}

func TestCaptionsNeverDelayAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		r := e.recognizer(Options{Parallel: 2})
		defer r.Close()
		partial := func(seconds float64) chan error {
			done := make(chan error, 1)
			go func() {
				_, err := r.Transcribe(t.Context(), asr.Utterance{PCM: voiced(seconds), Partial: true})
				done <- err
			}()
			synctest.Wait()
			return done
		}
		long := partial(40) // six pieces
		if err := <-partial(1); !errors.Is(err, ErrBusy) {
			t.Errorf("a second caption: %v", err)
		}
		<-time.After(500 * time.Millisecond)
		start := time.Now()
		finals := make(chan time.Duration)
		for range 2 {
			go func() {
				if _, err := r.Transcribe(t.Context(), asr.Utterance{PCM: voiced(1)}); err != nil {
					t.Error(err)
				}
				finals <- time.Since(start)
			}()
		}
		// One finds the free slot, the other takes that of the caption after its piece.
		for _, want := range []time.Duration{time.Second, 1500 * time.Millisecond} {
			if took := <-finals; took != want {
				t.Errorf("an answer waited %v instead of %v", took, want)
			}
		}
		if err := <-long; !errors.Is(err, ErrBusy) {
			t.Errorf("the caption: %v", err)
		}
	})
}

func TestTooManyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		r := e.recognizer(Options{Parallel: 1, Queue: 1})
		defer r.Close()
		results := make(chan error)
		for range 3 {
			go func() {
				_, err := r.Transcribe(t.Context(), asr.Utterance{PCM: voiced(1)})
				results <- err
			}()
			synctest.Wait()
		}
		if err := <-results; !errors.Is(err, ErrBusy) {
			t.Errorf("the third: %v", err)
		}
		for range 2 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestAGrowingUtteranceKeepsItsPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := engine{text: func(int, []float32) string { return "So." }}
		r := e.recognizer(Options{})
		defer r.Close()
		pcm := voiced(30)
		for seconds := 5; seconds <= 30; seconds++ {
			if _, err := r.Transcribe(t.Context(), asr.Utterance{PCM: pcm[:seconds*asr.Rate], Partial: true}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // the slot is given back just after the answer
		}
		before := e.count()
		got, err := r.Transcribe(t.Context(), asr.Utterance{PCM: pcm})
		if want := len(cut(pcm)); err != nil || strings.Count(got.Text, "So.") != want || want < 5 {
			t.Errorf("%q of %d pieces, %v", got.Text, want, err)
		}
		if n := e.count() - before; n != 1 {
			t.Errorf("the final utterance took %d native calls", n)
		}
	})
}

func TestSilenceAsksNoModel(t *testing.T) {
	e := engine{text: func(int, []float32) string { return "You" }}
	r := e.recognizer(Options{})
	defer r.Close()
	for _, pcm := range [][]int16{nil, voiced(0.09), make([]int16, 30*asr.Rate)} {
		if got, err := r.Transcribe(t.Context(), asr.Utterance{PCM: pcm}); err != nil || got.Text != "" {
			t.Errorf("%d samples: %q, %v", len(pcm), got.Text, err)
		}
	}
	if e.calls != 0 {
		t.Errorf("the model was asked %d times", e.calls)
	}
}

func TestARepetitionIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const looped = "W-1-0-0-0-0-0-0-0-0-0-0-"
		e := engine{text: func(call int, _ []float32) string {
			return []string{looped, "W10002.", looped, looped}[call-1]
		}}
		r := e.recognizer(Options{})
		defer r.Close()
		for _, want := range []string{"W10002.", "W-1-0"} {
			if got, err := r.Transcribe(t.Context(), asr.Utterance{PCM: voiced(2)}); err != nil || got.Text != want {
				t.Errorf("%q, %v", got.Text, err)
			}
		}
	})
}

func TestLooped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"W-1-0-0-0-0-0-0-0-0-0-0-":                                                                   "W-1-0",
		"JD 014600 0030 0030 0030 0030 0030 0030 0030 0030 003":                                      "",
		"It was the age. It was the age of folly. It was the age of folly. It was the age of folly.": "It was the age. It was the age of folly",
		"no no no no":                 "",
		"one zero zero zero zero two": "",
		"zero zero zero zero zero":    "",
		"yes, yes, yes, please, yes":  "",
		"":                            "",
	} {
		if got := looped(text); got != (want != "") {
			t.Errorf("looped(%q) is %v", text, got)
		}
		if want != "" && unloop(text) != want {
			t.Errorf("unloop(%q) is %q", text, unloop(text))
		}
	}
}

func TestCutsAtTheQuietestMoment(t *testing.T) {
	t.Parallel()
	pcm := voiced(10)
	for i := range pcm[5*asr.Rate : 5*asr.Rate+quiet] {
		pcm[5*asr.Rate+i] /= 100
	}
	pieces := cut(pcm)
	if len(pieces) != 2 {
		t.Fatalf("%d pieces", len(pieces))
	}
	if at := len(pieces[0]) - lead - tail; at < 5*asr.Rate+quiet/2-hop || at > 5*asr.Rate+quiet/2+hop {
		t.Errorf("cut at %.2f s", float64(at)/asr.Rate)
	}
}

func FuzzCut(f *testing.F) {
	f.Add(uint32(1), uint32(20*asr.Rate), uint32(9*asr.Rate))
	f.Add(uint32(2), uint32(0), uint32(0))
	f.Add(uint32(3), uint32(longest+1), uint32(longest))
	f.Fuzz(func(t *testing.T, seed, length, prefix uint32) {
		length %= 40 * asr.Rate
		pcm := make([]int16, length)
		for i := range pcm {
			seed = seed*1664525 + 1013904223
			pcm[i] = int16(seed >> 16 >> (uint(i) / asr.Rate % 8))
		}
		pieces := cut(pcm)
		at := 0
		for i, p := range pieces {
			if len(p) > longest+lead+tail {
				t.Fatalf("piece %d has %d samples", i, len(p))
			}
			for j, s := range p[lead : len(p)-tail] {
				if s != float32(pcm[at+j])/32768 {
					t.Fatalf("sample %d of piece %d is another", j, i)
				}
			}
			at += len(p) - lead - tail
		}
		if at != len(pcm) {
			t.Fatalf("%d of %d samples", at, len(pcm))
		}
		for i, p := range cut(pcm[:prefix%(length+1)]) {
			if i < len(pieces)-1 && len(p) == len(pieces[i]) && p.digest() != pieces[i].digest() {
				t.Fatalf("piece %d changed as the sound grew", i)
			}
		}
	})
}

func BenchmarkCut(b *testing.B) {
	pcm := voiced(20)
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range cut(pcm) {
			p.digest()
		}
	}
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	t.Parallel()
	m := newMemory()
	key := func(i int) digest { return padded([]int16{int16(i)}).digest() }
	for i := range len(m.ring) + 10 {
		m.put(key(i), strings.Repeat("x", i))
	}
	if _, ok := m.get(key(9)); ok {
		t.Error("the oldest is still there")
	}
	if text, ok := m.get(key(10)); !ok || len(text) != 10 {
		t.Error("what should be kept is gone")
	}
	if len(m.texts) != len(m.ring) {
		t.Errorf("%d texts are kept", len(m.texts))
	}
}
