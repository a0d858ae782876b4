package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/config"
)

// TestACallBesideABurstOfOffers posts 1,000 offers while a caller listens: the
// caller hears no more gaps than a busy machine makes, and is answered after it.
func TestACallBesideABurstOfOffers(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	p := a.dial(t, a.engines.opus.Codec(), unchanged, unchanged)
	p.must(0, 10*time.Second, "the greeting", kind("turn.ended"))
	offer := p.peer.LocalDescription().SDP // a client that never comes: the ports are taken by the one that did
	offer = strings.ReplaceAll(offer, "a=ice-ufrag:", "a=ice-ufrag:x")
	p.mu.Lock()
	from := len(p.arrivals)
	p.mu.Unlock()
	var mu sync.Mutex
	codes := map[int]int{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 125 {
				response, err := http.Post(a.url+"/v1/realtime/calls", "application/sdp", strings.NewReader(offer))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				mu.Lock()
				codes[response.StatusCode]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	p.mu.Lock()
	arrivals := slices.Clone(p.arrivals[from:])
	p.mu.Unlock()
	var gaps []time.Duration
	for i := 1; i < len(arrivals); i++ {
		gaps = append(gaps, arrivals[i].Sub(arrivals[i-1]))
	}
	slices.Sort(gaps)
	if len(gaps) < 10 {
		t.Fatalf("%d packets came during the burst", len(gaps))
	}
	// The mean is the pace; a busy machine reads packets late and then several at once.
	mean, late := arrivals[len(arrivals)-1].Sub(arrivals[0])/time.Duration(len(gaps)), gaps[len(gaps)*95/100]
	t.Logf("answers %v; %d gaps between packets, mean %v, 95th percentile %v, longest %v", codes, len(gaps), mean, late, gaps[len(gaps)-1])
	if codes[http.StatusServiceUnavailable] < 500 || mean < 15*time.Millisecond || mean > 25*time.Millisecond || late > 150*time.Millisecond {
		t.Error("the burst should be refused for the most part, and the call keep its pace")
	}
	m := p.mark()
	p.send("What can you do?")
	p.must(m, 15*time.Second, "the answer", func(h happening) bool { return h.Type == "turn.ended" && h.Cause == "done" })
}

// TestSlowSenders sends headers and bodies a byte at a time. They are cut off.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	a := startAgent(t, func(*config.Config) {})
	address := strings.TrimPrefix(a.url, "http://")
	var all sync.WaitGroup
	for name, c := range map[string]struct {
		head string
		most time.Duration
	}{
		"headers": {"POST /v1/realtime/calls HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 8 * time.Second},
		"body":    {"POST /v1/realtime/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\nContent-Length: 60000\r\n\r\n", 25 * time.Second},
	} {
		all.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			began := time.Now()
			over := make(chan struct{})
			go func() {
				defer close(over)
				_, _ = io.Copy(io.Discard, conn)
			}()
			if _, err := io.WriteString(conn, c.head); err != nil {
				t.Error(err)
			}
			tick := time.NewTicker(500 * time.Millisecond)
			defer tick.Stop()
			for open := true; open; {
				select {
				case <-over:
					open = false
				case <-tick.C:
					_, _ = io.WriteString(conn, "a")
					if time.Since(began) > c.most {
						t.Errorf("slow %s are read for more than %v", name, c.most)
						return
					}
				}
			}
			t.Logf("slow %s were cut after %v", name, time.Since(began).Round(time.Millisecond))
		})
	}
	all.Wait()
}

// TestShutdownDuringCalls ends the agent while one caller is spoken to, one is
// thought about and one has gone without a word.
func TestShutdownDuringCalls(t *testing.T) {
	cfg, e, log := openAgent(t, func(*config.Config) {})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	at := make(chan string, 1)
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, cfg, e, log, func(url, _ string) { at <- url }) }()
	a := &shopAgent{<-at, e}
	if err := e.opus.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	var phones []*phone
	for range 3 {
		phones = append(phones, a.dial(t, e.opus.Codec(), unchanged, unchanged))
	}
	phones[0].must(0, 10*time.Second, "a word of the greeting", kind("reply.spoken"))
	phones[1].send("What can you do?")
	if err := phones[2].peer.Close(); err != nil { // without a goodbye
		t.Error(err)
	}
	began := time.Now()
	stop()
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the shutdown ended with %v", err)
		}
		t.Logf("shut down in %v with three calls", time.Since(began).Round(time.Millisecond))
	case <-time.After(drain + 2*time.Second):
		t.Fatal("the shutdown takes longer than it may")
	}
}
