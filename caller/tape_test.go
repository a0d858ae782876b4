package caller

import (
	"slices"
	"testing"

	"parley/audio"
)

func TestTape(t *testing.T) {
	ones := slices.Repeat([]int16{1}, audio.HearTick)
	for _, tt := range []struct {
		name  string
		times []uint32 // of packets of 20 ms, in units of 48 kHz
		want  int      // ticks of silence between them
	}{
		{"all that was sent", []uint32{0, 960, 1920}, 0},
		{"one was lost", []uint32{0, 1920}, 1},
		{"a pause of 400 ms", []uint32{0, 960 * 20}, 19},
		{"a clock that turns over", []uint32{1<<32 - 960, 960}, 1},
		{"one that came late", []uint32{0, 1920, 960}, 1},
		{"another clock", []uint32{0, 1 << 30}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []int16
			tape := tape{write: func(pcm []int16) { got = append(got, pcm...) }, clockRate: 48000}
			for _, at := range tt.times {
				tape.put(at, ones)
			}
			silent := 0
			for _, v := range got {
				silent += 1 - int(v)
			}
			if want := len(tt.times) * audio.HearTick; len(got)-silent != want || silent != tt.want*audio.HearTick {
				t.Errorf("%d samples of sound and %d of silence, want %d and %d", len(got)-silent, silent, want, tt.want*audio.HearTick)
			}
		})
	}
	(&tape{}).put(0, ones) // nobody wants it
}
