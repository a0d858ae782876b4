package vad_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/internal/sounds"
	"parley/models/modeltest"
	"parley/vad"
	"parley/vad/silero"
)

// These tests measure how soon a voice is noticed and what else is taken for one,
// print it as tables under -v, and hold the figures that the defaults rest on.

const packet = 320 // samples: 20 ms

func detector(t testing.TB) vad.Detector {
	t.Helper()
	if racing {
		t.Skip("the race detector makes this slow and has nothing to find: there is one goroutine")
	}
	m, err := silero.Load(modeltest.Path(t, "silero/silero_vad_16k_op15.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return m.New()
}

// judged is what a detector says of pcm that arrives in packets.
type judged struct {
	windows []float32 // of each whole window
	arrived []int     // with which sample each was complete
	peeks   []float32 // after each packet: the higher of what is new, window or peek
}

func judge(d vad.Detector, pcm []float32) (j judged) {
	d.Reset()
	done := 0
	for end := packet; end <= len(pcm); end += packet {
		var p float32
		for ; done+vad.Window <= end; done += vad.Window {
			w := d.Probability(pcm[done:][:vad.Window])
			j.windows, j.arrived = append(j.windows, w), append(j.arrived, end)
			p = max(p, w)
		}
		if end > done && end >= vad.Window {
			p = max(p, d.Peek(pcm[end-vad.Window:end]))
		}
		j.peeks = append(j.peeks, p)
	}
	return j
}

func milliseconds(samples int) float64 { return float64(samples) * 1000 / vad.Rate }

// quantiles is a cell of a table: the 50th and 95th percentile of delays.
func quantiles(ms []float64) string {
	return fmt.Sprintf("%4.0f %4.0f", percentile(ms, 0.5), percentile(ms, 0.95))
}

// never stands for a voice that was not noticed.
const never = 9999.0

func TestRealSpeech(t *testing.T) {
	detector(t) // before all that work, whether there is one
	talks := talks(t)
	t.Run("how soon a voice is noticed", func(t *testing.T) { howSoon(t, talks) })
	t.Run("pauses inside phrases", func(t *testing.T) { pausesInside(t, talks) })
}

// howSoon measures from the first sample of a voice to the arrival of the packet
// with which the probability reaches a threshold.
func howSoon(t *testing.T, talks []talk) {
	d := detector(t)
	thresholds := []float32{0.3, 0.4, 0.5, 0.6}
	var table strings.Builder
	fmt.Fprintf(&table, "\nfrom the first voiced sample, p50 p95 in ms\n%-18s %-9s %3s %-7s", "", "line", "n", "")
	for _, th := range thresholds {
		fmt.Fprintf(&table, "|   ≥ %.1f   ", th)
	}
	fmt.Fprint(&table, "|  energy   | voiced for 240 ms")
	for _, talk := range talks {
		for _, line := range lines() {
			r := rand.New(rand.NewPCG(3, 3))
			windows, peeks := make([][]float64, len(thresholds)), make([][]float64, len(thresholds))
			var energy, sure []float64
			for i := range line.times * len(talk.phrases) {
				phrase := talk.phrases[i/line.times]
				share := vad.Window / line.times
				start := vad.Rate/2 + i%line.times*share + r.IntN(share)
				pcm := line.call(phrase[:min(len(phrase), vad.Rate*4/5)], start, r)
				if line.talking {
					first := talk.phrases[0]
					first = line.call(first[:min(len(first), vad.Rate)], vad.Rate/2, r)
					pause := line.call(nil, 2*vad.Rate, r)
					start += len(first) + len(pause)
					pcm = slices.Concat(first, pause, pcm)
				}
				j := judge(d, pcm)
				if before := slices.Max(j.peeks[start/packet-10 : start/packet]); before >= thresholds[0] {
					t.Errorf("%s, %s: the room alone has a probability of %.2f", talk.name, line.name, before)
				}
				after := func(end int) float64 { return milliseconds(end - start) }
				for k, th := range thresholds {
					w, p := never, never
					for i, v := range j.windows {
						if v >= th && j.arrived[i] > start {
							w = after(j.arrived[i])
							break
						}
					}
					for i, v := range j.peeks {
						if end := (i + 1) * packet; v >= th && end > start {
							p = after(end)
							break
						}
					}
					windows[k], peeks[k] = append(windows[k], w), append(peeks[k], p)
				}
				energy = append(energy, rise(pcm, start))
				sure = append(sure, voicedFor(j, start, 240*time.Millisecond))
			}
			for _, row := range []struct {
				what  string
				delay [][]float64
			}{{"windows", windows}, {"peeks", peeks}} {
				fmt.Fprintf(&table, "\n%-18s %-9s %3d %-7s", talk.name, line.name, len(energy), row.what)
				for _, ms := range row.delay {
					fmt.Fprintf(&table, "| %s ", quantiles(ms))
				}
				if row.what == "windows" {
					fmt.Fprintf(&table, "| %s | %s", quantiles(energy), quantiles(sure))
				}
			}
			for k := range thresholds {
				if m := slices.Max(windows[k]); m > 600 && line.loud > -40 {
					t.Errorf("%s, %s: a voice was noticed after %.0f ms only", talk.name, line.name, m)
				}
				if p50, w50 := percentile(peeks[k], 0.5), percentile(windows[k], 0.5); p50 > w50 {
					t.Errorf("%s, %s: peeking takes %.0f ms, not peeking %.0f", talk.name, line.name, p50, w50)
				}
			}
			if talk.name == "reader 1" || line.loud < -40 {
				continue // who draws breath first, or is hardly heard, is noticed later
			}
			if hold := percentile(peeks[0], 0.5); hold > 50 {
				t.Errorf("%s, %s: half the voices take longer than %.0f ms to hold the agent", talk.name, line.name, hold)
			}
			if ms := percentile(energy, 0.5); ms > 40 {
				t.Errorf("%s, %s: half the rises of energy take longer than %.0f ms", talk.name, line.name, ms)
			}
		}
	}
	t.Log(table.String())
}

// rise is when Onset first notices the voice that starts with sample start.
func rise(pcm []float32, start int) float64 {
	var o vad.Onset
	samples := whole(pcm)
	before := false
	for end := packet; end <= len(samples); end += packet {
		loud := o.Push(samples[end-packet : end])
		if loud && !before && end > start {
			return milliseconds(end - start)
		}
		before = loud
	}
	return never
}

// voicedFor is when a segment has so much voice.
func voicedFor(j judged, start int, least time.Duration) float64 {
	s := vad.NewSegmenter(vad.SegmentConfig{})
	for i, p := range j.windows {
		if u := s.Push(p, int64(i*vad.Window)); u.Speaking && u.Voiced >= least && j.arrived[i] > start {
			return milliseconds(j.arrived[i] - start)
		}
	}
	return never
}

// TestWhatElseIsTakenForAVoice counts what other sounds do: packets that would
// hold the agent, segments, and how much voice the longest seemed to have.
func TestWhatElseIsTakenForAVoice(t *testing.T) {
	d := detector(t)
	thresholds := []float32{0.3, 0.4, 0.5, 0.6}
	var table strings.Builder
	fmt.Fprintf(&table, "\nof 600 packets\n%-44s  peak | over 0.3  0.4  0.5  0.6 | segments, voiced | rises of energy", "")
	for _, s := range sounds.Others() {
		j := judge(d, s.PCM)
		over := make([]int, len(thresholds))
		for _, p := range j.peeks {
			for k, th := range thresholds {
				if p >= th {
					over[k]++
				}
			}
		}
		var segments int
		var longest time.Duration
		seg := vad.NewSegmenter(vad.SegmentConfig{})
		for i, p := range j.windows {
			u := seg.Push(p, int64(i*vad.Window))
			if u.Started {
				segments++
			}
			longest = max(longest, u.Voiced)
		}
		var o vad.Onset
		rises, before := 0, false
		for i, samples := 0, whole(s.PCM); i+packet <= len(samples); i += packet {
			loud := o.Push(samples[i:][:packet])
			if loud && !before {
				rises++
			}
			before = loud
		}
		fmt.Fprintf(&table, "\n%-44s  %.2f |     %4d %4d %4d %4d | %8d, %4d ms | %d", s.Name, slices.Max(j.peeks),
			over[0], over[1], over[2], over[3], segments, longest.Milliseconds(), rises)
		if longest >= 160*time.Millisecond {
			t.Errorf("%s: %v of voice", s.Name, longest)
		}
	}
	t.Log(table.String())
}

// pausesInside says how much silence a segment must survive so that a phrase
// remains one.
func pausesInside(t *testing.T, talks []talk) {
	d := detector(t)
	var table strings.Builder
	for _, talk := range talks {
		var said []judged
		for _, phrase := range talk.phrases {
			said = append(said, judge(d, lines()[0].call(phrase, vad.Rate/4, rand.New(rand.NewPCG(5, 5)))))
		}
		for _, silence := range []int{64, 96, 128, 160, 200, 256} { // ms
			c := vad.SegmentConfig{MinSilence: time.Duration(silence) * time.Millisecond}
			segments := 0
			for _, j := range said {
				s := vad.NewSegmenter(c)
				for i, p := range j.windows {
					if s.Push(p, int64(i*vad.Window)).Started {
						segments++
					}
				}
			}
			fmt.Fprintf(&table, "\n%-18s silence of %d ms: %d phrases, %d segments", talk.name, silence, len(talk.phrases), segments)
			if silence == 200 && float64(segments) > 1.2*float64(len(talk.phrases)) {
				t.Errorf("%s: %d phrases fell into %d segments", talk.name, len(talk.phrases), segments)
			}
		}
	}
	t.Log(table.String())
}
