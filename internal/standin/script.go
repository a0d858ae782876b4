package standin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// scene is a reply cut into the pieces in which it is sent.
type scene struct {
	tokens []string
	// first is the index of the token that completes the first sentence.
	first int
}

// prepare cuts a reply into words with the space before them, as models do.
func prepare(text string) scene {
	var sc scene
	start := 0
	for i, r := range text {
		if unicode.IsSpace(r) && i > start {
			sc.tokens = append(sc.tokens, text[start:i])
			start = i
		}
	}
	sc.tokens = append(sc.tokens, text[start:])
	sc.first = len(sc.tokens) - 1
	for i, t := range sc.tokens {
		if strings.ContainsAny(t[len(t)-1:], ".!?") || strings.HasSuffix(t, "。") {
			sc.first = i
			break
		}
	}
	return sc
}

// at is when a token is due, counted from the request: the first at FirstToken,
// the last of the first sentence at FirstSentence, the others at that pace.
func (s *Server) at(sc scene, i int) time.Duration {
	if sc.first == 0 {
		// One word is the whole sentence; go on as if it had been eight.
		return s.o.FirstSentence + time.Duration(i)*(s.o.FirstSentence-s.o.FirstToken)/8
	}
	return s.o.FirstToken + time.Duration(i)*(s.o.FirstSentence-s.o.FirstToken)/time.Duration(sc.first)
}

// bound is the reply as a model writes it that is bound to a JSON schema: in the
// "say" of an object.
func (sc scene) bound() scene {
	tokens := make([]string, len(sc.tokens))
	for i, t := range sc.tokens {
		quoted, err := json.Marshal(t)
		if err != nil {
			continue // texts always marshal
		}
		tokens[i] = string(quoted[1 : len(quoted)-1])
	}
	tokens[0] = `{"say": "` + tokens[0]
	tokens[len(tokens)-1] += `"}`
	sc.tokens = tokens
	return sc
}

// result is the tool's result that the last message tells, in either way of
// calling tools.
func (req chatRequest) result() (string, bool) {
	last := req.Messages[len(req.Messages)-1]
	if last.Role == "tool" {
		return last.text(), true
	}
	if after, ok := strings.CutPrefix(last.text(), "Result of "); ok && req.bound() {
		_, result, found := strings.Cut(after, ": ")
		return result, found
	}
	return "", false
}

// wish finds the tool that the last message asks for.
func (s *Server) wish(req chatRequest) (rule ToolRule, args string, ok bool) {
	last := req.Messages[len(req.Messages)-1]
	if last.Role != "user" {
		return ToolRule{}, "", false
	}
	said := last.text()
	if _, ok := req.result(); ok || s.o.Untrained && !req.bound() {
		return ToolRule{}, "", false
	}
	for _, rule := range s.o.Tools {
		at := rule.Match.FindStringSubmatchIndex(said)
		if at == nil || !req.offers(rule.Tool) {
			continue
		}
		return rule, string(rule.Match.ExpandString(nil, rule.Arguments, said, at)), true
	}
	return ToolRule{}, "", false
}

func (req chatRequest) offers(tool string) bool {
	for _, t := range req.Tools {
		if t.Function.Name == tool {
			return true
		}
	}
	return req.bound() && strings.Contains(string(req.ResponseFormat.JSONSchema.Schema), strconv.Quote(tool))
}

// spoken reads a tool's result out, all of it and nothing else: JSON becomes
// "name value" pairs in the order of their names.
func spoken(result string) string {
	var v any
	if json.Unmarshal([]byte(result), &v) != nil {
		return result
	}
	var words []string
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			names := make([]string, 0, len(v))
			for k := range v {
				names = append(names, k)
			}
			slices.Sort(names)
			for _, k := range names {
				walk(strings.ReplaceAll(k, "_", " "), v[k])
			}
		case []any:
			for _, e := range v {
				walk(name, e)
			}
		default:
			words = append(words, strings.TrimSpace(fmt.Sprintf("%s %v", name, v)))
		}
	}
	walk("", v)
	return strings.Join(words, ", ") + "."
}
