package webrtc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"parley/audio"
	"parley/audio/receive"
	"parley/room"
)

// Line is the sound of a call, both ways, over a connection that its owner makes and
// keeps: a [Call] here, or a media server's client, which also writes the reports. Its
// methods may be called from any goroutine.
type Line struct {
	sender   *sender
	receiver *receive.Receiver
	log      *slog.Logger
	codec    audio.Codec
	encoders chan audio.Encoder
	// reading is held, as its one token, by the track that is listened to.
	reading chan struct{}
}

// Outgoing takes packets; pion's local track for RTP is one.
type Outgoing interface{ WriteRTP(*rtp.Packet) error }

// NewLine makes the line between a guest and somebody else's connection. It fails if the
// codec's hearing decoder cannot be made. Close frees it.
func NewLine(guest room.Guest, codec audio.Codec, out Outgoing, log *slog.Logger) (*Line, error) {
	return newLine(guest, codec, out, unreported{}, log)
}

func newLine(guest room.Guest, codec audio.Codec, out Outgoing, reports rtcpWriter, log *slog.Logger) (*Line, error) {
	receiver, err := receive.New(codec, guest, receive.Options{Log: log})
	if err != nil {
		return nil, fmt.Errorf("making the receiving side for %s: %w", codec.Name, err)
	}
	l := &Line{
		sender: newSender(guest, codec, out, receiver, reports), receiver: receiver, log: log, codec: codec,
		encoders: make(chan audio.Encoder, 1), reading: make(chan struct{}, 1),
	}
	l.sender.encoders = l.encoders
	return l, nil
}

// Speak sends a packet every 20 ms until ctx ends. Call it once.
func (l *Line) Speak(ctx context.Context) {
	var opening sync.WaitGroup
	opening.Go(func() { openEncoder(ctx, l.codec, l.encoders, l.log) })
	if skipped := l.sender.run(ctx); skipped > 0 {
		l.log.Info("a call's sound had gaps because the machine was busy", "packets", skipped)
	}
	opening.Wait()
}

// Listen passes on what comes on a track until the track ends or ctx does; ending ctx
// does not wake a track that is silent, closing it does. A later track waits until
// the one before has ended.
func (l *Line) Listen(ctx context.Context, track *pion.TrackRemote) {
	select {
	case l.reading <- struct{}{}:
		defer func() { <-l.reading }()
		l.sender.heard.read(ctx, track, l.receiver)
	case <-ctx.Done():
	}
}

// Heard says whether a packet of sound has ever come.
func (l *Line) Heard() bool { return l.sender.heard.arrivals.some() }

// Received tells what has become of the packets that came so far.
func (l *Line) Received() receive.Stats { return l.receiver.Stats() }

// Close frees the codecs, when Speak and Listen have returned.
func (l *Line) Close() error {
	var errs []error
	select {
	case encoder := <-l.encoders:
		errs = append(errs, encoder.Close())
	default:
	}
	return errors.Join(append(errs, l.receiver.Close())...)
}

// unreported drops reports that the connection's owner writes itself.
type unreported struct{}

func (unreported) WriteRTCP([]rtcp.Packet) error { return nil }
