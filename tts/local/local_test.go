package local

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/audio"
	"parley/tts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine is a model that takes a second for each sentence, and makes half a
// second of sound with silence around it for each.
type engine struct {
	mu    sync.Mutex
	said  []string
	freed bool
	mute  bool
}

const engineRate = 22050

func (e *engine) generate(text string, sentence func([]float32) bool) {
	for s := range strings.SplitAfterSeq(text, ". ") {
		<-time.After(time.Second)
		e.mu.Lock()
		e.said = append(e.said, s)
		mute := e.mute
		e.mu.Unlock()
		samples := make([]float32, engineRate)
		if !mute {
			for i := range engineRate / 2 {
				samples[engineRate/4+i] = float32(1.2 * math.Sin(float64(i)*0.1))
			}
		}
		if !sentence(samples) {
			return
		}
	}
}
func (e *engine) rate() int { return engineRate }
func (e *engine) free()     { e.freed = true }

func (e *engine) heard() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.said)
}

// all takes a whole sequence.
func all(seq iter.Seq2[[]int16, error]) (pcm []int16, pieces int, err error) {
	for p, e := range seq {
		if e != nil {
			return pcm, pieces, e
		}
		pcm = append(pcm, p...)
		pieces++
	}
	return pcm, pieces, nil
}

func milliseconds(pcm []int16) int { return len(pcm) * 1000 / audio.SpeakRate }

func TestEachSentenceComesAsSoonAsItIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{}, &e)
		defer v.Close()
		start := time.Now()
		n := 0
		for pcm, err := range v.Speak(t.Context(), tts.Request{Text: "One. Two.  Three.", Language: "en-GB"}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if took := time.Since(start); took != time.Duration(n)*time.Second {
				t.Errorf("piece %d came after %v", n, took)
			}
			// 25 ms before and 220 ms after half a second.
			if ms := milliseconds(pcm); ms < 740 || ms > 750 {
				t.Errorf("piece %d has %d ms", n, ms)
			}
			if peak := slices.Max(pcm); peak < 32000 {
				t.Errorf("the peak of clipped sound is %d", peak)
			}
		}
		if n != 3 {
			t.Errorf("%d pieces", n)
		}
	})
}

func TestACancelledClauseReturnsAtOnceAndStopsAfterItsSentence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{}, &e)
		barged := errors.New("barge-in")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(barged) })
		start := time.Now()
		_, pieces, err := all(v.Speak(ctx, tts.Request{Text: "One. Two. Three. Four."}))
		if pieces != 1 || !errors.Is(err, barged) || time.Since(start) != 1500*time.Millisecond {
			t.Errorf("%d pieces, %v, after %v", pieces, err, time.Since(start))
		}
		v.Close()
		if said := e.heard(); len(said) != 2 || !e.freed || time.Since(start) != 2*time.Second {
			t.Errorf("said %q, freed %v, after %v", said, e.freed, time.Since(start))
		}
		if _, _, err := all(v.Speak(ctx, tts.Request{Text: "More."})); !errors.Is(err, barged) {
			t.Errorf("with an ended context: %v", err)
		}
		if _, _, err := all(v.Speak(t.Context(), tts.Request{Text: "More."})); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestWhoStopsRangingStopsTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{}, &e)
		for range v.Speak(t.Context(), tts.Request{Text: "One. Two. Three. Four."}) {
			break
		}
		v.Close()
		if said := e.heard(); len(said) > 2 {
			t.Errorf("said %q", said)
		}
	})
}

func TestCloseEndsASpeechUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{}, &e)
		result := make(chan error)
		go func() {
			_, _, err := all(v.Speak(t.Context(), tts.Request{Text: "One. Two. Three. Four."}))
			result <- err
		}()
		<-time.After(1500 * time.Millisecond)
		v.Close()
		if err := <-result; !errors.Is(err, ErrClosed) || len(e.heard()) != 2 {
			t.Errorf("%v, said %q", err, e.heard())
		}
	})
}

// The slot is free when the sound is made, however slowly it is taken.
func TestASlowListenerHoldsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{Parallel: 1}, &e)
		defer v.Close()
		next, stop := iter.Pull2(v.Speak(t.Context(), tts.Request{Text: "One. Two. Three."}))
		defer stop()
		next()
		start := time.Now()
		if _, _, err := all(v.Speak(t.Context(), tts.Request{Text: "Other."})); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("the other clause took %v", took)
		}
	})
}

func TestAShortClauseGoesAheadOfALongOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{Parallel: 1}, &e)
		defer v.Close()
		done := make(chan struct{})
		for _, text := range []string{"This one runs.", "A later clause of another answer, which is long and has time, because what came before it still plays.", "Sure,"} {
			go func() {
				if _, _, err := all(v.Speak(t.Context(), tts.Request{Text: text})); err != nil {
					t.Error(err)
				}
				done <- struct{}{}
			}()
			synctest.Wait()
		}
		for range 3 {
			<-done
		}
		if said := e.heard(); said[1] != "Sure," {
			t.Errorf("the order was %q", said)
		}
	})
}

func TestTooManyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{Parallel: 1, Queue: 1}, &e)
		defer v.Close()
		results := make(chan error)
		for range 3 {
			go func() {
				_, _, err := all(v.Speak(t.Context(), tts.Request{Text: "Hello."}))
				results <- err
			}()
			synctest.Wait()
		}
		if err := <-results; !errors.Is(err, ErrBusy) {
			t.Errorf("the third: %v", err)
		}
		<-results
		<-results
	})
}

func TestWhatCannotBeSpoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := engine{mute: true}
		v := newVoice(Options{}, &e)
		defer v.Close()
		for _, tt := range []struct {
			request tts.Request
			want    error
		}{
			{tts.Request{Text: "Halo.", Language: "id-ID"}, ErrLanguage},
			{tts.Request{Text: strings.Repeat("a", MaxRunes+1)}, ErrTooLong},
			{tts.Request{Text: "Silent."}, ErrNoSound},
			{tts.Request{Text: " ... \x00\xff 😊"}, nil},
			{tts.Request{}, nil},
		} {
			pcm, _, err := all(v.Speak(t.Context(), tt.request))
			if !errors.Is(err, tt.want) || len(pcm) > 0 {
				t.Errorf("%.20q: %d samples, %v", tt.request.Text, len(pcm), err)
			}
		}
	})
}

func TestALongTextIsSynthesisedInClauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{}, &e)
		defer v.Close()
		text := strings.TrimSpace(strings.Repeat("and so it goes on and on ", 20))
		if _, pieces, err := all(v.Speak(t.Context(), tts.Request{Text: text})); err != nil || pieces < 3 {
			t.Errorf("%d pieces, %v", pieces, err)
		}
		if got := strings.Join(e.heard(), ""); got != text {
			t.Errorf("said %q", got)
		}
	})
}

func TestPhrasesThatComeAgainAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{}, &e)
		defer v.Close()
		speak := func(text string) []int16 {
			pcm, _, err := all(v.Speak(t.Context(), tts.Request{Text: text}))
			if err != nil {
				t.Error(err)
			}
			return pcm
		}
		want := speak("How can I help?")
		speak("How can I help?") // asked for again: kept from now on
		start := time.Now()
		got := speak(" How  can I\nhelp? ")
		if !slices.Equal(got, want) || time.Since(start) != 0 || len(e.heard()) != 2 {
			t.Errorf("%d samples after %v, %d syntheses", len(got), time.Since(start), len(e.heard()))
		}
		got[0]++
		if again := speak("How can I help?"); !slices.Equal(again, want) {
			t.Error("a listener changed what is kept")
		}
	})
}

func TestWarmWorksInSpareTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{Parallel: 1}, &e)
		defer v.Close()
		warmed := make(chan error)
		go func() {
			warmed <- v.Warm(t.Context(), []string{"One moment.", "", "Hello. How are you?", "One moment."})
		}()
		synctest.Wait()
		// A caller comes while the first phrase is made, and goes before the second.
		start := time.Now()
		if _, _, err := all(v.Speak(t.Context(), tts.Request{Text: "Urgent."})); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("the caller waited %v", took)
		}
		if err := <-warmed; err != nil {
			t.Error(err)
		}
		start = time.Now()
		for _, text := range []string{"One moment.", "Hello. How are you?"} {
			if _, _, err := all(v.Speak(t.Context(), tts.Request{Text: text})); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("warm phrases took %v", took)
		}
	})
}

func TestWarmStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		v := newVoice(Options{}, &e)
		stopped := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(500*time.Millisecond, func() { cancel(stopped) })
		if err := v.Warm(ctx, []string{"One.", "Two."}); !errors.Is(err, stopped) {
			t.Errorf("cancelled: %v", err)
		}
		v.Close()
		if err := v.Warm(t.Context(), []string{"One."}); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

func TestCache(t *testing.T) {
	t.Parallel()
	pcm := make([]int16, 500) // 1,001 bytes with its text
	c := newCache(10_000)
	for _, text := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} {
		c.put(text, pcm, text == "a")
		c.put(text, pcm, false)
	}
	c.get("b")
	c.put("j", pcm, false)
	if _, ok := c.get("j"); ok {
		t.Error("a phrase asked for once is kept")
	}
	c.put("j", pcm, false)
	for text, want := range map[string]bool{"a": true, "b": true, "c": false, "d": true, "j": true} {
		if _, ok := c.get(text); ok != want {
			t.Errorf("%q is kept: %v", text, ok)
		}
	}
	if c.put("long", make([]int16, 700), true); c.keep("long") {
		t.Error("one phrase may take all")
	}
	// What is kept by name goes last, and only for the like.
	for i := range 20 {
		c.put(strings.Repeat("k", i+2), pcm, true)
	}
	if c.bytes > c.bound || c.order.Len() != len(c.byText) {
		t.Errorf("%d bytes of %d, %d phrases in order, %d by text", c.bytes, c.bound, c.order.Len(), len(c.byText))
	}
	before := c.order.Len()
	c.put("z", pcm, false)
	c.put("z", pcm, false)
	if _, ok := c.get("z"); ok || c.order.Len() != before {
		t.Error("a common phrase drove out one that is kept by name")
	}
	none := newCache(-1)
	none.put("a", pcm, true)
	if none.keep("a") {
		t.Error("a cache of no size keeps something")
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	if pcm, err := shape(make([]float32, 1000), 22050, 0); len(pcm) > 0 || err != nil {
		t.Errorf("silence gives %d samples, %v", len(pcm), err)
	}
	if pcm, err := shape(nil, 22050, 0); len(pcm) > 0 || err != nil {
		t.Errorf("nothing gives %d samples, %v", len(pcm), err)
	}
	for in, want := range map[float32]int16{0: 0, 1: 32767, 1.5: 32767, -1.5: -32768, float32(math.NaN()): 0,
		float32(math.Inf(1)): 32767, float32(math.Inf(-1)): -32768, 0.5: 16383} {
		if got := clip(in); got != want {
			t.Errorf("clip(%v) is %d", in, got)
		}
	}
	if _, err := shape([]float32{1}, 7, 0); err == nil {
		t.Error("7 Hz is a sample rate")
	}
}
