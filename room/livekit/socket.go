package livekit

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

const (
	// protocolVersion is that of the messages between worker and server.
	protocolVersion = 1
	// maxServerMessage is the largest message of the server that is read, in bytes.
	maxServerMessage = 1 << 20
	// writeTime is how long a message may take to be sent.
	writeTime = 5 * time.Second
	// pingEvery is how often the server is asked for a sign of life, and silentFor after
	// how long without any the connection is given up.
	pingEvery = 5 * time.Second
	silentFor = 15 * time.Second
)

// socket is a worker's connection to the server. One goroutine reads; any may send.
type socket struct {
	conn *websocket.Conn
	mu   sync.Mutex // orders the senders
}

// dial connects to the server as an agent worker.
func dial(ctx context.Context, cfg Config) (*socket, error) {
	address, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("the address %q: %w", cfg.URL, err)
	}
	address.Scheme = strings.Replace(address.Scheme, "http", "ws", 1)
	address = address.JoinPath("agent")
	address.RawQuery = url.Values{"protocol": {strconv.Itoa(protocolVersion)}}.Encode()
	token, err := auth.NewAccessToken(cfg.APIKey, cfg.APISecret).
		SetVideoGrant(&auth.VideoGrant{Agent: true}).SetValidFor(time.Hour).ToJWT()
	if err != nil {
		return nil, fmt.Errorf("making a token: %w", err)
	}
	dialer := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 10 * time.Second}
	conn, response, err := dialer.DialContext(ctx, address.String(), http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		if response != nil {
			defer response.Body.Close()
			return nil, fmt.Errorf("connecting to %s: %w (%s)", cfg.URL, err, response.Status)
		}
		return nil, fmt.Errorf("connecting to %s: %w", cfg.URL, err)
	}
	conn.SetReadLimit(maxServerMessage)
	return &socket{conn: conn}, nil
}

// send sends one message.
func (s *socket) send(m *lk.WorkerMessage) error {
	data, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing a message to the server: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return fmt.Errorf("bounding a message's time: %w", err)
	}
	if err := s.conn.WriteMessage(websocket.BinaryMessage, data); err != nil {
		return fmt.Errorf("sending to the server: %w", err)
	}
	return nil
}

// receive waits for the next message, no longer than silentFor.
func (s *socket) receive() (*lk.ServerMessage, error) {
	for {
		if err := s.conn.SetReadDeadline(time.Now().Add(silentFor)); err != nil {
			return nil, fmt.Errorf("bounding the wait for the server: %w", err)
		}
		kind, data, err := s.conn.ReadMessage()
		if err != nil {
			return nil, fmt.Errorf("reading from the server: %w", err)
		}
		if kind != websocket.BinaryMessage {
			continue
		}
		m := new(lk.ServerMessage)
		if err := proto.Unmarshal(data, m); err != nil {
			return nil, fmt.Errorf("reading a message of the server: %w", err)
		}
		return m, nil
	}
}

func (s *socket) close() { _ = s.conn.Close() } // whatever it says, it is gone

// Probe says whether a server takes workers with this address, key and secret.
func Probe(ctx context.Context, cfg Config) error {
	s, err := dial(ctx, cfg)
	if err != nil {
		return err
	}
	s.close()
	return nil
}
