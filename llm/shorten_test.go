package llm

import (
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	// One letter a message: s system, u user, a assistant, t tool.
	roles := map[rune]Role{'s': System, 'u': User, 'a': Assistant, 't': ToolRole}
	for in, want := range map[string]string{
		"suauaua":  "sua", // from the middle on, the next question
		"suau":     "su",
		"suatauau": "suau",
		"suatatat": "", // one question only: nothing may go
		"su":       "",
		"s":        "",
		"":         "",
		"uaua":     "ua",
		"suauatat": "suatat",
	} {
		r := Request{Conversation: "c"}
		for _, c := range in {
			r.Messages = append(r.Messages, Message{Role: roles[c]})
		}
		got, ok := Shorten(r)
		var b strings.Builder
		for _, m := range got.Messages {
			for c, role := range roles {
				if role == m.Role {
					b.WriteRune(c)
				}
			}
		}
		if ok != (want != "") || ok && b.String() != want || len(r.Messages) != len(in) || got.Conversation != "c" {
			t.Errorf("%s: got %s, %v, want %q", in, b.String(), ok, want)
		}
	}
}
