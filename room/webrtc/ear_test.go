package webrtc

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"parley/audio"
	"parley/audio/g711"
)

// counting is a listener that counts samples.
type counting struct{ heard atomic.Int64 }

func (c *counting) Hear(pcm []int16, _ int64) bool { c.heard.Add(int64(len(pcm))); return false }
func (c *counting) Record([]int16, int64)          {}

// Somebody whose microphone falls silent in the middle is heard to be silent, because
// time goes on without packets.
func TestAnEarHearsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var who counting
		e, err := NewEar(&who, g711.MuLaw(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		var track scripted
		for i := range 10 {
			track.packet(rtp.Header{SSRC: 1, SequenceNumber: uint16(i), Timestamp: uint32(i * 160)}, make([]byte, 160)...)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		track.steps = append(track.steps, func([]byte) (int, error) { <-ctx.Done(); return 0, errors.New("woken") })
		e.listen(ctx, &track)
		if heard := who.heard.Load(); heard < audio.HearRate*8/10 {
			t.Errorf("%d samples were heard in a second", heard)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
