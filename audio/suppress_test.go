package audio

import (
	"slices"
	"testing"
)

func TestSuppressor(t *testing.T) {
	silence, pause := []byte("silence"), []byte("pause")
	// In a pause of a second: ten ticks of silence, then two packets every 400 ms.
	var paused []string
	for n := range 50 {
		switch {
		case n < 10, n == 29, n == 49:
			paused = append(paused, "silence")
		case n == 10, n == 30:
			paused = append(paused, "pause")
		default:
			paused = append(paused, "")
		}
	}
	for _, tt := range []struct {
		name   string
		codec  Codec
		wanted bool
		want   []string
	}{
		{"wanted", Codec{Silence: silence, Pause: pause}, true, paused},
		{"not wanted", Codec{Silence: silence, Pause: pause}, false, slices.Repeat([]string{"silence"}, 50)},
		{"a codec without pauses", Codec{Silence: silence}, true, slices.Repeat([]string{"silence"}, 50)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSuppressor(tt.codec, tt.wanted)
			for round := range 2 {
				for n, want := range tt.want {
					if got := string(s.Silence()); got != want {
						t.Fatalf("tick %d of silence %d sends %q, want %q", n, round, got, want)
					}
				}
				s.Sound()
			}
		})
	}
}
