package config

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// crossCheck checks what no key can be judged by alone.
func (d *decoder) crossCheck(c *Config) {
	say := func(path, format string, args ...any) { d.FailAt(d.Place(path), path, fmt.Sprintf(format, args...)) }
	if len(c.LLM) == 0 {
		say("llm", "the list is empty; leave it out for \"[{engine: rules}]\"")
	}
	for i, l := range c.LLM {
		if l.Engine == Rules && i < len(c.LLM)-1 {
			say(fmt.Sprintf("llm[%d]", i), "the engine \"rules\" never fails, so what comes after it is never asked; put it last")
		}
	}
	if f := c.Failover; f.FirstToken > f.Budget {
		switch {
		case !d.given("failover.budget"):
			c.Failover.Budget = f.FirstToken
		case !d.given("failover.first_token"):
			c.Failover.FirstToken = f.Budget
		default:
			say("failover.first_token", "%s is longer than failover.budget (%s)", f.FirstToken, f.Budget)
		}
	}
	if wait := c.Limits.FirstToken; c.Failover.Budget >= wait {
		if d.given("failover.budget") && len(c.LLM) > 1 {
			say("failover.budget", "%s leaves the last brain no time: limits.first_token is %s", c.Failover.Budget, wait)
		}
		c.Failover.Budget = wait * 2 / 3
		c.Failover.FirstToken = min(c.Failover.FirstToken, c.Failover.Budget)
	}
	if s := c.Server; (s.CertFile == "") != (s.KeyFile == "") {
		say("server", "cert_file and key_file belong together; one of them is missing")
	} else if s.CertFile != "" && len(s.ACME.Domains) > 0 {
		say("server.acme", "the certificate comes from cert_file or from acme, not from both")
	}
	if a := c.Server.ACME; len(a.Domains) == 0 && (a.Email != "" || a.URL != "") {
		say("server.acme", "domains is missing; write the name under which this server is reached")
	}
	if l := c.LiveKit; l.URL != "" && (l.APIKey == "" || l.APISecret == "") {
		say("livekit", "api_key and api_secret are missing, or one of them; the server knows workers by them")
	} else if l.URL == "" && (d.given("livekit.api_key") || d.given("livekit.api_secret")) {
		say("livekit", "url is missing; write where the server is, such as ws://127.0.0.1:7880")
	}
	d.checkRecord(c.Record)
	d.checkMCP(c.Tools.MCP)
	if keep := c.Photos.Keep; keep > 0 && keep < c.Limits.Conversation {
		path := "photos.keep"
		if !d.given(path) {
			path = "limits.conversation"
		}
		say(path, "photos are kept for %s, and a conversation may take %s: what is shown in it would be gone before its end", keep, c.Limits.Conversation)
	}
	if l := c.Limits; l.Connecting > l.Calls && d.given("limits.connecting") {
		say("limits.connecting", "%d is more than limits.calls (%d)", l.Connecting, l.Calls)
	}
}

// checkRecord sees to it that conversations are kept in PostgreSQL or nowhere.
func (d *decoder) checkRecord(r Record) {
	dsn := r.DSN.Reveal()
	if dsn != "" && !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		d.FailAt(d.Place("record.dsn"), "record.dsn", "no DSN of PostgreSQL; it looks like postgres://parley:${DB_PASSWORD}@db/parley")
	}
}

// checkMCP sees to it that each server is reached in one way.
func (d *decoder) checkMCP(servers map[string]MCPServer) {
	for name, s := range servers {
		path := "tools.mcp." + name
		command, url := len(s.Command) > 0, s.URL != ""
		switch {
		case command == url:
			d.FailAt(d.Place(path), path, "a server has either \"command: [PROGRAM, ARGUMENT…]\" or \"url: https://…\"")
		case command && len(s.Headers) > 0:
			d.FailAt(d.Place(path+".headers"), path+".headers", "headers belong to a server with a url; a command has env")
		case url && len(s.Env) > 0:
			d.FailAt(d.Place(path+".env"), path+".env", "env belongs to a server with a command; a url has headers")
		}
	}
}

// orderSilences keeps the silences of a turn in their order, shortest first. Those
// that the file leaves out give way to those that it names; two that it names in
// the wrong order are an error.
func (d *decoder) orderSilences(t *Turn) {
	steps := []struct {
		path string
		v    *time.Duration
	}{
		{"turn.recognise", &t.Recognise}, {"turn.silence", &t.Silence}, {"turn.unsure", &t.Unsure},
		{"turn.max_silence", &t.MaxSilence}, {"turn.dictation", &t.Dictation},
	}
	for j, later := range steps {
		for _, earlier := range steps[:j] {
			switch {
			case *earlier.v <= *later.v:
			case d.given(earlier.path) && d.given(later.path):
				d.FailAt(d.Place(earlier.path), earlier.path, fmt.Sprintf("%s is longer than %s (%s)", *earlier.v, later.path, *later.v))
				return
			case d.given(later.path):
				*earlier.v = *later.v
			default:
				*later.v = *earlier.v
			}
		}
	}
}

// Loopback says whether an address to listen on can be reached from this machine
// only.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
