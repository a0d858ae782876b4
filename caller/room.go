package caller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	pion "github.com/pion/webrtc/v4"
)

// ticket is the answer to a request for a way into a room.
type ticket struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

// joinRoom goes into a room of the session's own, into which the agent is sent.
func (s *session) joinRoom(ctx context.Context) (link, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	if s.options.Codec.ClockRate != 48000 {
		return link{}, fmt.Errorf("LiveKit's rooms take Opus, not %s", s.options.Codec.Name)
	}
	way, err := s.askForTicket(ctx)
	if err != nil {
		return link{}, err
	}
	track, err := pion.NewTrackLocalStaticRTP(capability(s.options.Codec), "microphone", "caller")
	if err != nil {
		return link{}, fmt.Errorf("making a track: %w", err)
	}
	heard := make(chan struct{})
	room, err := s.enter(ctx, way, track, heard)
	if err != nil {
		return link{}, fmt.Errorf("joining the room at %s: %w", way.URL, err)
	}
	select {
	case <-heard:
		hangup := func(context.Context) error { room.Disconnect(); return nil }
		return link{out: track, hangup: hangup, close: room.Disconnect}, nil
	case <-ctx.Done():
		room.Disconnect()
		if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) {
			return link{}, cause
		}
		return link{}, fmt.Errorf("no agent came into the room within %v", s.options.Timeout)
	}
}

// enterTime bounds one try to enter a room: of the client's connections one in some
// hundreds never comes about, since it throws away an answer that comes very early.
const enterTime = 3 * time.Second

// enter enters a room, with another connection when one does not come about.
func (s *session) enter(ctx context.Context, way ticket, track *pion.TrackLocalStaticRTP, heard chan struct{}) (*lksdk.Room, error) {
	for {
		entered := new(atomic.Bool)
		room := lksdk.NewRoom(s.roomCallbacks(entered, heard))
		s.mu.Lock()
		s.joined = time.Now()
		s.mu.Unlock()
		err := room.JoinWithContextAndToken(ctx, way.URL, way.Token, lksdk.WithLogger(logger.GetDiscardLogger()), lksdk.WithConnectTimeout(enterTime), lksdk.WithSinglePeerConnection(),
			lksdk.WithTrack(track, &lksdk.TrackPublicationOptions{Name: "microphone", Source: livekit.TrackSource_MICROPHONE}))
		if err == nil {
			entered.Store(true)
			return room, nil
		}
		room.Disconnect()
		if ctx.Err() != nil || !errors.Is(err, lksdk.ErrConnectionTimeout) {
			return nil, err
		}
	}
}

// roomCallbacks are what the room's client calls, from goroutines of its own. entered says
// that it is in the room; heard is closed when the agent's voice has come.
func (s *session) roomCallbacks(entered *atomic.Bool, heard chan struct{}) *lksdk.RoomCallback {
	var once sync.Once
	isAgent := func(p *lksdk.RemoteParticipant) bool {
		return livekit.ParticipantInfo_Kind(p.Kind()) == livekit.ParticipantInfo_AGENT
	}
	return &lksdk.RoomCallback{
		OnDisconnected: func() {
			if entered.Load() { // else it is of a connection that did not come about
				s.end(errAgentHungUp)
			}
		},
		OnParticipantDisconnected: func(p *lksdk.RemoteParticipant) {
			if isAgent(p) {
				s.end(errAgentHungUp)
			}
		},
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackPublished: func(_ *lksdk.RemoteTrackPublication, p *lksdk.RemoteParticipant) {
				if isAgent(p) {
					s.present()
				}
			},
			OnTrackSubscribed: func(track *pion.TrackRemote, _ *lksdk.RemoteTrackPublication, p *lksdk.RemoteParticipant) {
				if track.Kind() == pion.RTPCodecTypeAudio && isAgent(p) {
					s.present() // of one that was there before, nothing is told earlier
					s.reading.Go(func() { s.read(track) })
					once.Do(func() { close(heard) })
				}
			},
		},
	}
}

// present notes that the agent's track is there.
func (s *session) present() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.result.present == 0 {
		s.result.present = time.Since(s.joined)
	}
}

// askForTicket asks the agent's API for a way into a room. Each session has one of its
// own, so that each has an agent.
func (s *session) askForTicket(ctx context.Context) (ticket, error) {
	room := s.options.URL
	if s.options.Sessions > 1 {
		room += "-" + strconv.Itoa(s.number+1)
	}
	signals := signaller{s.options}
	s.offered = time.Now()
	wish, err := json.Marshal(struct {
		Prepare *bool `json:"prepare,omitempty"`
	}{s.options.Prepared})
	if err != nil {
		return ticket{}, fmt.Errorf("asking for a way into a room: %w", err)
	}
	r, err := signals.do(ctx, http.MethodPost, room+"/token", wish, "application/json", "application/json")
	if err != nil {
		return ticket{}, err
	}
	if r.code != http.StatusCreated {
		return ticket{}, signals.refusal(r)
	}
	var way ticket
	if err := json.Unmarshal(r.text, &way); err != nil || way.URL == "" || way.Token == "" {
		return ticket{}, fmt.Errorf("%s/token did not answer with {\"url\":…,\"token\":…} but with %s", room, excerpt(r.text))
	}
	return way, nil
}
