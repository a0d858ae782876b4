package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"

	"parley/config"
	"parley/internal/livekittest"
	"parley/internal/pgtest"
	"parley/internal/standin"
)

// nodeVariable makes of this test's program a server of its own, with that config.
const nodeVariable = "PARLEY_TEST_NODE"

func TestMain(m *testing.M) {
	if path, ok := os.LookupEnv(nodeVariable); ok { // this is a child of a test
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := run(ctx, []string{"run", "--config", path}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// firstWord is the longest that may pass from a server's death to the first word of
// another, with the race detector on a busy machine. What is meant is three seconds.
const firstWord = 6 * time.Second

// cluster is a database and a media server, for servers that are processes of their own.
type cluster struct {
	t       *testing.T
	livekit *livekittest.Server
	dsn     string
	shopper *shopAgent // its engines speak and hear for the person
}

func openCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, livekit: livekittest.Start(t)}
	database, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("PARLEY_TEST_ALL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Stop(); err != nil {
			t.Error(err)
		}
	})
	c.dsn = database.Database(t)
	_, e, _ := openAgent(t, func(*config.Config) {})
	c.shopper = &shopAgent{engines: e}
	return c
}

// process is one server.
type process struct {
	*shopAgent
	cmd   *exec.Cmd
	since time.Time // when it was ready
	ended chan struct{}
}

// start starts a server, with more in its config.
func (c *cluster) start(name, more string) *process {
	t := c.t
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".yaml")
	text := fmt.Sprintf("server: {addr: \"127.0.0.1:0\"}\nshop: {dsn: %q, data: %q}\nrecord: {dsn: %q}\nlivekit: {url: %q, api_key: %q, api_secret: \"${PARLEY_TEST_LIVEKIT}\", grace: 5s, drain: 0s}\n%s",
		c.dsn, t.TempDir(), c.dsn, c.livekit.URL(), livekittest.Key, more)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{shopAgent: &shopAgent{engines: c.shopper.engines}, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.Background(), self)
	p.cmd.Env = append(os.Environ(), nodeVariable+"="+path, "PARLEY_TEST_LIVEKIT="+livekittest.Secret)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	said, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	logged, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(logged); lines.Scan(); {
			t.Log(name, lines.Text())
		}
	})
	at := make(chan string, 1)
	reading.Go(func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if url, ok := strings.CutPrefix(lines.Text(), "Talk to it: "); ok {
				at <- url
			}
		}
	})
	go func() {
		reading.Wait()
		_ = p.cmd.Wait() // it is killed in the end: an error says nothing
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-p.ended:
		case <-time.After(20 * time.Second):
			p.kill()
			t.Errorf("%s did not stop", name)
		}
	})
	select {
	case p.url = <-at:
	case <-p.ended:
		t.Fatalf("%s ended", name)
	case <-time.After(60 * time.Second):
		t.Fatalf("%s did not start", name)
	}
	p.awaitReady(t)
	p.since = time.Now()
	return p
}

// kill ends the server as a power cut does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// sure waits until a server has been there for long enough to judge others by their
// silence.
func (p *process) sure(s *shopper) {
	s.t.Helper()
	s.until("certainty", 20*time.Second, func() bool { return time.Since(p.since) > 4*time.Second })
}

// answers counts the captions of the agent that have some words.
func (s *shopper) answers(words ...string) (n int) {
	for _, c := range s.captions {
		if strings.HasPrefix(c.from, "agent-") && c.attributes["lk.transcription_final"] == "true" && holdsAll(strings.ToLower(c.text), words...) {
			n++
		}
	}
	return n
}

func TestAnotherServerGoesOnWhenOneDies(t *testing.T) {
	c := openCluster(t)
	first := c.start("first", "")
	s := first.enter(t, "aisle")
	s.until("the greeting", 20*time.Second, func() bool { return len(s.audible) > 20 })
	s.quiet(20 * time.Second)
	s.play(c.shopper.say(t, "Where is my order W one zero zero zero two?"))
	s.until("an answer", 30*time.Second, func() bool { return s.answers("way") > 0 })
	s.quiet(30 * time.Second)
	second := c.start("second", "")
	second.sure(s)

	s.mu.Lock()
	before := len(s.audible)
	s.mu.Unlock()
	killed := time.Now()
	first.kill()
	s.until("the other's first word", 30*time.Second, func() bool { return len(s.audible) > before })
	s.mu.Lock()
	took := s.audible[before].Sub(killed)
	s.mu.Unlock()
	t.Logf("from the death of the one server to the first word of the other: %v", took.Round(time.Millisecond))
	if took > firstWord {
		t.Errorf("it took %v", took)
	}
	s.until("what it says", 10*time.Second, func() bool { return s.answers("cut off") > 0 })
	s.quiet(20 * time.Second)
	s.mu.Lock()
	asked := len(s.captions)
	s.mu.Unlock()
	// The story goes on: which order is meant is known only from before.
	s.room.LocalParticipant.SendText("What is in it?", lksdk.StreamTextOptions{Topic: "lk.chat"})
	s.until("an answer from the story", 20*time.Second, func() bool { return len(s.captions) > asked })
	s.mu.Lock()
	answer := s.captions[len(s.captions)-1].text
	s.mu.Unlock()
	if !strings.Contains(answer, "W10002") && !holdsAll(strings.ToLower(answer), "lamp") {
		t.Errorf("asked what is in it, the other said %q", answer)
	}
	t.Logf("asked what is in it, the other said %q", answer)
	if body := get(t, second.url+"/metrics"); !strings.Contains(body, `parley_record_moved_total{how="taken_up"} 1`) {
		t.Error("/metrics does not tell of it")
	}

	// A server that is told to stop leaves the call to another, too.
	s.quiet(20 * time.Second)
	third := c.start("third", "")
	third.sure(s)
	if err := second.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	s.until("the third's word", 30*time.Second, func() bool { return s.answers("cut off") > 1 })
	t.Logf("from the stop of the second server to the end of the third's first words: %v", time.Since(stopped).Round(time.Millisecond))
}

// payments is a shop's system that does a thing once for each key, and whose first
// answer is lost.
type payments struct {
	mu    sync.Mutex
	done  map[string]int // tries, by key
	began chan struct{}
}

func (p *payments) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	p.mu.Lock()
	tries := 0
	for _, n := range p.done {
		tries += n
	}
	p.done[r.Header.Get("Idempotency-Key")]++
	p.mu.Unlock()
	if tries == 0 {
		close(p.began)
		<-r.Context().Done() // it was done, and nobody learns of it
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"paid"}`)
}

func TestAWriteWhoseServerDiesIsDoneOnce(t *testing.T) {
	c := openCluster(t)
	shop := &payments{done: make(map[string]int), began: make(chan struct{})}
	paying := httptest.NewServer(shop)
	defer paying.Close()
	brain := httptest.NewServer(standin.New(standin.Options{
		Replies: []string{"That is done now."},
		Tools:   []standin.ToolRule{{Match: regexp.MustCompile(`(?i)settle`), Tool: "settle_bill", Arguments: `{"bill":"B1"}`}},
	}))
	defer brain.Close()
	folder := t.TempDir()
	tool := fmt.Sprintf(`name: settle_bill
description: Settles a bill.
effect: write
timeout: 30s
parameters:
  type: object
  properties: {bill: {type: string}}
  required: [bill]
run:
  http: {method: POST, url: "%s/settle", private: true, body: {bill: "{{ bill }}"}}
`, paying.URL)
	if err := os.WriteFile(filepath.Join(folder, "settle_bill.yaml"), []byte(tool), 0o600); err != nil {
		t.Fatal(err)
	}
	more := fmt.Sprintf("tools: {dir: %q, http: {allow_private: true}}\nllm: [{engine: openai, base_url: \"%s/v1\", model: standin}]\n", folder, brain.URL)
	first := c.start("first", more)
	s := first.enter(t, "aisle")
	s.until("the greeting", 20*time.Second, func() bool { return len(s.audible) > 20 })
	s.quiet(20 * time.Second)
	second := c.start("second", more)
	second.sure(s)
	s.room.LocalParticipant.SendText("Please settle the bill.", lksdk.StreamTextOptions{Topic: "lk.chat"})
	select {
	case <-shop.began:
	case <-time.After(20 * time.Second):
		t.Fatal("the write did not begin")
	}
	first.kill()
	s.until("the other's answer", 30*time.Second, func() bool { return s.answers("cut off", "paid") > 0 })
	shop.mu.Lock()
	defer shop.mu.Unlock()
	if len(shop.done) != 1 {
		t.Errorf("the shop's system was asked with %d keys: %v", len(shop.done), shop.done)
	}
	for key, tries := range shop.done {
		if key == "" || tries != 2 {
			t.Errorf("it was tried %d times under %q", tries, key)
		}
	}
}
