package config

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"parley/internal/yamltree"
)

// referencePattern is a reference to an environment variable.
const referencePattern = `^(\$\{[A-Za-z_][A-Za-z0-9_]*\})?$`

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

// ReadYAML reads a reference to the environment.
func (s *Secret) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	text, ok := n.(*ast.StringNode)
	if !ok || text.Value != "" && !isReference(text.Value) {
		// What stands there may be the secret: it is not repeated.
		r.FailAt(yamltree.At(n), path, "a secret is not written here but referenced: set an environment variable and write \"${ITS_NAME}\"")
		return
	}
	if value, ok := r.Expand(n, text.Value, path); ok {
		if text.Value != "" && value == "" {
			r.Fail(n, path, "the environment variable in %s is empty", text.Value)
			return
		}
		*s = Secret(value)
	}
}

// YAMLSchema is that of a reference to an environment variable.
func (s *Secret) YAMLSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": referencePattern}
}

// Hidden is a text that may hold secrets, as references, and is shown no more than
// a [Secret].
type Hidden struct{ Secret }

// ReadYAML reads a text and puts the environment in.
func (h *Hidden) ReadYAML(r *yamltree.Reader, n ast.Node, path string) {
	if text, ok := r.Text(n, path); ok {
		h.Secret = Secret(text)
	}
}

// YAMLSchema is that of a text.
func (h *Hidden) YAMLSchema() map[string]any { return map[string]any{"type": "string"} }

// isReference says whether a text is one reference and nothing else.
func isReference(s string) bool {
	name, ok := strings.CutPrefix(s, "${")
	name, closed := strings.CutSuffix(name, "}")
	return ok && closed && yamltree.IsName(name)
}
