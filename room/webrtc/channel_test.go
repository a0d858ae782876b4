package webrtc

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley/room"
)

// fakeData is a data channel whose client sends what is in incoming.
type fakeData struct {
	incoming chan []byte
	closed   bool
	sent     [][]byte
	buffered uint64
	broken   error
	pending  []byte
}

func (f *fakeData) ReadDataChannel(p []byte) (int, bool, error) {
	if f.pending == nil {
		message, ok := <-f.incoming
		if !ok {
			return 0, false, io.EOF
		}
		f.pending = message
	}
	if len(f.pending) > len(p) {
		return len(f.pending), true, io.ErrShortBuffer
	}
	n := copy(p, f.pending)
	f.pending = nil
	return n, true, nil
}

func (f *fakeData) WriteDataChannel(p []byte, isText bool) (int, error) {
	if f.broken != nil {
		return 0, f.broken
	}
	if !isText {
		return 0, errors.New("not sent as text")
	}
	f.sent = append(f.sent, append([]byte(nil), p...))
	f.buffered += uint64(len(p))
	return len(p), nil
}

func (f *fakeData) BufferedAmount() uint64 { return f.buffered }

func (f *fakeData) Close() error {
	f.closed = true
	return nil
}

// receiveAll runs a channel over messages that come at intervals and returns how many
// were read and why it ended.
func receiveAll(t *testing.T, messages [][]byte, interval time.Duration) (got [][]byte, cause error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		data := &fakeData{incoming: make(chan []byte)}
		ch := newChannel("test", data, new(atomic.Bool))
		stop := make(chan struct{})
		go func() {
			defer close(data.incoming)
			for _, message := range messages {
				select {
				case data.incoming <- message:
				case <-stop:
					return
				}
				select {
				case <-time.After(interval):
				case <-stop:
					return
				}
			}
		}()
		ended := make(chan error, 1)
		go func() { ended <- ch.read() }()
		for message := range ch.Messages() {
			got = append(got, message)
		}
		close(stop)
		cause = <-ended
		if !data.closed {
			t.Error("the data channel was not closed")
		}
	})
	return got, cause
}

func TestChannelReceives(t *testing.T) {
	small, big := []byte("hello"), bytes.Repeat([]byte("x"), maxMessage)
	for _, c := range []struct {
		name     string
		messages [][]byte
		interval time.Duration
		want     int
		cause    error
	}{
		{"a few", [][]byte{small, {}, big, small}, time.Millisecond, 4, io.EOF},
		{"too big", [][]byte{small, append(big, 'x')}, time.Millisecond, 1, io.ErrShortBuffer},
		{"as fast as one may", repeat(small, 1000), time.Second / messagesPerSecond, 1000, io.EOF},
		{"faster", repeat(small, 1000), time.Second / messagesPerSecond / 4, 267, errFlood},
		{"too much", repeat(big, 100), 50 * time.Millisecond, 8, errFlood},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, cause := receiveAll(t, c.messages, c.interval)
			if !errors.Is(cause, c.cause) {
				t.Errorf("ended with %v, want %v", cause, c.cause)
			}
			if len(got) < c.want-1 || len(got) > c.want+1 {
				t.Errorf("%d messages came, want %d", len(got), c.want)
			}
			for i := range got {
				if !bytes.Equal(got[i], c.messages[i]) {
					t.Fatalf("message %d is %d bytes, want %d", i, len(got[i]), len(c.messages[i]))
				}
			}
		})
	}
}

func repeat(message []byte, n int) [][]byte {
	messages := make([][]byte, n)
	for i := range messages {
		messages[i] = message
	}
	return messages
}

func TestChannelSendIsBounded(t *testing.T) {
	data := &fakeData{}
	ch := newChannel("test", data, new(atomic.Bool))
	message := make([]byte, maxMessage)
	for i := range maxUnsent / maxMessage {
		if err := ch.Send(message); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if err := ch.Send([]byte("x")); !errors.Is(err, room.ErrSlow) {
		t.Errorf("to a client that does not read: %v", err)
	}
	data.buffered = 0
	if err := ch.Send([]byte("x")); err != nil {
		t.Errorf("to a client that reads again: %v", err)
	}
	if err := ch.Send(make([]byte, maxMessage+1)); err == nil || errors.Is(err, room.ErrSlow) {
		t.Errorf("a message too large: %v", err)
	}
	data.broken = io.ErrClosedPipe
	if err := ch.Send([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("on a closed channel: %v", err)
	}
}
