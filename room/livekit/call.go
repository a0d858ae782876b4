package livekit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	pion "github.com/pion/webrtc/v4"

	"parley/agent"
	"parley/audio"
	"parley/llm"
	"parley/room"
)

const (
	// trackName is the name of the agent's voice in a room.
	trackName = "agent"
	// endTime is how long a conversation may take to end.
	endTime = 10 * time.Second
	// subscribeTime is how long the greeting waits for somebody who hears it.
	subscribeTime = 3 * time.Second
	// maxEvents is how many events of the conversation may wait to be told in the room.
	maxEvents = 512
)

// call is one job: a conversation in a room. The goroutine in Worker.work owns it. The
// client's callbacks only put things into channels that never block, or end the call.
type call struct {
	log          *slog.Logger
	conversation *agent.Conversation
	room         *lksdk.Room
	line         Line
	// ctx lives as long as the call; its cause is why it ended.
	ctx context.Context
	end context.CancelCauseFunc
	// rejoins is the job's.
	rejoins *atomic.Bool
	// opened is the connection whose data channels are known to be open.
	opened atomic.Pointer[pion.PeerConnection]

	// people says that somebody came, left, or published something.
	people chan struct{}
	// heard says that somebody receives the agent's voice.
	heard  chan struct{}
	tracks chan track
	own    *post // what the shopper writes
	others *post // what all others do

	// eyes look at photos; nil where none are taken. photoPlaces are the worker's.
	eyes        func(ctx context.Context, file []byte) ([]llm.Image, error)
	photoPlaces chan struct{}
	filming     chan struct{}                                   // a place for who takes a picture
	films       chan *pion.TrackRemote                          // cameras that were subscribed to
	pictures    chan []byte                                     // for the conversation to be shown
	wanted      chan string                                     // who wants a picture taken
	newEar      func(audio.Listener, *slog.Logger) (Ear, error) // nil: nobody else is heard

	newsMu sync.Mutex
	news   chan struct{} // closed when people have come or gone

	joining sync.WaitGroup // clients that join, or try to

	// mu is never held while the client is asked who is in the room: it calls back under
	// the lock that this takes.
	mu sync.Mutex
	// shopper is the identity of the person whom the conversation is with.
	shopper string
	// microphones are people's newest tracks, for transcripts, by identity.
	microphones map[string]string
	asked       map[string]bool             // tracks that were subscribed to, by id
	ears        map[string]*agent.Bystander // by identity
	state       agent.State
	aside       bool // staff have the floor
	figures     CallStatus
	untold      bool // the room may not know the agent's attributes: it joined anew
}

// track is one that came from a participant.
type track struct {
	remote *pion.TrackRemote
	owner  string
}

// Line is the sound of a call, both ways.
type Line interface {
	// Speak sends a packet every 20 ms until ctx ends.
	Speak(ctx context.Context)
	// Listen passes on what comes on a track until the track ends, or ctx does and the
	// track is woken. A later track waits until the one before has ended.
	Listen(ctx context.Context, track *pion.TrackRemote)
	// Close frees the codecs, when Speak and Listen have returned.
	Close() error
}

// Ear is the sound of one person whom the agent hears and does not speak to.
type Ear interface {
	// Listen passes on what comes on a track until the track ends, or ctx does and the
	// track is woken.
	Listen(ctx context.Context, track *pion.TrackRemote)
	// Close frees the codec, when Listen has returned.
	Close() error
}

// guest seats a conversation in a room.
type guest struct{ *agent.Conversation }

// Open implements room.Guest: there are no channels of a client's here.
func (guest) Open(room.Channel) {}

// Left implements room.Guest; the call detaches the conversation itself.
func (guest) Left(error) {}

var _ room.Guest = guest{}

// Why a call in a room ends.
var (
	errRoomGone = errors.New("the room is no more")
	errOver     = errors.New("the conversation has ended")
	errNobody   = errors.New("nobody came")
)

// work holds the conversation of a job until it is over, whoever ends it. ctx's cause,
// set by e's end, is why. An error says that there was no conversation.
func (w *Worker) work(ctx context.Context, e *errand, a *lk.JobAssignment) error {
	job := a.GetJob()
	lens := new(camera)
	about := Job{Metadata: job.GetMetadata(), Room: job.GetRoom().GetName(), Agent: identity(job), Participant: job.GetParticipant().GetIdentity()}
	conversation, shopper, err := w.cfg.Begin(ctx, about, w.sees(lens))
	if err != nil {
		return failed("beginning a conversation", err)
	}
	w.tell(&lk.WorkerMessage{Message: &lk.WorkerMessage_UpdateJob{UpdateJob: &lk.UpdateJobStatus{JobId: job.Id, Status: lk.JobStatus_JS_RUNNING}}})
	w.settled(job.Id)
	return w.hold(ctx, e, conversation, visit{room: about.Room, url: w.roomURL(a), token: a.GetToken(), shopper: cmp.Or(shopper, about.Participant), lens: lens})
}

// sees gives a conversation's agent the shopper's camera, where pictures are looked at.
func (w *Worker) sees(lens *camera) func(*agent.Options) {
	return func(o *agent.Options) {
		if w.cfg.Look != nil {
			o.Engines.Tools = sighted{o.Engines.Tools, lens}
		}
	}
}

// visit is a room that a conversation is to be held in, with whom, through which camera
// they are seen, and who wants to know that the agent is there with its track, if any.
type visit struct {
	room, url, token, shopper string
	lens                      *camera
	arrived                   func()
}

// hold holds a conversation in a room until it is over, as work does.
func (w *Worker) hold(ctx context.Context, e *errand, conversation *agent.Conversation, v visit) error {
	c := &call{
		log: w.log.With("conversation", conversation.ID(), "room", v.room), conversation: conversation, ctx: ctx, end: e.end, rejoins: &e.rejoins,
		people: make(chan struct{}, 1), news: make(chan struct{}), heard: make(chan struct{}, 1), tracks: make(chan track, 8),
		own: newPost(), others: newPost(), state: agent.Listening,
		shopper: v.shopper, asked: make(map[string]bool),
		newEar: w.cfg.NewEar, eyes: w.cfg.Look, photoPlaces: w.photos,
		filming: make(chan struct{}, 1), films: make(chan *pion.TrackRemote, 1), pictures: make(chan []byte), wanted: make(chan string, 1), microphones: make(map[string]string), ears: make(map[string]*agent.Bystander),
	}
	c.figures = CallStatus{Room: v.room, Conversation: conversation.ID(), Began: time.Now()}
	w.mu.Lock()
	e.call = c
	w.mu.Unlock()
	events := conversation.Subscribe(maxEvents, true)
	defer events.Close()
	err := c.run(w, v, events)
	cause := context.Cause(ctx)
	if err != nil {
		cause = err
	}
	w.cfg.End(conversation, cause)
	select {
	case <-conversation.Done():
	case <-time.After(endTime):
		c.log.Warn("a conversation does not end")
	}
	c.log.Info("a call in a room ended", "cause", cause)
	return err
}

// run joins, talks until the call ends, and leaves. It ends the call itself on errors.
func (c *call) run(w *Worker, v visit, events *agent.Subscription) error {
	defer c.end(errOver)
	out, err := pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{
		MimeType: pion.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
	}, "voice", trackName)
	if err != nil {
		return failed("making a track", err)
	}
	if c.line, err = w.cfg.NewLine(guest{c.conversation}, out, c.log); err != nil {
		return failed("preparing a call's sound", err)
	}
	var loops sync.WaitGroup
	defer func() {
		c.end(errOver)
		loops.Wait()
		c.joining.Wait()
		if err := c.line.Close(); err != nil {
			c.log.Warn("freeing a call's codecs", "error", err)
		}
	}()
	loops.Go(func() { // the room may take the conversation with it, and the other way round
		select {
		case <-c.conversation.Done():
			c.end(errOver)
		case <-c.ctx.Done():
		}
	})

	if err := c.join(v.url, v.token, out); err != nil {
		return err
	}
	defer c.room.Disconnect()
	v.lens.call.Store(c)
	if v.arrived != nil {
		v.arrived()
	}

	loops.Go(func() { c.line.Speak(c.ctx) })
	loops.Go(func() { c.tell(events) })
	loops.Go(func() { c.answerText() })
	loops.Go(func() { c.showPictures() })
	c.changed()
	return c.stay(w.cfg.Grace, &loops, func() { w.vacate(c.ctx, v.room) })
}

// stay sees to people and tracks until the call ends. A room to which nobody came it
// vacates, while it is in it: somebody who comes at that time is in no room then, and not
// in one that the agent has left.
func (c *call) stay(grace time.Duration, loops *sync.WaitGroup, vacate func()) error {
	alone := time.NewTimer(grace)
	defer alone.Stop()
	greet := time.NewTimer(time.Hour)
	defer greet.Stop()
	attached := false
	attach := func() {
		if !attached {
			attached = true
			if err := c.conversation.Attach(c.ctx); err != nil {
				c.end(fmt.Errorf("beginning to talk: %w", err))
			}
		}
	}
	var p presence
	for {
		select {
		case <-c.ctx.Done():
			c.conversation.Detach(context.Cause(c.ctx))
			return nil
		case <-c.people:
			c.tellAnew()
			switch came, went := c.notice(&p); {
			case came:
				alone.Stop()
				if !p.met {
					p.met = true
					greet.Reset(subscribeTime)
				}
			case went:
				alone.Reset(grace)
			}
		case <-c.heard:
			attach()
		case <-greet.C:
			attach() // a client that hears nothing may still read
		case <-alone.C:
			if p.present {
				continue
			}
			if p.met {
				c.end(room.ErrHungUp)
				continue
			}
			c.end(errNobody)
			if len(c.room.GetRemoteParticipants()) == 0 {
				vacate()
			}
		case t := <-c.tracks:
			loops.Go(func() { c.listen(t) })
		}
	}
}

// presence is what was known of the people in the room when they were last looked at.
type presence struct {
	present, met bool   // the shopper is there, or has been
	staff        bool   // some of the staff are
	told         string // who the room knows to be the shopper
}

// notice looks at who is in the room, and says if the shopper has come or gone.
func (c *call) notice(p *presence) (came, went bool) {
	s := c.look()
	if s.rival {
		c.end(errRival)
		return false, false
	}
	if s.shopper != p.told {
		p.told = s.shopper
		c.room.LocalParticipant.SetAttributes(map[string]string{shopperAttribute: p.told})
	}
	if p.staff && !s.staff {
		c.returned()
	}
	came, went = s.here && !p.present, !s.here && p.present
	p.staff, p.present = s.staff, s.here
	return came, went
}

// returned has the agent take the floor again when the last of the staff has left.
func (c *call) returned() {
	if err := c.conversation.ComeBack(c.ctx); err != nil {
		c.log.Debug("taking the floor again", "error", err)
	}
}

// listen hears one microphone until it is taken away or the call ends.
func (c *call) listen(t track) {
	c.mu.Lock()
	mine := t.owner == c.shopper
	c.mu.Unlock()
	if !mine {
		c.overhear(t)
		return
	}
	stop := context.AfterFunc(c.ctx, func() { _ = t.remote.SetReadDeadline(time.Now()) })
	defer stop()
	c.line.Listen(c.ctx, t.remote)
}
