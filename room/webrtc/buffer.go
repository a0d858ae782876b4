package webrtc

import (
	"errors"
	"io"
	"sync"

	"github.com/pion/transport/v5/packetio"
)

// maxStreams bounds the RTP and RTCP streams that a client may open in a call, by
// SSRC. A client needs one of each and another pair whenever it changes its
// microphone; pion keeps what it has seen until the call ends.
const maxStreams = 64

// streamBuffer is how many bytes of unread sound a call keeps, over three seconds
// of Opus. A reader that is further behind loses packets.
const streamBuffer = 32 << 10

var errTooManyStreams = errors.New("the client opened too many RTP streams")

// bufferFactory makes what holds the packets of one stream until they are read.
type bufferFactory func(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser

// newBuffers returns the factory of one call. What it makes is small: sound is
// bounded, and RTCP, which nobody reads, is dropped at once. tooMany is called
// when the client has opened more streams than maxStreams.
func newBuffers(tooMany func()) bufferFactory {
	var mu sync.Mutex
	streams := 0
	return func(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
		mu.Lock()
		streams++
		over := streams > maxStreams
		mu.Unlock()
		if over {
			tooMany()
		}
		if over || kind != packetio.RTPBufferPacket {
			return newSink()
		}
		buffer := soundBuffer{packetio.NewBuffer()}
		buffer.SetLimitSize(streamBuffer)
		return buffer
	}
}

// soundBuffer is pion's packet buffer as an io.ReadWriteCloser.
type soundBuffer struct{ *packetio.Buffer }

func (b soundBuffer) Read(p []byte) (int, error) {
	n, _, err := b.Buffer.Read(p, nil)
	return n, err
}

func (b soundBuffer) Write(p []byte) (int, error) { return b.Buffer.Write(p, nil) }

// sink is a buffer that keeps nothing: reading it waits until it is closed.
type sink struct {
	closed chan struct{}
	once   sync.Once
}

func newSink() *sink { return &sink{closed: make(chan struct{})} }

func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

func (s *sink) Read([]byte) (int, error) {
	<-s.closed
	return 0, io.EOF
}

func (s *sink) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}
