package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/access"
	"parley/agent"
	"parley/asr"
	"parley/audio"
	"parley/internal/agenttest"
	"parley/llm"
	"parley/metrics"
	"parley/room"
	"parley/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script recognises one line after another, whatever is said.
type script struct {
	mu    sync.Mutex
	lines []string
}

func (s *script) Transcribe(_ context.Context, u asr.Utterance) (asr.Transcript, error) {
	if u.Partial {
		return asr.Transcript{}, asr.ErrNoPartials
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lines) == 0 {
		return asr.Transcript{}, nil
	}
	line := s.lines[0]
	s.lines = s.lines[1:]
	if line == "fail" {
		return asr.Transcript{}, errors.New("the recogniser is broken")
	}
	return asr.Transcript{Text: line}, nil
}

// echo answers by what was said.
type echo struct {
	stuck chan struct{} // closed to let "stuck" go on; it ignores its context
}

func (b *echo) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		last := r.Messages[len(r.Messages)-1]
		switch {
		case strings.Contains(last.Text, "stuck"):
			<-b.stuck
			return
		case strings.Contains(last.Text, "hang"):
			<-ctx.Done()
			yield(llm.Delta{}, context.Cause(ctx))
			return
		case strings.Contains(last.Text, "fail"):
			yield(llm.Delta{}, errors.New("the brain is broken"))
			return
		case strings.Contains(last.Text, "panic"):
			panic("the brain is mad")
		case strings.Contains(last.Text, "tool"):
			if yield(llm.Delta{ToolCall: &llm.ToolCall{ID: "t1", Name: "look", Arguments: json.RawMessage(`{}`)}}, nil) {
				yield(llm.Delta{Finish: llm.FinishTools}, nil)
			}
			return
		}
		answer := "You said " + last.Text
		if strings.Contains(last.Text, "story") {
			answer = strings.Repeat("and so it went on and on. ", 12)
		}
		for _, w := range strings.SplitAfter(answer, " ") {
			if !yield(llm.Delta{Text: w}, nil) {
				return
			}
		}
		yield(llm.Delta{Finish: llm.FinishStop}, nil)
	}
}

// book knows an apology and one backchannel.
type book struct{ agenttest.Phrases }

func (book) Phrase(_, key string, _ tools.Caller) (string, error) {
	if key == agent.PhraseApology {
		return "Sorry about that.", nil
	}
	return "", fmt.Errorf("no phrase %q", key)
}
func (book) Backchannel(_, text string) bool  { return text == "mm-hm" }
func (book) Interruption(string, string) bool { return true }

// lobby is a room whose sound the test makes itself.
type lobby struct {
	mu    sync.Mutex
	calls []*line
	err   error
}

func (l *lobby) Answer(_ context.Context, offer string, g room.Guest) (string, Call, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return "", nil, l.err
	}
	if offer == "bad" {
		return "", nil, refusal{http.StatusBadRequest, "That is no offer."}
	}
	c := &line{guest: g, done: make(chan struct{})}
	l.calls = append(l.calls, c)
	return "answer to " + offer, c, nil
}

func (l *lobby) last() *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls[len(l.calls)-1]
}

type refusal struct {
	status int
	reason string
}

func (r refusal) Error() string              { return r.reason }
func (r refusal) OfferStatus() (int, string) { return r.status, r.reason }

// line is a call of a lobby.
type line struct {
	guest room.Guest
	once  sync.Once
	done  chan struct{}
	ticks int64
}

func (c *line) Hangup(_ context.Context, cause error) error {
	c.once.Do(func() {
		c.guest.Left(cause)
		close(c.done)
	})
	return nil
}
func (c *line) Done() <-chan struct{} { return c.done }
func (c *line) Renegotiate(_ context.Context, offer string) (string, error) {
	if offer == "late" {
		return "", refusal{http.StatusGone, "The call has ended."}
	}
	return "again " + offer, nil
}

func (*line) Trickle(context.Context, []room.Candidate) error { return nil }

// pass lets d of a call pass: the caller makes noise or none.
func (c *line) pass(d time.Duration, noise bool) {
	in := make([]int16, audio.HearTick)
	if noise {
		for i := range in {
			in[i] = int16(6000 - 12000*(i%2))
		}
	}
	out := make([]int16, audio.SpeakTick)
	for range int(d / audio.Tick) {
		at := c.ticks * audio.HearTick
		c.ticks++
		c.guest.Hear(in, at)
		c.guest.Record(in, at)
		c.guest.Next(out)
		<-time.After(audio.Tick) // the pace of a call; in a bubble it takes no time
	}
}

// desk is an API with fake engines.
type desk struct {
	*Server
	host    *agent.Host
	lobby   *lobby
	script  *script
	brain   *echo
	metrics *metrics.Metrics
}

func newDesk(t *testing.T, limit int, change func(*Config)) *desk {
	t.Helper()
	d := &desk{host: agent.NewHost(limit), lobby: &lobby{}, script: &script{}, brain: &echo{stuck: make(chan struct{})}}
	d.metrics = metrics.New(d.host.Count)
	var mu sync.Mutex
	n := 0
	cfg := Config{
		Host: d.host, Rooms: d.lobby, Watch: d.metrics.Watch, Metrics: d.metrics.Handler(),
		About: map[string]string{"shop": "A test"}, Ready: func() []string { return nil },
		Page: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/panic":
				panic("no such page")
			case "/half":
				_, _ = w.Write([]byte("half of"))
				panic("the other half")
			}
			_, _ = w.Write([]byte("the page"))
		}),
		NewOptions: func(context.Context) (agent.Options, error) {
			mu.Lock()
			defer mu.Unlock()
			n++
			return agent.Options{
				ID: fmt.Sprintf("c%d", n), Language: "en", Phrases: book{}, Tuning: agent.DefaultTuning(),
				Engines: agent.Engines{Detector: agenttest.Loud{}, Recognizer: d.script, Brain: d.brain, Voice: agenttest.Buzz(250 * time.Millisecond), Tools: agenttest.Toolbox(`"it is here"`)},
			}, nil
		},
		Log: slog.New(slog.DiscardHandler),
	}
	change(&cfg)
	d.Server = New(cfg)
	return d
}

func same(*Config) {}

// newKeys are keys of the config, with a folder for others.
func newKeys(t *testing.T, configured ...string) *access.Keys {
	t.Helper()
	k, err := access.OpenKeys(t.TempDir(), configured...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// close ends everything in the order of a program's shutdown.
func (d *desk) close(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := d.host.Close(ctx, room.ErrShutdown); err != nil {
		t.Error(err)
	}
	if err := d.Server.Close(ctx); err != nil {
		t.Error(err)
	}
	d.metrics.Wait()
}

// serve puts the API on a port until the test ends.
func (d *desk) serve(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(d)
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if err := c.(*net.TCPConn).SetWriteBuffer(64 << 10); err != nil { // so that a client that does not read is soon noticed
			t.Error(err)
		}
		return ctx
	}
	s.Start()
	t.Cleanup(func() {
		d.close(t)
		s.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

// do asks the API without a network.
func (d *desk) do(ctx context.Context, method, path, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, "http://localhost"+path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// event is a server-sent event.
type event struct {
	kind string
	data map[string]any
}

// parse reads a whole stream of server-sent events.
func parse(t *testing.T, body string) (events []event) {
	t.Helper()
	for block := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		if strings.HasPrefix(block, ":") || block == "" {
			continue
		}
		id, rest, numbered := strings.Cut(block, "\n")
		kind, data, ok := strings.Cut(rest, "\ndata: ")
		ok = ok && numbered && strings.HasPrefix(id, "id: ")
		e := event{kind: strings.TrimPrefix(kind, "event: ")}
		if err := json.Unmarshal([]byte(data), &e.data); !ok || err != nil || e.data["type"] != e.kind {
			t.Fatalf("no event: %q (%v)", block, err)
		}
		events = append(events, e)
	}
	return events
}
