package webrtc

import (
	"context"
	"strings"

	pion "github.com/pion/webrtc/v4"

	"parley/room"
)

// maxCandidate bounds one candidate in bytes; a long one has about 200.
const maxCandidate = 1 << 10

// Trickle takes candidates that the client has found after its offer. Those before one
// that is wrong are taken. The errors are those of [Server.Answer].
func (c *Call) Trickle(ctx context.Context, candidates []room.Candidate) error {
	select {
	case c.negotiating <- struct{}{}:
		defer func() { <-c.negotiating }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.ctx.Done():
		return ended(context.Cause(c.ctx))
	}
	for _, candidate := range candidates {
		text := strings.TrimPrefix(strings.TrimSpace(candidate.Text), "a=")
		if c.trickled++; c.trickled > maxCandidates {
			return malformed("The client has sent more than %d ICE candidates.", maxCandidates)
		}
		if len(text) > maxCandidate {
			return malformed("A candidate has %d bytes; at most %d are read.", len(text), maxCandidate)
		}
		if text == "" || text == "end-of-candidates" {
			continue // its checks end by themselves
		}
		init := pion.ICECandidateInit{Candidate: text, SDPMid: candidate.Mid, SDPMLineIndex: candidate.Line}
		if candidate.Fragment != "" {
			init.UsernameFragment = &candidate.Fragment
		}
		if err := c.connection.AddICECandidate(init); err != nil {
			return malformed("The candidate %q cannot be used: %s.", shorten(text, 100), shorten(err.Error(), 200))
		}
	}
	return nil
}
