package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"time"

	"parley/agent"
	"parley/room"
)

const (
	// resumeHeader carries the token by which a client takes up the conversation of a
	// call that was lost, as ?resume=TOKEN of its next offer.
	resumeHeader = "Parley-Resume"
	// resumeWithin is how long a conversation whose call was lost waits for that.
	resumeWithin = 2 * time.Minute
)

// errReplaced ends a call whose client has made another in its place.
var errReplaced = errors.New("the client took up the conversation with another call")

// issue gives a call's client the token to take up its conversation; an earlier one is
// void.
func (s *Server) issue(g *guest) string {
	token := rand.Text()
	hash := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.begun[g.ID()]; r != nil && r.ended.IsZero() {
		delete(s.resumes, r.resume)
		r.resume = hash
		s.resumes[hash] = r
	}
	return token
}

// resume seats a client in the conversation that its token is for, in place of a call
// that may not be known to be lost yet. Tokens are found by their hash: how far a
// guess is right takes no longer or shorter to find out.
func (s *Server) resume(ctx context.Context, token string) (*guest, error) {
	hash := sha256.Sum256([]byte(token))
	s.mu.Lock()
	r := s.resumes[hash]
	s.mu.Unlock()
	gone := problem(http.StatusNotFound, "no-conversation", "There is nothing to take up by this token: the conversation has ended, or another call has taken it up.")
	if r == nil {
		return nil, gone
	}
	c, err := s.reach(ctx, r.id)
	if err != nil {
		return nil, gone
	}
	if call, err := s.findCall(ctx, r.id); err == nil {
		if err := s.hangUp(ctx, r.id, call, errReplaced); err != nil {
			return nil, err
		}
	}
	g, err := s.take(ctx, c, r.byCall)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.resumes, hash)
	r.calls++
	g.resumed = true
	return g, nil
}

// wait ends a conversation whose call was lost, unless its client takes it up in time.
func (s *Server) wait(c *agent.Conversation) {
	calls := 0
	s.mu.Lock()
	r := s.begun[c.ID()]
	if r != nil {
		calls = r.calls
	}
	s.mu.Unlock()
	if r == nil {
		s.Host.End(c.ID(), room.ErrLost)
		return
	}
	s.serving.Go(func() {
		late := time.NewTimer(resumeWithin)
		defer late.Stop()
		select {
		case <-late.C:
			s.mu.Lock()
			taken := r.calls != calls
			s.mu.Unlock()
			if !taken {
				s.Host.End(c.ID(), room.ErrLost)
			}
		case <-c.Done():
		}
	})
}
