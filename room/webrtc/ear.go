package webrtc

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	pion "github.com/pion/webrtc/v4"

	"parley/audio"
	"parley/audio/pace"
	"parley/audio/receive"
)

// Ear is the receiving half of a [Line]: what somebody says whom the agent hears and
// does not speak to. It is for one track, and for one goroutine.
type Ear struct {
	hearing  *hearing
	receiver *receive.Receiver
}

// NewEar makes an ear for a listener. It fails if the codec's hearing decoder cannot be
// made. Close frees it.
func NewEar(listener audio.Listener, codec audio.Codec, log *slog.Logger) (*Ear, error) {
	receiver, err := receive.New(codec, listener, receive.Options{Log: log})
	if err != nil {
		return nil, fmt.Errorf("making the receiving side for %s: %w", codec.Name, err)
	}
	return &Ear{hearing: &hearing{clockRate: codec.ClockRate}, receiver: receiver}, nil
}

// Listen passes on what comes on a track until the track ends or ctx does; ending ctx
// does not wake a track that is silent, closing it does.
func (e *Ear) Listen(ctx context.Context, track *pion.TrackRemote) { e.listen(ctx, track) }

func (e *Ear) listen(ctx context.Context, track remoteTrack) {
	ctx, cancel := context.WithCancel(ctx)
	var ticking sync.WaitGroup
	// Without a sender somebody else has to tell the receiver of the time.
	ticking.Go(func() { pace.Run(ctx, func(now time.Time, _ int64) { e.receiver.Tick(now) }) })
	e.hearing.read(ctx, track, e.receiver)
	cancel()
	ticking.Wait()
}

// Close frees the codec, when Listen has returned.
func (e *Ear) Close() error { return e.receiver.Close() }
