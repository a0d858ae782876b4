package openai

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"parley/llm"
)

// sayer reads the answer of a structured request while it is written: the text of
// {"say": …} comes out as it grows, anything else is kept until its end. An answer
// that is no JSON object is taken for plain speech, since that is what it is when a
// server does not know the schema. The zero value is ready.
type sayer struct {
	phase phase
	raw   strings.Builder // all of the answer, but for plain speech
	next  int             // the first byte of raw that has not been looked at
}

// phase is where in the answer a sayer is.
type phase int

const (
	atStart phase = iota // nothing but white space, or the fence of a code block
	inHead               // between "{" and what the first key's value is
	inText               // within the string of "say"
	inRest               // all that follows is kept and read at the end
	inPlain
)

var errStructured = errors.New("the structured answer goes on without end")

// push takes the next piece and returns what can be said by now.
func (s *sayer) push(piece string) (string, error) {
	if s.phase == inPlain {
		return piece, nil
	}
	if s.raw.Len()+len(piece) > maxText+maxArguments {
		return "", errStructured
	}
	s.raw.WriteString(piece)
	for {
		rest := s.raw.String()[s.next:]
		switch s.phase {
		case atStart:
			trimmed := strings.TrimLeft(rest, " \t\r\n")
			if fenced, ok := strings.CutPrefix(trimmed, "```"); ok {
				line, after, whole := strings.Cut(fenced, "\n")
				if !whole && len(line) <= len("json") {
					return "", nil
				}
				trimmed = after
			}
			switch {
			case trimmed == "" || strings.HasPrefix("```", trimmed):
				return "", nil
			case trimmed[0] != '{':
				s.phase = inPlain
				return trimmed, nil
			}
			s.next += len(rest) - len(trimmed) + 1
			s.phase = inHead
		case inHead:
			n, is, known := isSay(rest)
			switch {
			case !known:
				return "", nil
			case !is:
				s.phase = inRest
			default:
				s.next += n
				s.phase = inText
			}
		case inText:
			text, n, closed := unquote(rest)
			s.next += n
			if closed {
				s.phase = inRest
			}
			return text, nil
		default:
			return "", nil
		}
	}
}

// isSay says whether what follows "{" is `"say": "`, and how long that is. It is
// not known until enough has come.
func isSay(s string) (n int, is, known bool) {
	for _, want := range []string{`"` + sayKey + `"`, ":", `"`} {
		trimmed := strings.TrimLeft(s[n:], " \t\r\n")
		n = len(s) - len(trimmed)
		switch {
		case strings.HasPrefix(trimmed, want):
			n += len(want)
		case strings.HasPrefix(want, trimmed):
			return 0, false, false
		default:
			return 0, false, true
		}
	}
	return n, true, true
}

// unquote reads as much of a JSON string as is whole: up to an escape or a letter
// that has not come entirely, or the closing quote. n is how much was read.
func unquote(s string) (text string, n int, closed bool) {
	var b strings.Builder
	for n < len(s) {
		switch c := s[n]; {
		case c == '"':
			return b.String(), n + 1, true
		case c == '\\':
			r, size := unescape(s[n:])
			if size == 0 {
				return b.String(), n, false
			}
			b.WriteRune(r)
			n += size
		case c < utf8.RuneSelf:
			b.WriteByte(c)
			n++
		default:
			if !utf8.FullRuneInString(s[n:]) {
				return b.String(), n, false
			}
			r, size := utf8.DecodeRuneInString(s[n:])
			b.WriteRune(r)
			n += size
		}
	}
	return b.String(), n, false
}

// unescape reads one escape, RFC 8259 section 7; size is 0 when it is not whole. A
// half of a pair that stands alone is the replacement character.
func unescape(s string) (r rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r', 'b', 'f':
		return ' ', 2
	case 'u':
	default:
		return rune(s[1]), 2
	}
	high, ok := hex4(s)
	switch {
	case len(s) < 6:
		return 0, 0
	case !ok:
		return utf8.RuneError, 2
	case !utf16.IsSurrogate(high):
		return high, 6
	case len(s) < 12 && strings.HasPrefix(`\u`, s[6:min(len(s), 8)]):
		return 0, 0 // its other half may follow
	}
	if strings.HasPrefix(s[6:], `\u`) {
		if len(s) < 12 {
			return 0, 0
		}
		if low, ok := hex4(s[6:]); ok {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				return r, 12
			}
		}
	}
	return utf8.RuneError, 6
}

// hex4 reads the four digits of \uXXXX.
func hex4(s string) (rune, bool) {
	if len(s) < 6 {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// begun says whether anything of the answer has come.
func (s *sayer) begun() bool { return s.phase != atStart }

// finish reads what was kept, once the answer is whole: the calls in it, and text
// that has not been said. What makes no sense becomes a call without a name, so
// that the model is told.
func (s *sayer) finish(said bool) (text string, calls []llm.ToolCall) {
	raw := strings.TrimSpace(s.raw.String())
	raw = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(raw, "```"), "json"), "```"))
	if s.phase == inPlain || raw == "" {
		return "", nil
	}
	var v struct {
		Say  *string         `json:"say"`
		Call json.RawMessage `json:"call"`
		// How models write one call that were trained to write another way.
		structuredCall
		Name string `json:"name"`
	}
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		if said {
			return "", nil // the text was whole enough to be spoken
		}
		return "", []llm.ToolCall{{Arguments: json.RawMessage(raw)}}
	}
	if v.Say != nil && !said {
		text = *v.Say
	}
	var list []structuredCall
	switch {
	case json.Unmarshal(v.Call, &list) == nil:
	case len(v.Call) > 0:
		var one structuredCall
		if json.Unmarshal(v.Call, &one) == nil {
			list = append(list, one)
		}
	case v.Tool != "" || v.Name != "":
		if v.Tool == "" {
			v.Tool = v.Name
		}
		list = append(list, v.structuredCall)
	}
	for _, c := range list {
		if len(calls) == maxCalls {
			break
		}
		if len(c.Arguments) == 0 || string(c.Arguments) == "null" {
			c.Arguments = json.RawMessage("{}")
		}
		calls = append(calls, llm.ToolCall{Name: c.Tool, Arguments: c.Arguments})
	}
	if v.Say == nil && len(calls) == 0 {
		calls = []llm.ToolCall{{Arguments: json.RawMessage(raw)}}
	}
	return text, calls
}
