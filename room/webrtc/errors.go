package webrtc

import (
	"errors"
	"net/http"

	"parley/room"
)

// ErrBusy is why [Server.Answer] refuses a call that would be one too many, be it
// in all or among those that are still connecting.
var ErrBusy = errors.New("all lines are busy")

// ErrNeverConnected is why a call ended whose client took the answer but never
// completed the connection.
var ErrNeverConnected = errors.New("the caller never connected")

// ErrMute is why a call ended whose client connected and then sent nothing.
var ErrMute = errors.New("the caller connected, and sent neither sound nor a message")

// OfferError says why an offer cannot be used, to the developer who sent it.
type OfferError struct {
	// Message is a sentence or two.
	Message string
	// Unacceptable is false when the text is no proper offer and true when it is one
	// that has no codec in common with this server.
	Unacceptable bool
	// Offered and Understood are the audio codecs of either side, when Unacceptable.
	Offered, Understood []string
}

func (e *OfferError) Error() string { return e.Message }

// OfferStatus is the HTTP status that fits, 400 or 406, and the message.
func (e *OfferError) OfferStatus() (status int, reason string) {
	if e.Unacceptable {
		return http.StatusNotAcceptable, e.Message
	}
	return http.StatusBadRequest, e.Message
}

// refusal is a reason that lies with the server or the call, not with the offer.
type refusal struct {
	cause  error
	status int
	reason string
}

func (e *refusal) Error() string { return e.cause.Error() }

func (e *refusal) Unwrap() error { return e.cause }

// OfferStatus is the HTTP status that fits, and a sentence for the client.
func (e *refusal) OfferStatus() (status int, reason string) { return e.status, e.reason }

func busy() error {
	return &refusal{ErrBusy, http.StatusServiceUnavailable, "All lines are busy. Try again in a moment."}
}

func shuttingDown() error {
	return &refusal{room.ErrShutdown, http.StatusServiceUnavailable, "The server is shutting down."}
}

// ended is what is said to an offer for a call that is over.
func ended(cause error) error {
	if errors.Is(cause, room.ErrShutdown) {
		return shuttingDown()
	}
	return &refusal{cause, http.StatusGone, "The call has ended."}
}
