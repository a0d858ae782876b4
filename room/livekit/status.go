package livekit

import (
	"cmp"
	"slices"
	"time"

	"parley/agent"
)

// Status is how a worker stands.
type Status struct {
	// Registered says that the server knows the worker, Draining that it takes no more.
	Registered, Draining bool
	// Limit is how many conversations there may be, Taken how many there are and soon will be.
	Limit, Taken int
	// Refused counts the jobs that it has refused.
	Refused uint64
	// Calls are those in rooms, the longest first.
	Calls []CallStatus
}

// CallStatus is how one call in a room stands.
type CallStatus struct {
	Room, Conversation string
	// Began is when the conversation came into the room.
	Began time.Time
	// State is what the agent does, Aside that staff have the floor.
	State agent.State
	Aside bool
	// Turns counts the agent's answers, Interrupted those that were cut off, False the
	// times that it fell silent for nothing, and Failures the engines that failed.
	Turns, Interrupted, False, Failures int
	// Answer is the newest time from the end of the shopper's speech to the first sound of
	// the answer, and Silence the newest time to silence; zero before the first.
	Answer, Silence time.Duration
}

// Status is how the worker stands now. It may be called from any goroutine.
func (w *Worker) Status() Status {
	w.mu.Lock()
	s := Status{Registered: w.id != "", Draining: w.draining, Limit: w.cfg.MaxCalls, Taken: w.taken(time.Now()), Refused: w.refused}
	calls := make([]*call, 0, len(w.running))
	for _, e := range w.running {
		if e.call != nil {
			calls = append(calls, e.call)
		}
	}
	w.mu.Unlock()
	s.Calls = make([]CallStatus, 0, len(calls))
	for _, c := range calls {
		s.Calls = append(s.Calls, c.status())
	}
	slices.SortFunc(s.Calls, func(a, b CallStatus) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Room, b.Room)) })
	return s
}

func (c *call) status() CallStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.figures
	s.State, s.Aside = c.state, c.aside
	return s
}

// figure counts what an event says of the call.
func (c *call) figure(e agent.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.figures
	switch e := e.(type) {
	case agent.TurnEnded:
		f.Turns++
		if e.Cause == agent.CauseBargeIn {
			f.Interrupted++
		}
		if e.Timings.FirstSound >= 0 {
			f.Answer = time.Duration(e.Timings.FirstSound) * time.Millisecond
		}
	case agent.Resumed:
		f.False++
	case agent.Failed:
		f.Failures++
	case agent.Silenced:
		f.Silence = time.Duration(e.After) * time.Millisecond
	}
}
