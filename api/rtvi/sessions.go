package rtvi

import (
	"crypto/rand"
	"net/http"
	"time"

	"parley/api"
	"parley/tools/clienttool"
)

const (
	// sessionLife is how long a session is good for after it was last used.
	sessionLife = 10 * time.Minute
	// maxSessions bounds those that are good at once.
	maxSessions = 4096
)

// session is what /start has promised: its address takes offers.
type session struct {
	who   string // who it is for
	used  time.Time
	tools []clienttool.Tool // that the client runs
}

// newSession makes a session for who, and returns its id.
func (p *Protocol) newSession(who string, offered []clienttool.Tool, now time.Time) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sessions) >= maxSessions {
		for id, s := range p.sessions {
			if now.Sub(s.used) > sessionLife {
				delete(p.sessions, id)
			}
		}
	}
	if len(p.sessions) >= maxSessions {
		return "", api.NewProblem(http.StatusServiceUnavailable, "busy", "As many sessions as are allowed at once have been started. Try again in a moment.")
	}
	id := rand.Text()
	p.sessions[id] = &session{who: who, used: now, tools: offered}
	return id, nil
}

// useSession says whether there is a session of this id for who, and which tools its
// client runs. It keeps it good.
func (p *Protocol) useSession(id, who string, now time.Time) (offered []clienttool.Tool, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[id]
	if s == nil || s.who != who || now.Sub(s.used) > sessionLife {
		return nil, false
	}
	s.used = now
	return s.tools, true
}
