package livekit

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
)

// Of the first connection to a room nothing comes after the server's welcome: it is given
// up, and the agent comes in by a second one.
func TestAConnectionThatDoesNotComeAbout(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes five seconds to give a connection up")
	}
	var log keptLog
	var quiet *quietOnce
	d := openDesk(t, 4, func(c *Config) {
		quiet = listenQuiet(t, strings.TrimPrefix(c.URL, "ws://"))
		c.URL = "ws://" + quiet.address()
		c.Log = slog.New(slog.NewTextHandler(io.MultiWriter(testLog{t}, &log), nil))
	})
	v := d.visit("aisle", "ann")
	d.dispatchFor("aisle", "ann")
	d.until("the greeting", v.knows("Hello there."))
	v.write("well met")
	d.until("an answer", v.knows("You said well met"))
	if n := log.count("trying anew"); n != 1 || !quiet.used() {
		t.Errorf("the room was tried anew %d times", n)
	}
	if n, _ := v.agents(); n != 1 || d.conversations() != 1 {
		t.Errorf("%d agents and %d conversations", n, d.conversations())
	}
}

// quietOnce stands before a LiveKit server and holds back what the server says on the
// first connection to a room, after its first message.
type quietOnce struct {
	listener net.Listener
	server   string
	once     sync.Once
	done     chan struct{} // closed when a connection was held back
}

// listenQuiet listens until the test ends.
func listenQuiet(t *testing.T, server string) *quietOnce {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	q := &quietOnce{listener: listener, server: server, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { q.carry(ctx, client) })
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		serving.Wait()
	})
	return q
}

func (q *quietOnce) address() string { return q.listener.Addr().String() }

func (q *quietOnce) used() bool {
	select {
	case <-q.done:
		return true
	default:
		return false
	}
}

// carry passes on what is said on one connection, until either side or the test ends.
func (q *quietOnce) carry(ctx context.Context, client net.Conn) {
	server, err := new(net.Dialer).DialContext(ctx, "tcp", q.server)
	if err != nil {
		_ = client.Close()
		return
	}
	closed := func() {
		_ = client.Close()
		_ = server.Close()
	}
	defer context.AfterFunc(ctx, closed)()
	defer closed()
	from, to := bufio.NewReader(client), bufio.NewReader(server)
	head, err := head(from)
	if err != nil {
		return
	}
	if _, err := io.WriteString(server, head); err != nil {
		return
	}
	var back sync.WaitGroup
	defer back.Wait()
	back.Go(func() {
		defer closed()
		quiet := false
		if strings.HasPrefix(head, "GET /rtc") && strings.Contains(head, "Upgrade: websocket") {
			q.once.Do(func() { quiet = true })
		}
		if quiet {
			defer close(q.done)
			if welcome(client, to) == nil {
				_, _ = io.Copy(io.Discard, to)
			}
			return
		}
		_, _ = io.Copy(client, to)
	})
	_, _ = io.Copy(server, from)
	closed()
}

// head is the head of an HTTP message.
func head(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		b.WriteString(line)
		if strings.TrimSpace(line) == "" {
			return b.String(), nil
		}
	}
}

// welcome passes on the head of an answer and the first frame of a WebSocket (RFC 6455,
// section 5.2; a server does not mask its frames).
func welcome(w io.Writer, r *bufio.Reader) error {
	h, err := head(r)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, h); err != nil {
		return err
	}
	frame := io.TeeReader(r, w)
	var first [2]byte
	if _, err := io.ReadFull(frame, first[:]); err != nil {
		return err
	}
	length := uint64(first[1])
	if more := map[uint64]int{126: 2, 127: 8}[length]; more > 0 {
		var extended [8]byte
		if _, err := io.ReadFull(frame, extended[8-more:]); err != nil {
			return err
		}
		length = binary.BigEndian.Uint64(extended[:])
	}
	_, err = io.CopyN(w, r, int64(length))
	return err
}
