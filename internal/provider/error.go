package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Kind says what went wrong with a provider. It is an error itself, so that
// errors.Is(err, provider.Timeout) asks for it.
type Kind string

// The kinds of failure.
const (
	// Unreachable: no connection, or it broke before an answer began.
	Unreachable Kind = "provider unreachable"
	// Denied: the key is missing, wrong, or not allowed to do this (401, 403).
	Denied Kind = "provider denied access"
	// Rejected: the provider does not like the request (any other 4xx).
	Rejected Kind = "provider rejected the request"
	// TooLong: the request holds more than the model can read.
	TooLong Kind = "provider cannot read that much"
	// Overloaded: too many requests (429).
	Overloaded Kind = "provider overloaded"
	// Failed: the provider says that it failed (5xx, or an error in its stream).
	Failed Kind = "provider failed"
	// Timeout: it took too long to begin, to go on, or to end.
	Timeout Kind = "provider timed out"
	// Cut: the answer ended before it was complete.
	Cut Kind = "provider's answer was cut off"
	// Malformed: the answer is not what was asked for.
	Malformed Kind = "provider's answer makes no sense"
	// TooLarge: the answer went over its bound.
	TooLarge Kind = "provider's answer is too large"
)

// Error implements error.
func (k Kind) Error() string { return string(k) }

// Error is what every outside engine returns when its provider fails. It never
// holds a key, nor what was said unless the provider's own message repeats it.
type Error struct {
	// Kind is the class of failure.
	Kind Kind
	// Op names the engine, such as "llm/openai".
	Op string
	// Endpoint is the address that was asked, without user, query or fragment.
	Endpoint string
	// Status is the HTTP status, or 0 when there was none.
	Status int
	// Message is the provider's own explanation or ours, at most maxMessage bytes.
	Message string
	// RetryAfter is how long the provider asks to be left alone; 0 if it does not say.
	RetryAfter time.Duration
	// Err is the cause below, if there is one.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	b.WriteString(string(e.Kind))
	if e.Endpoint != "" {
		b.WriteString(" at " + e.Endpoint)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (%d %s)", e.Status, http.StatusText(e.Status))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives both the kind and the cause to errors.Is.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Retryable says whether a second try may do better: the provider could not be
// reached, was overloaded, or failed. A time-out is not worth it, because the
// caller has waited long enough by then.
func Retryable(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Kind {
	case Unreachable, Overloaded, Failed, Cut:
		return true
	}
	return false
}

// kindOf classes an HTTP status that is not a success, and what was said with it.
func kindOf(status int, body []byte) Kind {
	switch {
	case status >= 400 && status < 500 && status != http.StatusTooManyRequests && overflows(body):
		return TooLong
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Denied
	case status == http.StatusTooManyRequests:
		return Overloaded
	case status == http.StatusRequestTimeout || status >= 500:
		return Failed
	default:
		return Rejected
	}
}

// overflows says whether an error is about a request that is longer than the model
// can read. There is no status for it; each provider has words of its own.
func overflows(said []byte) bool {
	said = bytes.ToLower(said)
	for _, words := range []string{
		"context_length_exceeded",               // OpenAI, Azure, and most that are compatible, as a code
		"maximum context length",                // OpenAI, vLLM, DeepSeek, Groq
		"prompt is too long",                    // Anthropic
		"exceeds the maximum number of tokens",  // Google
		"too large for model with",              // Mistral
		"exceed_context_size_error",             // llama.cpp, as a type
		"exceeds the available context size",    // llama.cpp
		"request_too_large",                     // Anthropic, by bytes
		"input is too long for requested model", // Bedrock
	} {
		if bytes.Contains(said, []byte(words)) {
			return true
		}
	}
	return false
}
