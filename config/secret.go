package config

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden stands in for a secret wherever it might be printed.
const hidden = "[secret]"

// Secret is a string that is not shown: not by fmt, not in JSON or YAML, not in
// a log. In a file it can only be written as a reference, ${NAME}.
type Secret string

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer: "[secret]", or "" for none.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString implements fmt.GoStringer, for %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// Format implements fmt.Formatter, because fmt shows the bare value under a verb
// that does not suit it.
func (s Secret) Format(f fmt.State, verb rune) {
	out := s.String()
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		out = s.GoString()
	}
	_, _ = io.WriteString(f, out)
}

// MarshalText implements encoding.TextMarshaler, which JSON and YAML ask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
