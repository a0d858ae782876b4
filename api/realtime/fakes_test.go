package realtime

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"parley/agent"
	"parley/api"
	"parley/audio"
	"parley/internal/agenttest"
	"parley/llm"
	"parley/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const story = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty."

// brain repeats what it is told, tells a story when it is asked to, and calls the tools
// that it is told to call: "call a, b".
type brain struct {
	mu   sync.Mutex
	seen []llm.Request
}

func (b *brain) Generate(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	b.mu.Lock()
	b.seen = append(b.seen, r)
	b.mu.Unlock()
	last := r.Messages[len(r.Messages)-1]
	return func(yield func(llm.Delta, error) bool) {
		if names, ok := strings.CutPrefix(last.Text, "call "); ok && last.Role == llm.User {
			if !yield(llm.Delta{Text: "One moment. "}, nil) {
				return
			}
			for name := range strings.SplitSeq(names, ", ") {
				if !yield(llm.Delta{ToolCall: &llm.ToolCall{ID: "brain_" + name, Name: name, Arguments: json.RawMessage(`{"n":1}`)}}, nil) {
					return
				}
			}
			yield(llm.Delta{Finish: llm.FinishTools}, nil)
			return
		}
		text := "You said " + last.Content() + "."
		switch {
		case last.Role == llm.ToolRole:
			var results []string
			for _, m := range r.Messages {
				if m.Role == llm.ToolRole {
					results = append(results, m.Text)
				}
			}
			text = "It gave " + strings.Join(results, " and ") + "."
		case strings.Contains(last.Text, "story"):
			text = story
		case strings.Contains(last.Text, "fail"):
			yield(llm.Delta{}, errors.New("out of order"))
			return
		}
		if yield(llm.Delta{Text: text}, nil) {
			yield(llm.Delta{Finish: llm.FinishStop, Usage: &llm.Usage{Input: 7, Output: 3}}, nil)
		}
	}
}

// system is the newest system message that the brain was given.
func (b *brain) system() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen[len(b.seen)-1].Messages[0].Text
}

// phrases say what they are, and know a yes and a no.
type phrases struct{ agenttest.Phrases }

func (phrases) Phrase(_, key string, _ tools.Caller) (string, error) {
	if key == agent.PhraseFiller {
		return "", errors.New("no filler")
	}
	return "This is the " + key + ".", nil
}
func (phrases) Affirmation(_, text string) bool { return text == "yes" }
func (phrases) Negation(_, text string) bool    { return text == "no" }

// eyes see nothing in a photo that is "blind", and something in others.
type eyes struct{}

type blind struct{ error }

func (blind) PhotoStatus() (status int, reason string) {
	return http.StatusUnprocessableEntity, "it is no photo"
}

func (eyes) Look(_ context.Context, files [][]byte) (images []llm.Image, err error) {
	for _, f := range files {
		if string(f) == "blind" {
			return nil, blind{errors.New("blind")}
		}
		images = append(images, llm.Image{MediaType: "image/jpeg", Data: f, Found: &llm.Found{Match: llm.MatchUnknown, Text: "seen"}})
	}
	return images, nil
}

// hallOf starts a server with fake engines.
func hallOf(t testing.TB, heard string) (url string, b *brain, p *Protocol, h *agent.Host) {
	t.Helper()
	registry, err := tools.NewRegistry(slog.New(slog.DiscardHandler), tools.New(tools.Definition{
		Name: "cancel_order", Description: "Cancels.", Parameters: json.RawMessage(`{"type":"object"}`), Effect: tools.Write, Confirm: tools.ConfirmHeard,
	}, func(context.Context, tools.Call) (any, error) { return "cancelled", nil }))
	if err != nil {
		t.Fatal(err)
	}
	b, p, h = &brain{}, New(nil), agent.NewHost(16)
	n := 0
	var mu sync.Mutex
	server := api.New(api.Config{
		Host: h, Metrics: http.NotFoundHandler(), Page: http.NotFoundHandler(), Ready: func() []string { return nil },
		Eyes: eyes{}, Protocols: []api.Protocol{p},
		NewOptions: func(context.Context) (agent.Options, error) {
			mu.Lock()
			defer mu.Unlock()
			n++
			return agent.Options{
				ID: fmt.Sprintf("c%d", n), Caller: tools.Caller{CustomerID: "demo", Verified: true}, Language: "en", Greet: true, Phrases: phrases{}, Tuning: agent.DefaultTuning(),
				Engines: agent.Engines{Detector: agenttest.Loud{}, Recognizer: agenttest.Heard(heard), Brain: b, Voice: agenttest.Buzz(100 * time.Millisecond), Tools: registry},
			}, nil
		},
	})
	front := httptest.NewServer(server)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		front.CloseClientConnections()
		front.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(h.Close(ctx, errors.New("the test is over")), server.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	return front.URL, b, p, h
}

// event is an event of the server's.
type event = map[string]any

// client is a client over a WebSocket, or over a channel.
type client struct {
	t    testing.TB
	conn *websocket.Conn
	ch   *channel
	seen []event
}

func dial(t *testing.T, url, query string) *client {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(url, "http")+"/v1/realtime"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &client{t: t, conn: conn}
}

func (c *client) send(e event) {
	c.t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		c.t.Fatal(err)
	}
	c.raw(data)
}

func (c *client) raw(data []byte) {
	c.t.Helper()
	if c.ch != nil {
		c.ch.in <- data
		return
	}
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, data); err != nil {
		c.t.Fatal(err)
	}
}

// say sends a message and asks for an answer.
func (c *client) say(text string) {
	c.t.Helper()
	c.send(event{"type": "conversation.item.create", "item": message("user", text)})
	c.send(event{"type": "response.create"})
}

func message(role, text string) event {
	return event{"type": "message", "role": role, "content": []event{{"type": "input_text", "text": text}}}
}

// until reads events until one of a type, or an error.
func (c *client) until(kind string) event {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	for {
		data, err := c.read(ctx)
		if err != nil {
			c.t.Fatalf("waiting for %s: %v; seen %s", kind, err, c.kinds())
		}
		var e event
		if err := json.Unmarshal(data, &e); err != nil {
			c.t.Fatalf("%s: %v", data, err)
		}
		c.seen = append(c.seen, e)
		if e["type"] == kind {
			return e
		}
		if e["type"] == "error" {
			c.t.Fatalf("waiting for %s: %s", kind, data)
		}
	}
}

func (c *client) read(ctx context.Context) ([]byte, error) {
	if c.ch != nil {
		select {
		case data := <-c.ch.out:
			return data, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	_, data, err := c.conn.Read(ctx)
	return data, err
}

func (c *client) kinds() string {
	var kinds []string
	for _, e := range c.seen {
		kinds = append(kinds, e["type"].(string))
	}
	return strings.Join(slices.Compact(kinds), " ")
}

// speech is a second of a voice and of quiet, 24 kHz PCM in base64.
func speech() string {
	pcm := append(agenttest.Sound(time.Second), make([]int16, audio.SpeakRate)...)
	data := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		data = binary.LittleEndian.AppendUint16(data, uint16(v))
	}
	return base64.StdEncoding.EncodeToString(data)
}

// channel is a data channel.
type channel struct {
	in, out chan []byte
	voice   chan []int16 // what the caller says, at audio.HearRate
}

func (*channel) Label() string               { return "oai-events" }
func (c *channel) Send(message []byte) error { c.out <- slices.Clone(message); return nil }
func (c *channel) Messages() <-chan []byte   { return c.in }

// call is a call with a data channel, of which the test is the client. Its sound goes
// nowhere, in the time that it takes.
func call(t testing.TB, p *Protocol, greets bool) (c *client, id string) {
	t.Helper()
	s := newSession(p, newSettings())
	s.who = context.Background()
	conversation, err := p.hall.Begin(t.Context(), func(o *agent.Options) {
		s.adjust(o)
		o.Greet = greets
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := conversation.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	c = &client{t: t, ch: &channel{make(chan []byte, 16), make(chan []byte, 4096), make(chan []int16, 1)}}
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { s.serveChannel(conversation, c.ch) })
	all.Go(func() {
		tick, dst := time.NewTicker(audio.Tick), make([]int16, audio.SpeakTick)
		defer tick.Stop()
		var said []int16
		for at := int64(0); ; {
			select {
			case said = <-c.ch.voice:
			case <-tick.C:
				in := make([]int16, audio.HearTick)
				said = said[copy(in, said):]
				conversation.Hear(in, at)
				conversation.Record(in, at)
				at += audio.HearTick
				conversation.Next(dst)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { close(c.ch.in); stop(); all.Wait() })
	c.until("session.created") // it is known by now
	return c, conversation.ID()
}
