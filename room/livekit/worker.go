package livekit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	lk "github.com/livekit/protocol/livekit"
	pion "github.com/pion/webrtc/v4"

	"parley/agent"
	"parley/audio"
	"parley/llm"
	"parley/room"
)

// Config sets up a [Worker].
type Config struct {
	// URL is the server's address: ws, wss, http or https.
	URL string
	// APIKey and APISecret are the server's key pair.
	APIKey, APISecret string
	// AgentName is the name under which the agent is dispatched into rooms; with ""
	// it is sent into every room.
	AgentName string
	// Participants makes a job of every participant, in place of every room.
	Participants bool
	// MaxCalls is how many conversations may be under way at once, and Count tells how
	// many are, those of other doors included.
	MaxCalls int
	Count    func() int
	// NewLine makes the sound between a conversation and its room, which is Opus; what is
	// said goes to out.
	NewLine func(g room.Guest, out *pion.TrackLocalStaticRTP, log *slog.Logger) (Line, error)
	// NewEar makes the sound of one more person in the room, who is heard by l; nil means
	// that nobody but the shopper is heard.
	NewEar func(l audio.Listener, log *slog.Logger) (Ear, error)
	// Look makes images of a photo as it came; an error says to the shopper, in plain
	// words, why it is not taken. nil means that no photos are taken.
	Look func(ctx context.Context, file []byte) ([]llm.Image, error)
	// Begin starts the conversation of a job, with whom the job's metadata names. shopper
	// is the identity of the participant that it is with, "" for the first who is there.
	// adjust changes the conversation's options before.
	Begin func(ctx context.Context, job Job, adjust func(*agent.Options)) (c *agent.Conversation, shopper string, err error)
	// End ends a conversation.
	End func(c *agent.Conversation, cause error)
	// Grace is how long a conversation waits for the person to come, or to come back;
	// 20 s if zero.
	Grace time.Duration
	// Drain is how long calls may go on once the worker has been told to stop; nothing
	// if zero.
	Drain time.Duration
	// Version is the program's, which the server shows.
	Version string
	// Log is told what happens; nothing if nil.
	Log *slog.Logger
}

// Job is what a conversation is begun for.
type Job struct {
	// Metadata is the job's, as whoever sent the agent wrote it.
	Metadata string
	// Room is the room's name, Agent the agent's identity there, and Participant that of
	// the person whom the job is for, "" for whoever is there.
	Room, Agent, Participant string
}

// Worker offers this program's conversations to a LiveKit server.
type Worker struct {
	cfg Config
	log *slog.Logger

	calls  sync.WaitGroup // the jobs at work
	photos chan struct{}  // a place for each photo that is being received

	mu       sync.Mutex
	socket   *socket // nil while there is no connection
	id       string  // the server's name for the worker
	draining bool
	// promised are jobs that were accepted and have not begun, and since when.
	promised map[string]time.Time
	// running are jobs at work, by id.
	running map[string]*errand
	told    status // what the server was last told
	refused uint64 // jobs
}

// errand is a job at work.
type errand struct {
	end context.CancelCauseFunc
	// rejoins says that the connection to the room was lost, or did not come about, and is
	// made anew. The server then ends the job together with what it had of the agent
	// before; an agent whom it does not want any more it removes from the room, too.
	rejoins atomic.Bool
	call    *call // nil while there is no conversation; under Worker.mu
}

// status is a worker's own account of itself.
type status struct {
	full bool
	load float32
	jobs int
}

const (
	// promiseTime is how long an accepted job is waited for; the server gives up after
	// ten seconds.
	promiseTime = 12 * time.Second
	// reportEvery is how often the load is looked at, since it changes by other doors, too.
	reportEvery = time.Second
	// retryFirst and retryMost are how long is waited between attempts to connect.
	retryFirst = 250 * time.Millisecond
	retryMost  = 15 * time.Second
	// hangupTime is how long calls may take to end once their time is over.
	hangupTime = 10 * time.Second
)

// New makes a worker; nothing happens before Run.
func New(cfg Config) (*Worker, error) {
	switch {
	case cfg.URL == "", cfg.APIKey == "", cfg.APISecret == "":
		return nil, errors.New("a LiveKit worker needs an address, a key and a secret")
	case cfg.Begin == nil, cfg.End == nil, cfg.Count == nil, cfg.NewLine == nil:
		return nil, errors.New("a LiveKit worker needs conversations and their sound")
	case cfg.MaxCalls <= 0:
		return nil, errors.New("a LiveKit worker needs room for at least one call")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Grace <= 0 {
		cfg.Grace = 20 * time.Second
	}
	return &Worker{
		cfg: cfg, log: cfg.Log, photos: make(chan struct{}, photosAtOnce),
		promised: make(map[string]time.Time), running: make(map[string]*errand),
	}, nil
}

// Run registers with the server, again whenever the connection is lost, and works on
// what it is given until ctx ends. Then it takes no more, lets calls go on for the
// drain time, ends those that are left, and returns when all have ended.
func (w *Worker) Run(ctx context.Context) {
	// The connection outlives ctx: the server is told of draining and of calls that end.
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var connecting sync.WaitGroup
	connecting.Go(func() { w.stayConnected(life) })
	defer connecting.Wait()
	defer stop()

	<-ctx.Done()
	w.mu.Lock()
	w.draining = true
	left := len(w.running)
	w.mu.Unlock()
	w.report(true)
	if left > 0 {
		w.log.Info("letting LiveKit calls finish", "calls", left, "within", w.cfg.Drain)
	}
	idle := make(chan struct{})
	go func() { w.calls.Wait(); close(idle) }()
	over := time.NewTimer(w.cfg.Drain)
	defer over.Stop()
	select {
	case <-idle:
		return
	case <-over.C:
	}
	w.mu.Lock()
	for _, e := range w.running {
		e.end(room.ErrShutdown)
	}
	w.mu.Unlock()
	select {
	case <-idle:
	case <-time.After(hangupTime):
		w.log.Warn("LiveKit calls have not ended in time")
	}
}

// Registered says whether the server knows the worker now.
func (w *Worker) Registered() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.id != ""
}

// stayConnected keeps a connection to the server until ctx ends.
func (w *Worker) stayConnected(ctx context.Context) {
	wait := retryFirst
	for ctx.Err() == nil {
		registered, err := w.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if registered {
			wait = retryFirst
		}
		w.log.Warn("no connection to the LiveKit server; trying again", "in", wait, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait/2)): // so that workers do not all come at once
		}
		wait = min(2*wait, retryMost)
	}
}

// connect registers and serves one connection until it is lost or ctx ends.
func (w *Worker) connect(ctx context.Context) (registered bool, err error) {
	s, err := dial(ctx, w.cfg)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	beside.Go(func() {
		<-ctx.Done()
		s.close() // wakes the reader
	})
	err = s.send(&lk.WorkerMessage{Message: &lk.WorkerMessage_Register{Register: &lk.RegisterWorkerRequest{
		Type: w.jobType(), AgentName: w.cfg.AgentName, Version: w.cfg.Version, PingInterval: uint32(pingEvery / time.Second),
		AllowedPermissions: &lk.ParticipantPermission{
			CanSubscribe: true, CanPublish: true, CanPublishData: true, CanUpdateMetadata: true,
		},
	}}})
	if err != nil {
		return false, err
	}
	defer w.disconnected()
	for {
		m, err := s.receive()
		if err != nil {
			return registered, err
		}
		if welcome := m.GetRegister(); welcome != nil && !registered {
			registered = true
			w.mu.Lock()
			w.socket, w.id, w.told = s, welcome.WorkerId, status{}
			w.mu.Unlock()
			w.log.Info("registered with the LiveKit server", "worker", welcome.WorkerId, "agent", w.cfg.AgentName)
			w.report(true)
			beside.Go(func() { w.keepReporting(ctx, s) })
			continue
		}
		w.take(ctx, m)
	}
}

func (w *Worker) disconnected() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.socket, w.id = nil, ""
	clear(w.promised) // the server has given them up
}

func (w *Worker) jobType() lk.JobType {
	if w.cfg.Participants {
		return lk.JobType_JT_PARTICIPANT
	}
	return lk.JobType_JT_ROOM
}

// take is one message of the server.
func (w *Worker) take(ctx context.Context, m *lk.ServerMessage) {
	switch {
	case m.GetAvailability() != nil:
		w.consider(m.GetAvailability().GetJob())
	case m.GetAssignment() != nil:
		w.begin(context.WithoutCancel(ctx), m.GetAssignment())
	case m.GetTermination() != nil:
		w.mu.Lock()
		e := w.running[m.GetTermination().JobId]
		w.mu.Unlock()
		if e != nil && !e.rejoins.Load() {
			e.end(errTerminated)
		}
	}
}

// keepReporting tells the server of the load and that the worker lives.
func (w *Worker) keepReporting(ctx context.Context, s *socket) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	var pinged time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			w.report(false)
			if now.Sub(pinged) >= pingEvery {
				pinged = now
				err := s.send(&lk.WorkerMessage{Message: &lk.WorkerMessage_Ping{Ping: &lk.WorkerPing{Timestamp: now.UnixMilli()}}})
				if err != nil {
					s.close() // the reader says so
				}
			}
		}
	}
}

// report tells the server how much the worker has to do, if that has changed or always.
func (w *Worker) report(always bool) {
	w.mu.Lock()
	taken := w.taken(time.Now())
	now := status{full: w.draining || taken >= w.cfg.MaxCalls, load: min(1, float32(taken)/float32(w.cfg.MaxCalls)), jobs: len(w.running)}
	same := now == w.told
	w.told = now
	draining := w.draining
	w.mu.Unlock()
	if same && !always {
		return
	}
	word := lk.WorkerStatus_WS_AVAILABLE
	if now.full {
		word = lk.WorkerStatus_WS_FULL
	}
	w.tell(&lk.WorkerMessage{Message: &lk.WorkerMessage_UpdateWorker{UpdateWorker: &lk.UpdateWorkerStatus{
		Status: &word, Load: now.load, JobCount: uint32(now.jobs), Draining: draining,
	}}})
}

// tell sends a message if there is a connection; what is told anew when there is one
// again may be lost.
func (w *Worker) tell(m *lk.WorkerMessage) {
	w.mu.Lock()
	s := w.socket
	w.mu.Unlock()
	if s == nil {
		return
	}
	if err := s.send(m); err != nil {
		w.log.Debug("telling the LiveKit server", "error", err)
		s.close()
	}
}

// roomURL is where the room of a job is joined.
func (w *Worker) roomURL(a *lk.JobAssignment) string {
	if u := a.GetUrl(); u != "" {
		return u
	}
	return w.cfg.URL
}

// failed says what a job could not do.
func failed(what string, err error) error { return fmt.Errorf("%s: %w", what, err) }
