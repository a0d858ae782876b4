package rooms

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
)

// worker is one that goes ahead, or does not.
type worker struct {
	status Status
	err    error
	went   int
}

func (w *worker) Status() Status { return w.status }
func (w *worker) GoAhead(_ context.Context, room, metadata string) error {
	if room != "aisle" || metadata != "for ann" {
		return errors.New("it is sent elsewhere")
	}
	w.went++
	return w.err
}

// server is what of a LiveKit server knows who is in a room, and dispatches.
type server struct {
	lk.RoomService
	lk.AgentDispatchService
	people     []*lk.ParticipantInfo
	err        error
	dispatched int
	refuses    error
	arrives    time.Time // when the voice of the agent that was dispatched is there
}

func (s *server) ListParticipants(context.Context, *lk.ListParticipantsRequest) (*lk.ListParticipantsResponse, error) {
	people := s.people
	if s.dispatched > 0 && !time.Now().Before(s.arrives) {
		people = append(people, &lk.ParticipantInfo{Kind: lk.ParticipantInfo_AGENT, Tracks: []*lk.TrackInfo{{}}})
	}
	return &lk.ListParticipantsResponse{Participants: people}, s.err
}

func (s *server) CreateDispatch(context.Context, *lk.CreateAgentDispatchRequest) (*lk.AgentDispatch, error) {
	if s.refuses != nil {
		return nil, s.refuses
	}
	s.dispatched++
	return &lk.AgentDispatch{}, nil
}

func TestSendAhead(t *testing.T) {
	person := []*lk.ParticipantInfo{{Kind: lk.ParticipantInfo_STANDARD}}
	agent := []*lk.ParticipantInfo{{Kind: lk.ParticipantInfo_AGENT}}
	free, half := Status{Limit: 4, Taken: 1}, Status{Limit: 4, Taken: 2}
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		wanted           *bool
		worker           *worker
		server           server
		arrives          time.Duration
		went, dispatched int
		err              error
		within           time.Duration
	}{
		"nobody is there":                  {worker: &worker{status: free}, went: 1},
		"no such room":                     {worker: &worker{status: free}, server: server{err: twirp.NotFoundError("no room")}, went: 1},
		"another's agent waits":            {worker: &worker{status: free}, server: server{people: agent}, went: 1},
		"somebody is there":                {worker: &worker{status: free}, server: server{people: person}},
		"it is not known who is there":     {worker: &worker{status: free}, server: server{err: broken}},
		"half of the places are taken":     {worker: &worker{status: half}},
		"nobody works here":                {},
		"it cannot go":                     {worker: &worker{status: free, err: broken}, went: 1},
		"not wanted":                       {wanted: new(false), worker: &worker{status: free}},
		"wanted, somebody is there":        {wanted: new(true), worker: &worker{status: half}, server: server{people: person}, went: 1},
		"wanted, and it cannot go":         {wanted: new(true), worker: &worker{err: broken}, arrives: 300 * time.Millisecond, went: 1, dispatched: 1, within: 320 * time.Millisecond},
		"wanted, and nobody works here":    {wanted: new(true), arrives: time.Second, dispatched: 1, within: 1020 * time.Millisecond},
		"wanted, and nobody comes":         {wanted: new(true), arrives: time.Hour, dispatched: 1, within: aheadTime},
		"wanted, and none can be sent":     {wanted: new(true), server: server{refuses: broken}, err: broken},
		"wanted, in a room that goes away": {wanted: new(true), server: server{err: broken}, dispatched: 1, within: aheadTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				c.server.arrives = began.Add(c.arrives)
				d := &Door{cfg: Config{Key: "key", Secret: "a secret of at least 32 characters", AgentName: "parley", Log: slog.New(slog.DiscardHandler)}, people: &c.server, dispatch: &c.server}
				d.Employ(nobody{})
				if c.worker != nil {
					d.Employ(c.worker)
				}
				if err := d.sendAhead(t.Context(), "aisle", "for ann", c.wanted); !errors.Is(err, c.err) {
					t.Errorf("the error is %v, want %v", err, c.err)
				}
				if c.worker != nil && c.worker.went != c.went || c.server.dispatched != c.dispatched {
					t.Errorf("%+v went, %d were dispatched; want %d and %d", c.worker, c.server.dispatched, c.went, c.dispatched)
				}
				if took := time.Since(began); took > c.within {
					t.Errorf("it took %v, want at most %v", took, c.within)
				}
			})
		})
	}
}
