package local

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"parley/asr"
	asrlocal "parley/asr/local"
	"parley/audio"
	"parley/audio/resample"
	"parley/models/modeltest"
	"parley/tts"
)

// load loads the real voice, or skips the test.
func load(t testing.TB, o Options) *Voice {
	t.Helper()
	o.Dir = modeltest.Path(t, "piper-en-us-joe")
	o.EspeakData = modeltest.Path(t, "espeak/espeak-ng-data")
	v, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func listener(t testing.TB) func(pcm []int16) string {
	t.Helper()
	r, err := asrlocal.Load(asrlocal.Options{Dir: modeltest.Path(t, "moonshine-tiny-en")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return func(pcm []int16) string {
		t.Helper()
		heard, err := resample.All(pcm, audio.SpeakRate, asr.Rate)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Transcribe(t.Context(), asr.Utterance{PCM: heard})
		if err != nil {
			t.Fatal(err)
		}
		return got.Text
	}
}

// lostWords counts the words of want that got lacks.
func lostWords(want, got string) (lost int) {
	left := bag(got)
	for _, w := range bag(want) {
		if i := slices.Index(left, w); i >= 0 {
			left = slices.Delete(left, i, i+1)
		} else {
			lost++
		}
	}
	return lost
}

// bag returns the words of a text.
func bag(text string) []string {
	text = strings.ReplaceAll(text, "-", "") // "to-morrow"
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// A steady voice says a text alike each time, and a lively one does not.
func TestSteadiness(t *testing.T) {
	const text = "Where is my order W one zero zero zero two?"
	for _, c := range []struct {
		steadiness float64
		alike      bool
	}{{0, false}, {1, true}} {
		v := load(t, Options{CacheBytes: -1, Steadiness: c.steadiness})
		var first []int16
		alike := true
		for range 3 {
			pcm, _, err := all(v.Speak(t.Context(), tts.Request{Text: text}))
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = pcm
			}
			apart := difference(first, pcm)
			t.Logf("steadiness %v: %d samples, apart by %.4f of the sound", c.steadiness, len(pcm), apart)
			alike = alike && apart < 0.05
		}
		if alike != c.alike {
			t.Errorf("with a steadiness of %v the sounds are alike: %v", c.steadiness, alike)
		}
	}
}

// difference is the energy of what two sounds differ by, as a share of the first one's.
func difference(a, b []int16) float64 {
	var apart, whole float64
	for i, x := range a {
		var y int16
		if i < len(b) {
			y = b[i]
		}
		apart += (float64(x) - float64(y)) * (float64(x) - float64(y))
		whole += float64(x) * float64(x)
	}
	return apart / whole
}

// All that needs the real voice, which takes a while to load.
func TestPiper(t *testing.T) {
	v := load(t, Options{CacheBytes: -1})
	speak := func(t *testing.T, text string) []int16 {
		t.Helper()
		pcm, _, err := all(v.Speak(t.Context(), tts.Request{Text: text}))
		if err != nil {
			t.Fatal(err)
		}
		return pcm
	}
	t.Run("begins at once", func(t *testing.T) {
		for _, text := range []string{"Hello.", "Your order is on its way.", "Sure,"} {
			pcm := speak(t, text)
			first := slices.IndexFunc(pcm, func(s int16) bool { return s > 164 || s < -164 })
			if ms := first * 1000 / audio.SpeakRate; first < 0 || ms > 60 {
				t.Errorf("%q begins after %d ms of silence", text, ms)
			}
		}
	})
	t.Run("survives what a model may write", func(t *testing.T) {
		for _, text := range []string{"a\x00b", "\xff\xfea", "[[h@l'oU]]", "<speak>hi</speak>", "你", "a😀b", "%s%n",
			"éé", "a" + strings.Repeat("\u0301", 20), "x\u202ey"} {
			if _, _, err := all(v.Speak(t.Context(), tts.Request{Text: text})); err != nil {
				t.Logf("%q: %v", text, err)
			}
		}
		if ms := milliseconds(speak(t, "Still here.")); ms < 300 {
			t.Errorf("afterwards there are %d ms", ms)
		}
	})
	t.Run("is understood", func(t *testing.T) { // nine words of ten
		hear := listener(t)
		missing, of := 0, 0
		for _, text := range []string{
			"Your order is on its way, and it should arrive tomorrow morning.",
			"I can help you return the headphones. Would you like a refund to your credit card?",
			"It was delivered yesterday at three o'clock.",
		} {
			// The voice speaks a little differently each time, and is misheard at
			// times: the better of two counts.
			best := len(bag(text))
			for range 2 {
				heard := hear(speak(t, text))
				lost := lostWords(text, heard)
				t.Logf("%d lost: %s → %s", lost, text, heard)
				if best = min(best, lost); best == 0 {
					break
				}
			}
			missing += best
			of += len(bag(text))
		}
		if missing*10 > of {
			t.Errorf("%d of %d words were not understood", missing, of)
		}
	})
	t.Run("says order numbers", func(t *testing.T) {
		hear := listener(t)
		digits := strings.NewReplacer("ONE", "1", "TWO", "2", "THREE", "3", "FOUR", "4", "SEVEN", "7", "-", "", ",", "", " ", "")
		text := tts.JoinSpoken(tts.Spoken("Your order W23714 is on its way.", "en-US"))
		for range 5 {
			heard := hear(speak(t, text))
			if strings.Contains(digits.Replace(strings.ToUpper(heard)), "W23714") {
				return
			}
			t.Logf("%s → %s", text, heard)
		}
		t.Error("the order number was never understood")
	})
}

func TestLoadSaysWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, EspeakData: dir}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(dir+"/"+name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want string) {
		t.Helper()
		if _, err := Load(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	expect(".onnx")
	write("a.onnx", strings.Repeat("x", 100))
	expect("tokens.txt")
	write("tokens.txt", "x")
	expect("phontab")
	write("phontab", "x")
	expect("en_dict")
	write("en_dict", "x")
	expect("metadata")
}

// processorTime is what this process has used of the processor so far. Unlike
// the time that passes it does not depend on what else the machine does.
func processorTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSpeak gives medians: the time to the first sound, and how many
// seconds of sound are made in a second.
func BenchmarkSpeak(b *testing.B) {
	for _, text := range []string{
		"Sure,",
		"I found it,",
		"your order is on its way,",
		"and it should arrive at your house tomorrow around noon.",
	} {
		for _, threads := range []int{1, 2} {
			for _, atOnce := range []int{1, 4} {
				b.Run(fmt.Sprintf("%dwords/threads=%d/at-once=%d", len(strings.Fields(text)), threads, atOnce), func(b *testing.B) {
					v := load(b, Options{Threads: threads, CacheBytes: -1})
					work := make(chan struct{})
					firsts := make(chan time.Duration, b.N)
					sound := make(chan int, b.N)
					done := make(chan struct{})
					began, busy := time.Now(), processorTime(b)
					for range atOnce {
						go func() {
							for range work {
								start := time.Now()
								first, samples := time.Duration(0), 0
								for pcm, err := range v.Speak(b.Context(), tts.Request{Text: text}) {
									if err != nil {
										b.Error(err)
									}
									if first == 0 {
										first = time.Since(start)
									}
									samples += len(pcm)
								}
								firsts <- first
								sound <- samples
							}
							done <- struct{}{}
						}()
					}
					for range b.N {
						work <- struct{}{}
					}
					close(work)
					for range atOnce {
						<-done
					}
					elapsed := time.Since(began).Seconds()
					b.ReportMetric(float64((processorTime(b)-busy).Milliseconds())/float64(b.N), "cpu-ms/op")
					close(firsts)
					close(sound)
					var all []time.Duration
					total := 0
					for d := range firsts {
						all = append(all, d)
					}
					for n := range sound {
						total += n
					}
					slices.Sort(all)
					b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "ms-to-first")
					b.ReportMetric(float64(total)/audio.SpeakRate/elapsed, "s-of-sound/s")
				})
			}
		}
	}
}
