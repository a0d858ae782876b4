package caller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	pion "github.com/pion/webrtc/v4"
)

// dial calls an agent directly: it exchanges descriptions and waits for the connection.
func (s *session) dial(ctx context.Context, api *pion.API) (_ link, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	connection, err := api.NewPeerConnection(pion.Configuration{})
	if err != nil {
		return link{}, fmt.Errorf("making a connection: %w", err)
	}
	resource := ""
	way := link{
		hangup: func(ctx context.Context) error { return signaller{s.options}.hangup(ctx, resource) },
		close:  func() { _ = connection.GracefulClose() }, // what cannot be closed is gone
	}
	defer func() {
		if err != nil {
			_ = way.hangup(ctx) // it has failed already
			way.close()
		}
	}()
	track, err := pion.NewTrackLocalStaticRTP(capability(s.options.Codec), "microphone", "caller")
	if err == nil {
		_, err = connection.AddTrack(track)
	}
	if err != nil {
		return link{}, fmt.Errorf("adding a track: %w", err)
	}
	way.out = track
	connected := s.watch(connection)
	connection.OnTrack(func(track *pion.TrackRemote, _ *pion.RTPReceiver) {
		s.reading.Go(func() { s.read(track) })
	})

	offer, err := connection.CreateOffer(nil)
	if err != nil {
		return link{}, fmt.Errorf("making an offer: %w", err)
	}
	gathered := pion.GatheringCompletePromise(connection)
	if err := connection.SetLocalDescription(offer); err != nil {
		return link{}, fmt.Errorf("making an offer: %w", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return link{}, fmt.Errorf("looking for addresses of this machine: %w", context.Cause(ctx))
	}
	s.offered = time.Now()
	var answer string
	if answer, resource, err = (signaller{s.options}).offer(ctx, connection.LocalDescription().SDP); err != nil {
		return link{}, err
	}
	err = connection.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer})
	if err != nil {
		return link{}, fmt.Errorf("the answer of %s cannot be used: %w", s.options.URL, err)
	}
	// The answer has the one codec that was offered.
	way.pauses = strings.Contains(answer, "usedtx=1")
	select {
	case <-connected:
		return way, nil
	case <-ctx.Done():
		if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) {
			return link{}, cause
		}
		return link{}, fmt.Errorf("the agent answered, but no connection came about within %v: are its addresses reachable by UDP from here?", s.options.Timeout)
	}
}

// watch ends the session with its connection; the channel is closed when there is one.
func (s *session) watch(connection *pion.PeerConnection) <-chan struct{} {
	connected := make(chan struct{})
	var once sync.Once
	connection.OnConnectionStateChange(func(state pion.PeerConnectionState) {
		switch state {
		case pion.PeerConnectionStateConnected:
			once.Do(func() { close(connected) })
		case pion.PeerConnectionStateFailed, pion.PeerConnectionStateClosed:
			s.end(errAgentHungUp)
		}
	})
	return connected
}
