package livekit

import (
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"parley/internal/livekittest"
)

// Servers that share a Redis lose it and get it back, empty. Sound and texts do not pass
// through it and go on. All that LiveKit signals does, even on one server: nobody can
// join or be sent, and when a signal has not been answered for some 8 s, the connection
// of its sender is given up, here the agent's. The client makes it anew as soon as there
// is Redis again, and the conversation waits for that. Where rooms were is forgotten: who
// was in one on another server meets the agent again in a new one of the same name.
func TestRedisIsGoneForAWhile(t *testing.T) {
	redis := livekittest.StartRedis(t)
	near, far := livekittest.StartPair(t, redis)
	var log keptLog
	d := openDeskAt(t, near, 4, func(c *Config) {
		c.Grace = 20 * time.Second
		c.Log = slog.New(slog.NewTextHandler(io.MultiWriter(testLog{t}, &log), nil))
	})
	elsewhere := &desk{t: t, server: far}
	// Dee's and Ann's rooms are on the worker's server, Bob's on the other.
	dee, ann, bob := d.visit("short", "dee"), d.visit("near", "ann"), elsewhere.visit("far", "bob")
	d.dispatchFor("short", "dee")
	d.until("the first conversation", func() bool { return d.conversations() == 1 })
	d.dispatchFor("near", "ann")
	elsewhere.dispatchFor("far", "bob")
	d.until("the greetings", func() bool {
		return dee.knows("Hello there.")() && ann.knows("Hello there.")() && bob.knows("Hello there.")()
	})

	redis.Kill()
	ann.write("no Redis")
	bob.write("no Redis")
	dee.write(strings.Repeat("long ", 200))
	d.until("answers without Redis", func() bool { return ann.knows("You said no Redis")() && bob.knows("You said no Redis")() })
	d.until("the loss of the rooms", func() bool { return log.count("the connection to the room was lost") == 3 })
	if !d.worker.Registered() {
		t.Error("the worker has lost its server, which is there")
	}
	// One conversation ends while its room is out of reach and the agent speaks.
	ended := time.Now()
	d.host.End(d.begun[0].ID(), errOver)
	d.until("the end of one", func() bool { return log.count("a call in a room ended") == 1 })
	if took := time.Since(ended); took > 5*time.Second {
		t.Errorf("the end of a conversation waited %v for its room", took)
	}

	if err := redis.Begin(); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	client := lksdk.NewAgentDispatchServiceClient(near.HTTP(), livekittest.Key, livekittest.Secret)
	d.until("a dispatch", func() bool {
		_, err := client.CreateDispatch(t.Context(), &lk.CreateAgentDispatchRequest{Room: "new", AgentName: "parley", Metadata: "cat"})
		return err == nil
	})
	cat := d.visit("new", "cat")
	d.until("the greeting in a new room", cat.knows("Hello there."))
	t.Logf("a new room has its agent %v after Redis came back", time.Since(back).Round(time.Millisecond))
	d.until("the agent in the old rooms", func() bool { return log.count("connected to the room again") == 2 })
	t.Logf("the old rooms have theirs after %v", time.Since(back).Round(time.Millisecond))
	for _, v := range []*visitor{ann, bob} { // whose clients may have to come again, too
		var written time.Time
		d.until("an answer in the old room", func() bool {
			if time.Since(written) > 3*time.Second {
				v.write("with Redis")
				written = time.Now()
			}
			return v.knows("You said with Redis")()
		})
		t.Logf("an answer %v after Redis came back", time.Since(back).Round(time.Millisecond))
	}
	if n := d.conversations(); n != 4 {
		t.Errorf("%d conversations for four people", n)
	}
	for _, c := range d.begun {
		d.host.End(c.ID(), errOver)
	}
}

// keptLog keeps what a worker logs.
type keptLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *keptLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count is how often some words were logged.
func (l *keptLog) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), words)
}
