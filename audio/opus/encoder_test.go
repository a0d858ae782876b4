package opus

import (
	"testing"

	"parley/audio"
)

// An encoder changes its mode at the losses it says, not with every report.
func TestExpectLoss(t *testing.T) {
	e := must(open(t).Codec().NewEncoder())(t).(*Encoder)
	defer e.Close()
	for _, tt := range []struct {
		loss  float64
		lossy bool
	}{{0, false}, {0.05, false}, {0.09, true}, {0.05, true}, {0.5, true}, {0.03, true}, {0.02, false}, {0.07, false}} {
		if err := e.ExpectLoss(tt.loss); err != nil {
			t.Fatal(err)
		}
		packet := must(e.Encode(nil, voice(audio.SpeakTick)))(t)
		if silk := packet[0]>>3 < 12; silk != tt.lossy {
			t.Errorf("at a loss of %v: SILK is %v, want %v", tt.loss, silk, tt.lossy)
		}
	}
}

// The change between modes must not click or swallow sound, in either decoder.
func TestModeChangeIsSmooth(t *testing.T) {
	codec := open(t).Codec()
	for name, make := range map[string]func() (audio.Decoder, error){"hearing": codec.NewHearing, "recording": codec.NewRecording} {
		e, d := must(codec.NewEncoder())(t).(*Encoder), must(make())(t)
		pcm := voice(3 * audio.SpeakRate)
		var usual int
		for i := 1; i < len(pcm); i++ {
			usual = max(usual, step(pcm, i))
		}
		for i := 0; (i+1)*audio.SpeakTick <= len(pcm); i++ {
			if i%20 == 19 {
				if err := e.ExpectLoss(float64(i / 20 % 2)); err != nil {
					t.Fatal(err)
				}
			}
			tick := pcm[i*audio.SpeakTick:][:audio.SpeakTick]
			out := must(d.Decode(nil, must(e.Encode(nil, tick))(t)))(t)
			if i < 5 {
				continue
			}
			for j := 1; j < len(out); j++ {
				// A sample at HearRate is 1.5 at SpeakRate.
				if s := step(out, j); s > 2*usual {
					t.Errorf("%s: packet %d has a step of %d, the sound at most %d", name, i, s, usual)
				}
			}
			if in, got := level(tick), level(out); got < in/3 {
				t.Errorf("%s: packet %d has level %.0f, the sound %.0f", name, i, got, in)
			}
		}
		_, _ = e.Close(), d.Close()
	}
}

// step is the difference between a sample and the one before.
func step(pcm []int16, i int) int {
	d := int(pcm[i]) - int(pcm[i-1])
	return max(d, -d)
}
