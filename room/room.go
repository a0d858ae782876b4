// Package room is how people reach the agent in real time, as both sides see it:
// a room carries sound and messages, a [Guest] is the conversation inside it.
// Engines live in subfolders: webrtc (pion, direct).
package room

import (
	"context"
	"errors"

	"parley/audio"
)

// Guest is one conversation as a room sees it. Nothing in it tells which kind of
// room it is in.
type Guest interface {
	// A room calls Hear and Record with what the caller says.
	audio.Listener
	// Next fills dst, audio.SpeakTick samples, with what to say in the next 20 ms.
	// It reports false, and leaves dst alone, when there is nothing to say: the
	// room then sends its codec's packet of silence. It is called once a tick from
	// one goroutine, never blocks and does not allocate.
	Next(dst []int16) bool
	// Open is told of a channel for messages that the client opened. It must
	// return at once; whoever serves the channel ends when ch.Messages is closed.
	Open(ch Channel)
	// Left is told once that the person has gone, and why: ErrHungUp, ErrLost,
	// ErrShutdown or what went wrong.
	Left(cause error)
}

// Foreseeing is a [Guest] that knows what it is about to say. A room can then
// encode several packets at once, which costs less.
type Foreseeing interface {
	// Preview fills dst with what Next will give from now on if nothing happens, and
	// returns for how many samples that is known: whole ticks, often none. It changes
	// nothing, and what Next gives may differ. The goroutine that calls Next calls it.
	Preview(dst []int16) int
}

// Channel carries messages between a client and the conversation, in order.
type Channel interface {
	// Label is the name that the client gave the channel.
	Label() string
	// Send sends one text message. It never blocks: ErrSlow says that the client
	// does not read and nothing was sent.
	Send(message []byte) error
	// Messages yields what the client sends; it is closed when the channel is.
	// A client that sends faster than it is read loses its channel.
	Messages() <-chan []byte
}

// Candidate is a way to reach a client that it found after its offer (trickle ICE,
// RFC 8838).
type Candidate struct {
	// Text is the attribute, "candidate:…"; "" says that there are no more.
	Text string
	// Mid or Line say which section of the offer it belongs to; both may be nil.
	Mid  *string
	Line *uint16
	// Fragment is the username fragment that it was found under, "" when not told.
	Fragment string
}

// Call is one person's connection to a room.
type Call interface {
	// Hangup ends the call and waits until nothing of it is left or ctx ends.
	// Guest.Left has been called when it returns nil. It may be called often.
	Hangup(ctx context.Context, cause error) error
	// Done is closed when the call has ended and nothing of it is left.
	Done() <-chan struct{}
}

// Why a call ended.
var (
	ErrHungUp   = errors.New("the caller hung up")
	ErrLost     = errors.New("the caller's connection was lost")
	ErrShutdown = errors.New("the server is shutting down")
	ErrSlow     = errors.New("the client reads its messages too slowly")
)
