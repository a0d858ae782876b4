package api

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"parley/agent"
	"parley/tools"
)

// record is what the API keeps of a conversation that it began.
type record struct {
	id         string
	owner      string // see principal.owner
	undo       func() // takes the begin back that was counted against a token
	transcript transcript

	// Under Server.mu:
	ended  time.Time         // zero while it runs
	byCall bool              // it ends with its call
	calls  int               // how often it was taken up by another call
	resume [sha256.Size]byte // of the token to take it up
}

// What is kept of conversations that have ended, so that a shop's server can read
// what was said: for how long, and of how many.
const (
	keepEnded = 10 * time.Minute
	maxEnded  = 500
)

// begin starts a conversation for who asks and has it watched. adjust, if not nil,
// changes the options last, but not whom the conversation is with.
func (s *Server) begin(ctx context.Context, adjust func(*agent.Options)) (*agent.Conversation, error) {
	p := principalOf(ctx)
	opts, err := s.NewOptions(ctx)
	if err != nil {
		return nil, err
	}
	if !p.open { // the caller is whom the shop's server vouched for, and nobody else
		opts.Caller, opts.Notice = tools.Caller{}, ""
	}
	r := &record{id: opts.ID, owner: p.owner(), undo: func() {}}
	if p.grant != nil {
		grant(&opts, *p.grant)
		if r.undo, err = s.Tokens.Begin(*p.grant); err != nil {
			return nil, err
		}
	}
	if adjust != nil {
		id, caller := opts.ID, opts.Caller
		adjust(&opts)
		opts.ID, opts.Caller = id, caller
		if opts.Resume != nil {
			opts.ID = opts.Resume.ID
			r.id = opts.ID
		}
	}
	release := func() {}
	if s.Limits != nil && !p.open {
		if release, err = s.Limits.Begin(p.who); err != nil {
			r.undo()
			return nil, err
		}
	}
	c, err := s.Host.Begin(opts)
	if err != nil {
		r.undo()
		release()
		return nil, err
	}
	s.mu.Lock()
	s.forgetEnded()
	s.begun[r.id] = r
	s.mu.Unlock()
	events := c.Subscribe(unread, true)
	s.serving.Go(func() {
		for e := range events.Events() {
			r.transcript.take(e)
		}
		<-c.Done()
		release()
		s.mu.Lock()
		defer s.mu.Unlock()
		r.ended = time.Now()
		delete(s.resumes, r.resume)
		s.ended = append(s.ended, r)
		s.forgetEnded()
	})
	if s.Watch != nil {
		s.Watch(c)
	}
	return c, nil
}

// forgetEnded drops what need not be kept any more. The lock is held.
func (s *Server) forgetEnded() {
	for len(s.ended) > 0 && (len(s.ended) > maxEnded || time.Since(s.ended[0].ended) > keepEnded) {
		delete(s.begun, s.ended[0].id)
		s.ended = s.ended[1:]
	}
}

// recordOf is what is kept of a conversation, if who asks may know of it. A
// conversation of another customer is as one that there is not.
func (s *Server) recordOf(ctx context.Context, id string) (*record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetEnded()
	if r := s.begun[id]; r != nil && principalOf(ctx).reaches(r) {
		return r, nil
	}
	return nil, noConversation(id)
}

// reach is the conversation of this id, if it runs and who asks may know of it.
func (s *Server) reach(ctx context.Context, id string) (*agent.Conversation, error) {
	if _, err := s.recordOf(ctx, id); err != nil {
		return nil, err
	}
	if c := s.Host.Find(id); c != nil {
		return c, nil
	}
	return nil, noConversation(id)
}

func noConversation(id string) error {
	return problem(http.StatusNotFound, "no-conversation", "There is no conversation %q; it may have ended.", id)
}
