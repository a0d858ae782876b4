package webrtc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	pion "github.com/pion/webrtc/v4"

	"parley/audio"
	"parley/audio/receive"
	"parley/room"
)

// Call is one client's connection. Its methods may be called from any goroutine.
//
// The goroutine in run owns it: it starts every other goroutine of the call, waits
// for them, and is the only one that ends it. pion's handlers and outside callers
// hand it things through channels that never block.
type Call struct {
	server *Server
	guest  room.Guest
	codec  audio.Codec
	pauses bool // the client prefers not to be sent silence
	log    *slog.Logger

	connection *pion.PeerConnection
	track      *pion.TrackLocalStaticRTP
	line       *Line

	// ctx lives as long as the call; its cause is why it ended.
	ctx context.Context
	end context.CancelCauseFunc

	// reached says that there has been a connection, written that a message has come.
	reached   atomic.Bool
	written   atomic.Bool
	connected chan struct{}
	tracks    chan *pion.TrackRemote
	channels  chan *channel
	done      chan struct{}

	// negotiating is held, as its one token, by whoever exchanges descriptions.
	negotiating chan struct{}
	trickled    int // candidates so far; under negotiating

	// counted says that the server counts the call as connecting; it belongs to the
	// server and its mutex.
	counted bool
}

var _ room.Call = (*Call)(nil)

func newCall(server *Server, guest room.Guest, codec audio.Codec) *Call {
	ctx, end := context.WithCancelCause(context.Background())
	return &Call{
		server: server, guest: guest, codec: codec, log: server.log,
		ctx: ctx, end: end,
		connected:   make(chan struct{}, 1),
		tracks:      make(chan *pion.TrackRemote, 4),
		channels:    make(chan *channel, maxChannels),
		done:        make(chan struct{}),
		negotiating: make(chan struct{}, 1),
	}
}

// open makes the connection, answers the offer and starts the owner.
func (c *Call) open(ctx context.Context, offerSDP string) (string, error) {
	buffers := newBuffers(func() { c.end(errTooManyStreams) })
	connection, err := c.server.api(c.codec, buffers).NewPeerConnection(c.server.ice)
	if err != nil {
		return "", fmt.Errorf("making a connection: %w", err)
	}
	c.connection = connection
	c.track, err = pion.NewTrackLocalStaticRTP(capability(c.codec), "voice", "agent")
	if err != nil {
		return "", fmt.Errorf("making a track: %w", err)
	}
	out, err := connection.AddTrack(c.track)
	if err != nil {
		return "", fmt.Errorf("adding a track: %w", err)
	}
	ssrc := uint32(out.GetParameters().Encodings[0].SSRC)
	connection.OnConnectionStateChange(c.stateChanged)
	connection.OnTrack(c.trackCame)
	connection.OnDataChannel(c.channelCame)

	answer, err := c.negotiate(ctx, offerSDP)
	if err != nil {
		return "", err
	}
	if c.line, err = newLine(c.guest, c.codec, c.track, c.connection, c.log); err != nil {
		return "", err
	}
	c.line.sender.reports.sent.ssrc = ssrc
	c.line.sender.silence = audio.NewSuppressor(c.codec, c.pauses)
	go c.run()
	return answer, nil
}

// abandon undoes open after it failed.
func (c *Call) abandon() {
	c.end(errors.New("the offer could not be answered"))
	if c.connection != nil {
		_ = c.connection.GracefulClose()
	}
	c.server.release(c)
	close(c.done)
}

// Renegotiate takes another offer of the same client, be it to restart ICE on a
// new network or to add a channel or a track, and returns the answer. The call
// goes on as it is when it fails. The errors are those of [Server.Answer].
func (c *Call) Renegotiate(ctx context.Context, offerSDP string) (string, error) {
	offered, err := parseOffer(offerSDP)
	if err != nil {
		return "", err
	}
	if _, err := offered.choose([]audio.Codec{c.codec}); err != nil {
		return "", err
	}
	if c.ctx.Err() != nil {
		return "", ended(context.Cause(c.ctx))
	}
	return c.negotiate(ctx, offerSDP)
}

// negotiate exchanges descriptions and waits for the candidates.
func (c *Call) negotiate(ctx context.Context, offerSDP string) (string, error) {
	select {
	case c.negotiating <- struct{}{}:
		defer func() { <-c.negotiating }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-c.ctx.Done():
		return "", ended(context.Cause(c.ctx))
	}
	offer := pion.SessionDescription{Type: pion.SDPTypeOffer, SDP: offerSDP}
	if err := c.connection.SetRemoteDescription(offer); err != nil {
		return "", malformed("The offer cannot be used: %s.", shorten(err.Error(), 200))
	}
	gathered := pion.GatheringCompletePromise(c.connection)
	answer, err := c.connection.CreateAnswer(nil)
	if err == nil {
		err = c.connection.SetLocalDescription(answer)
	}
	if err != nil {
		return "", malformed("The offer cannot be answered: %s.", shorten(err.Error(), 200))
	}
	// Candidates of our own are there at once. Only STUN and TURN take time, and
	// no longer than the gather timeout.
	late := time.NewTimer(c.server.config.GatherTimeout)
	defer late.Stop()
	select {
	case <-gathered:
	case <-late.C:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-c.ctx.Done():
		return "", ended(context.Cause(c.ctx))
	}
	description := c.connection.LocalDescription()
	if description == nil {
		return "", errors.New("the connection was closed while its answer was made")
	}
	return withPreferences(description.SDP, c.codec), nil
}

// stateChanged is called by pion.
func (c *Call) stateChanged(state pion.PeerConnectionState) {
	switch state {
	case pion.PeerConnectionStateConnected:
		c.reached.Store(true)
		select {
		case c.connected <- struct{}{}:
		default:
		}
	case pion.PeerConnectionStateFailed:
		c.broken(room.ErrLost)
	case pion.PeerConnectionStateClosed:
		// Closed from here, the call has had its cause before.
		c.broken(room.ErrHungUp)
	}
}

// broken ends the call when its connection is no more.
func (c *Call) broken(cause error) {
	if !c.reached.Load() {
		cause = ErrNeverConnected
	}
	c.end(cause)
}

// trackCame is called by pion.
func (c *Call) trackCame(track *pion.TrackRemote, _ *pion.RTPReceiver) {
	if track.Kind() != pion.RTPCodecTypeAudio {
		return
	}
	select {
	case c.tracks <- track:
	default:
		c.log.Debug("ignoring a track: too many came at once", "ssrc", track.SSRC())
	}
}

// channelCame is called by pion.
func (c *Call) channelCame(incoming *pion.DataChannel) {
	incoming.OnOpen(func() {
		raw, err := incoming.Detach()
		if err != nil {
			c.log.Debug("taking a data channel", "label", incoming.Label(), "error", err)
			return
		}
		data, ok := raw.(dataChannel)
		if !ok {
			_ = raw.Close()
			return
		}
		select {
		case c.channels <- newChannel(incoming.Label(), data, &c.written):
		default:
			_ = raw.Close()
		}
	})
}

// run owns the call from its answer to its end.
func (c *Call) run() {
	defer close(c.done)
	var loops sync.WaitGroup
	connectTimeout := time.NewTimer(c.server.config.ConnectTimeout)
	defer connectTimeout.Stop()
	mute := time.NewTimer(time.Hour)
	mute.Stop()
	defer mute.Stop()
	talking := false
	open := make(chan struct{}, maxChannels)

	for c.ctx.Err() == nil {
		select {
		case <-c.ctx.Done():

		case <-connectTimeout.C:
			if !talking {
				c.end(ErrNeverConnected)
			}

		case <-c.connected:
			c.server.connected(c)
			if talking {
				continue // connected again, after an ICE restart
			}
			talking = true
			mute.Reset(c.server.config.MuteAfter)
			loops.Go(func() { c.line.Speak(c.ctx) })

		case <-mute.C:
			if !c.written.Load() && !c.line.Heard() {
				c.end(ErrMute)
			}

		case track := <-c.tracks:
			loops.Go(func() { c.line.Listen(c.ctx, track) })

		case opened := <-c.channels:
			select {
			case open <- struct{}{}:
			default:
				c.log.Debug("closing a data channel: too many are open", "label", opened.label)
				_ = opened.data.Close()
				continue
			}
			c.guest.Open(opened)
			loops.Go(func() {
				defer func() { <-open }()
				err := opened.read()
				c.log.Debug("data channel closed", "label", opened.label, "cause", err)
			})
		}
	}
	c.tearDown(&loops)
}

// tearDown ends everything that is left of a call whose context has ended.
func (c *Call) tearDown(loops *sync.WaitGroup) {
	cause := context.Cause(c.ctx)
	if err := c.connection.GracefulClose(); err != nil {
		c.log.Debug("closing a connection", "error", err)
	}
	loops.Wait()
	if err := c.line.Close(); err != nil {
		c.log.Warn("freeing a call's codecs", "error", err)
	}
	c.server.release(c)
	c.guest.Left(cause)
}

// Hangup implements [room.Call]. The first cause counts; nil means [room.ErrHungUp].
// It must not be called from within a method of the guest, which it waits for.
func (c *Call) Hangup(ctx context.Context, cause error) error {
	if cause == nil {
		cause = room.ErrHungUp
	}
	c.end(cause)
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("hanging up: %w", context.Cause(ctx))
	}
}

// Received tells what has become of the packets that came so far.
func (c *Call) Received() receive.Stats { return c.line.Received() }

// Done implements [room.Call].
func (c *Call) Done() <-chan struct{} { return c.done }
