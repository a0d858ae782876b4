package provider

import (
	"encoding/json"
	"io"
	"strings"
	"unicode"
)

// explanation finds the sentence for people in the body of an error. Providers
// that call themselves compatible write it in several shapes:
// {"error":{"message":…}}, {"error":"…"}, {"message":…}, {"detail":…}.
func explanation(body []byte) string {
	var v struct {
		Error   json.RawMessage `json:"error"`
		Message json.RawMessage `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &v) == nil {
		for _, raw := range []json.RawMessage{v.Error, v.Message, v.Detail} {
			if s := sentence(raw); s != "" {
				return s
			}
		}
	}
	return string(body)
}

// sentence reads one of the places where an explanation may be.
func sentence(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var o struct {
		Message json.RawMessage `json:"message"`
	}
	if json.Unmarshal(raw, &o) == nil && len(o.Message) > 0 && json.Unmarshal(o.Message, &s) == nil && s != "" {
		return s
	}
	return string(raw)
}

// beginning quotes the start of a body that should not be there.
func beginning(r io.Reader, key string) string {
	b, _ := io.ReadAll(io.LimitReader(r, maxErrorBody))
	s := Redact(explanation(b), key)
	if s == "" {
		return ""
	}
	return ": " + s
}

// Redact makes a provider's text fit for an error or a log: one line, printable,
// at most maxMessage bytes, and without the key. What a provider prints in place
// of part of a key ("sk-ab***yz") stays.
func Redact(s, key string) string {
	if len(key) >= 4 {
		s = strings.ReplaceAll(s, key, "[key]")
	}
	s = strings.ToValidUTF8(s, "�")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxMessage {
		cut := maxMessage
		for cut > 0 && s[cut]&0xC0 == 0x80 {
			cut--
		}
		s = s[:cut] + "…"
	}
	return s
}

// redactedError keeps a cause for errors.Is while its text is made safe.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

// redacted makes an error's text safe. Errors without the key stay as they are.
func redacted(err error, key string) error {
	text := err.Error()
	if safe := Redact(text, key); safe != text {
		return &redactedError{safe, err}
	}
	return err
}

// Quote reads the start of a body that should not be there, for a message of an
// error; ": " and the text, or "".
func Quote(r io.Reader) string { return beginning(r, "") }
