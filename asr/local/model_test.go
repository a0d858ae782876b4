package local

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/asr"
	"parley/audio/resample"
	"parley/audio/wav"
	"parley/models/modeltest"
)

// load loads the real model, or skips the test.
func load(t testing.TB, o Options) *Recognizer {
	t.Helper()
	o.Dir = modeltest.Path(t, "moonshine-tiny-en")
	r, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// sample reads a recording of a person at asr.Rate.
func sample(t testing.TB, name string) []int16 {
	t.Helper()
	pcm, rate, err := wav.ReadFile(modeltest.Path(t, "speech-samples/"+name+".wav"), 120*48000)
	if err != nil {
		t.Fatal(err)
	}
	pcm, err = resample.All(pcm, rate, asr.Rate)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

// wrong counts the words to change, leave out or put in to get from one text to
// the other (Levenshtein distance), and the words of the first.
func wrong(want, got string) (errors, of int) {
	a, b := words(want), words(got)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			change := diagonal
			if a[i].text != b[j].text {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)], len(a)
}

func TestHumanSpeechIsUnderstood(t *testing.T) {
	r := load(t, Options{})
	for _, name := range []string{"two_cities", "beckett"} { // 44 s and 10 s
		want, err := os.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Transcribe(t.Context(), asr.Utterance{PCM: sample(t, name)})
		if err != nil {
			t.Fatal(err)
		}
		errors, of := wrong(string(want), got.Text)
		t.Logf("%s: %d of %d words wrong: %s", name, errors, of, got.Text)
		if errors*10 > of {
			t.Errorf("%s: %d of %d words are wrong:\n%s", name, errors, of, got.Text)
		}
	}
}

func TestWhatIsNoSpeechGivesNoText(t *testing.T) {
	r := load(t, Options{})
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(seconds float64, level float64) []int16 {
		pcm := make([]int16, int(seconds*asr.Rate))
		for i := range pcm {
			pcm[i] = int16(random.NormFloat64() * level)
		}
		return pcm
	}
	clap := make([]int16, asr.Rate)
	copy(clap[3000:], noise(0.03, 8000))
	for name, pcm := range map[string][]int16{
		"nothing":      nil,
		"silence":      make([]int16, 2*asr.Rate),
		"faint noise":  noise(2, 5),
		"noise":        noise(2, 1000),
		"a clap":       clap,
		"80 ms":        sample(t, "beckett")[asr.Rate : asr.Rate+asr.Rate*8/100],
		"long silence": make([]int16, 20*asr.Rate),
		"long noise":   noise(12, 300),
	} {
		got, err := r.Transcribe(t.Context(), asr.Utterance{PCM: pcm})
		if err != nil || got.Text != "" {
			t.Errorf("%s is heard as %q, %v", name, got.Text, err)
		}
	}
}

func TestManyAtOnceUnderstandTheSame(t *testing.T) {
	r := load(t, Options{Parallel: 3})
	pcm := sample(t, "two_cities")[:3*asr.Rate]
	want, err := r.Transcribe(t.Context(), asr.Utterance{PCM: pcm})
	if err != nil || !strings.Contains(want.Text, "best of times") {
		t.Fatalf("%q, %v", want.Text, err)
	}
	texts := make(chan string)
	for range 8 {
		go func() {
			got, err := r.Transcribe(t.Context(), asr.Utterance{PCM: pcm})
			if err != nil {
				got.Text = err.Error()
			}
			texts <- got.Text
		}()
	}
	for range 8 {
		if got := <-texts; got != want.Text {
			t.Errorf("%q instead of %q", got, want.Text)
		}
	}
}

func TestLoadNamesTheMissingFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "encoder_model.ort") {
		t.Errorf("without files: %v", err)
	}
	for _, name := range []string{"encoder_model.ort", "decoder_model_merged.ort"} {
		if err := os.WriteFile(dir+"/"+name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "tokens.txt") {
		t.Errorf("without tokens: %v", err)
	}
}

// BenchmarkTranscribe gives the median time for utterances of several lengths.
func BenchmarkTranscribe(b *testing.B) {
	pcm := sample(b, "two_cities")
	for _, threads := range []int{1, 2} {
		for _, seconds := range []int{1, 2, 3, 5, 8, 20} {
			for _, atOnce := range []int{1, 4} {
				b.Run(fmt.Sprintf("%ds/threads=%d/at-once=%d", seconds, threads, atOnce), func(b *testing.B) {
					r := load(b, Options{Threads: threads})
					b.ReportAllocs()
					took := make(chan time.Duration, b.N+atOnce)
					work := make(chan int)
					done := make(chan struct{})
					for range atOnce {
						go func() {
							for n := range work {
								// Each begins elsewhere, so that no piece is known already.
								heard := pcm[n%1000*16:][:seconds*asr.Rate]
								start := time.Now()
								if _, err := r.Transcribe(b.Context(), asr.Utterance{PCM: heard}); err != nil {
									b.Error(err)
								}
								took <- time.Since(start)
							}
							done <- struct{}{}
						}()
					}
					for n := range b.N {
						work <- n
					}
					close(work)
					for range atOnce {
						<-done
					}
					close(took)
					var all []time.Duration
					for d := range took {
						all = append(all, d)
					}
					slices.Sort(all)
					b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "ms-median")
				})
			}
		}
	}
}
