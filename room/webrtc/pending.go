package webrtc

import (
	"context"
	"time"

	"parley/audio"
)

func paceRun(ctx context.Context, tick func(time.Time, int64)) {
	start := time.Now()
	for n := int64(0); ; n++ {
		due := start.Add(time.Duration(n) * audio.Tick)
		if wait := time.Until(due); wait > 0 {
			t := time.NewTimer(wait)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return
			}
		} else if ctx.Err() != nil {
			return
		}
		tick(time.Now(), n)
	}
}

type simpleReceiver struct {
	d   audio.Decoder
	l   audio.Listener
	pcm []int16
	at  int64
}

func newReceiver(c audio.Codec, l audio.Listener) (receiver, error) {
	d, err := c.NewHearing()
	if err != nil {
		return nil, err
	}
	return &simpleReceiver{d: d, l: l}, nil
}
func (s *simpleReceiver) Push(p audio.Packet) {
	var err error
	s.pcm, err = s.d.Decode(s.pcm[:0], p.Payload)
	if err == nil {
		if s.l.Hear(s.pcm, s.at) {
			s.l.Record(s.pcm, s.at)
		}
		s.at += int64(len(s.pcm))
	}
}
func (s *simpleReceiver) Tick(time.Time) {}
func (s *simpleReceiver) Close() error   { return s.d.Close() }
