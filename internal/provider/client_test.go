package provider

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"": 0, "2": 2 * time.Second, "0.5": 500 * time.Millisecond, "-1": 0, "soon": 0, "1e300": 0, "NaN": 0,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {v}}, now); got != want {
			t.Errorf("%q: %v, want %v", v, got, want)
		}
	}
}

func TestExplanation(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"message":"no","code":null}}`: "no", `{"error":"no"}`: "no", `{"message":"no"}`: "no", `{"detail":"no"}`: "no",
		`{"detail":[{"msg":"field required"}]}`: `[{"msg":"field required"}]`, `{"error":{"code":7}}`: `{"code":7}`, "plain\n text": "plain text", "": "",
		`{"error":null,"message":"no"}`: "no", `{"error":{"message":["a","b"]}}`: `{"message":["a","b"]}`,
	} {
		if got := Redact(explanation([]byte(body)), ""); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"the key sk-1234 is bad": "the key [key] is bad", "a\n\tb": "a b", "a\x00\x1b[31mb": "a[31mb", "a\xffb": "a�b",
		strings.Repeat("é", 400): strings.Repeat("é", 150) + "…",
	} {
		if got := Redact(in, "sk-1234"); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	// A short key would blot out half of every message.
	if got := Redact("a b c", "b"); got != "a b c" {
		t.Errorf("got %q", got)
	}
}

func TestRetryable(t *testing.T) {
	for err, want := range map[error]bool{
		&Error{Kind: Unreachable}: true, &Error{Kind: Overloaded}: true, &Error{Kind: Failed}: true, &Error{Kind: Cut}: true,
		&Error{Kind: Timeout}: false, &Error{Kind: Denied}: false, &Error{Kind: Rejected}: false, &Error{Kind: Malformed}: false, &Error{Kind: TooLarge}: false,
		errors.New("other"): false,
	} {
		if Retryable(err) != want || Retryable(fmt.Errorf("wrapped: %w", err)) != want {
			t.Errorf("%v: %v", err, !want)
		}
	}
}

// TestTooLong has each provider's own words for a request that is too long.
func TestTooLong(t *testing.T) {
	for body, want := range map[string]Kind{
		`{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`: TooLong,
		`{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 209464 tokens > 200000 maximum"}}`:                                                                                       TooLong,
		`[{"error":{"code":400,"message":"The input token count (1500000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]`:                                                       TooLong,
		`{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_error"}`:                                           TooLong,
		`{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_ctx":2048}}`:                                                           TooLong,
		`{"error":{"message":"Unsupported parameter: max_tokens","type":"invalid_request_error"}}`:                                                                                                                       Rejected,
	} {
		if got := kindOf(400, []byte(body)); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
	// A rate limit in tokens is another thing, whatever words it is told in.
	if got := kindOf(429, []byte("maximum context length")); got != Overloaded {
		t.Errorf("got %s", got)
	}
}
