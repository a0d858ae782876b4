package receive

import (
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/audio"
	"parley/audio/g711"
	"parley/audio/opus"
	"parley/models/modeltest"
)

// voice makes n samples at SpeakRate of a buzz whose pitch and loudness move as
// those of a voice do.
func voice(n int) []int16 {
	pcm := make([]int16, n)
	phase := 0.0
	for i := range pcm {
		at := float64(i) / audio.SpeakRate
		phase += (140 + 50*math.Sin(2*math.Pi*0.7*at)) / audio.SpeakRate
		v := 0.0
		for k := 1.0; k < 12; k++ {
			v += math.Sin(2*math.Pi*k*phase) / k
		}
		pcm[i] = int16(5000 * v * (0.6 + 0.4*math.Sin(2*math.Pi*3*at)))
	}
	return pcm
}

// TestCodecs sends sound through the real codecs and a link that loses, delays,
// doubles and reorders 5 % of the packets each, and compares what is recorded
// with what comes over a good link.
func TestCodecs(t *testing.T) {
	t.Run("PCMU", func(t *testing.T) { testCodec(t, g711.MuLaw(), 0.97) })
	t.Run("PCMA", func(t *testing.T) { testCodec(t, g711.ALaw(), 0.97) })
	t.Run("opus", func(t *testing.T) {
		lib := opus.Open(modeltest.Path(t, "opus/simd.wasm"), filepath.Join(os.TempDir(), "parley-test-wazero"), slog.New(slog.DiscardHandler))
		t.Cleanup(func() { _ = lib.Close() })
		if err := lib.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		testCodec(t, lib.Codec(), 0.9)
	})
}

func testCodec(t *testing.T, codec audio.Codec, alike float64) {
	const count = 500
	rng := rand.New(rand.NewPCG(11, 12))
	encoder, err := codec.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	sound := voice(count * audio.SpeakTick)
	good := make([]audio.Packet, count)
	bad := make(map[int][]audio.Packet)
	lost := make(map[int]bool)
	for n := range count {
		payload, err := encoder.Encode(nil, sound[n*audio.SpeakTick:(n+1)*audio.SpeakTick])
		if err != nil {
			t.Fatal(err)
		}
		good[n] = audio.Packet{Seq: uint16(n), Timestamp: uint32(n * codec.ClockRate / 50), Payload: payload, Arrival: epoch.Add(time.Duration(n) * 20 * ms)}
		chance, delay := rng.IntN(100), time.Duration(rng.IntN(8))*ms
		if n > 0 && n < count-1 {
			if chance < 5 {
				lost[n] = true
				continue
			} else if chance < 10 {
				delay += 21 * ms
			} else if chance < 15 {
				delay += time.Duration(rng.IntN(80)) * ms
			}
		}
		for i := range 2 {
			if i == 0 || chance > 94 {
				p := good[n]
				p.Arrival = p.Arrival.Add(delay + time.Duration(i*rng.IntN(50))*ms)
				at := int(p.Arrival.Sub(epoch) / ms)
				bad[at] = append(bad[at], p)
			}
		}
	}
	receive := func(arrivals map[int][]audio.Packet) ([]int16, Stats) {
		e := &ear{t: t, wants: always}
		r, err := New(codec, e, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}()
		for i := range count*20 + 200 {
			for _, p := range arrivals[i] {
				r.Push(p)
			}
			if i%20 == 7 {
				r.Tick(epoch.Add(time.Duration(i) * ms))
			}
		}
		return e.recorded, r.Stats()
	}
	whole := make(map[int][]audio.Packet)
	for n, p := range good {
		whole[n*20] = []audio.Packet{p}
	}
	want, _ := receive(whole)
	if len(want) != count*audio.HearTick {
		t.Fatalf("over a good link %d samples, want %d", len(want), count*audio.HearTick)
	}
	got, s := receive(bad)
	if len(got) < len(want)-audio.HearTick || len(got) > len(want)+audio.HearTick {
		t.Fatalf("%d samples, want %d: %+v", len(got), len(want), s)
	}
	if s.Jitter.Late > count/100 {
		t.Errorf("too many late: %+v", s)
	}
	var off, compared int
	for n := range count - 1 {
		if lost[n] || lost[n-1] || lost[n-2] {
			continue
		}
		compared++
		a, b := want[n*audio.HearTick:(n+1)*audio.HearTick], got[n*audio.HearTick:(n+1)*audio.HearTick]
		if correlation(a, b) < alike {
			off++
		}
	}
	if most := compared / 50; off > most+int(s.Jitter.Late)*3 {
		t.Errorf("%d of %d blocks sound different: %+v", off, compared, s)
	}
	t.Logf("%d lost, %d of %d other blocks differ: %+v", len(lost), off, compared, s)
}

func correlation(a, b []int16) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
