package rtvi

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/agent"
	"parley/tools/clienttool"
)

var ticked = regexp.MustCompile("`([^`]+)`")

// rows are the cells of the table that follows a line in the section RTVI of
// docs/protocols.md, without its head.
func rows(t *testing.T, after string) [][]string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/protocols.md")
	check(t, err)
	_, section, ok := strings.Cut(string(doc), "\n## RTVI\n")
	_, section, found := strings.Cut(section, "\n"+after+"\n\n")
	if !ok || !found {
		t.Fatalf("docs/protocols.md has no table after %q", after)
	}
	section, _, _ = strings.Cut(section, "\n\n")
	var out [][]string
	for line := range strings.Lines(section) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); len(cells) > 2 && strings.Contains(cells[1], "`") {
			out = append(out, cells[1:len(cells)-1])
		}
	}
	return out
}

func names(cell string) (out []string) {
	for _, m := range ticked.FindAllStringSubmatch(cell, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return out
}

// leaves are the names of a JSON value's fields, those of objects in it by their path.
// Lists are leaves.
func leaves(v any, path string) (out []string) {
	object, ok := v.(map[string]any)
	if !ok || len(object) == 0 {
		if path == "" {
			return nil
		}
		return []string{path}
	}
	for name, value := range object {
		if path != "" {
			name = path + "." + name
		}
		out = append(out, leaves(value, name)...)
	}
	slices.Sort(out)
	return out
}

// samples are the data of all messages of a client, with all of their fields.
func samples() map[string]any {
	type object = map[string]any
	return map[string]any{
		typeClientReady:        object{"version": "2.1.0", "about": object{}},
		typeDisconnectBot:      object{},
		typeSendText:           object{"content": "hello", "options": object{"run_immediately": true, "audio_response": false}},
		typeClientMessage:      object{"t": "about", "d": nil},
		typeUIEvent:            object{"event": "x", "payload": 1},
		typeUISnapshot:         object{"tree": object{}},
		typeUICancelJobGroup:   object{"job_id": "x", "reason": "y"},
		typeFunctionCallResult: object{"function_name": "f", "tool_call_id": "c", "arguments": object{}, "result": object{}},
		typeAppendToContext:    object{"role": "user", "content": "x", "run_immediately": true},
		typeDTMF:               object{"buttons": []string{"1"}},
	}
}

// TestTheDocsSayWhatBecomesOfMessages sends each message of the table to a conversation.
func TestTheDocsSayWhatBecomesOfMessages(t *testing.T) {
	s := open(t)
	left := samples()
	for _, row := range rows(t, "From the client:") {
		kind := names(row[0])[0]
		sample, ok := left[kind]
		delete(left, kind)
		if !ok {
			t.Errorf("%s is documented, and unknown", kind)
			continue
		}
		documented := append(names(row[2]), names(row[3])...)
		slices.Sort(documented)
		if fields := leaves(sample, ""); !slices.Equal(fields, documented) {
			t.Errorf("%s has the fields %q, the docs name %q", kind, fields, documented)
		}
		t.Run(kind, func(t *testing.T) {
			talk, w := s.talking(t)
			talk.peer.functions.waiting["c"] = &pendingCall{Call: &clienttool.Call{ID: "c", Name: "f"}}
			b, err := json.Marshal(map[string]any{"id": "7", "label": messageLabel, "type": kind, "data": sample})
			check(t, err)
			talk.take(b)
			if talk.events != nil {
				talk.events.Close()
			}
			refused, answered := false, 0
			for _, m := range w.drain() {
				answered++
				refused = refused || m.Type == typeErrorResponse || m.Type == typeError
			}
			switch what := strings.TrimSpace(row[1]); {
			case what == "served" && !refused, what == "ignored" && answered == 0, what == "refused" && refused:
			default:
				t.Errorf("it is said to be %s, and has %d answers, refused: %t", what, answered, refused)
			}
		})
	}
	for kind := range left {
		t.Errorf("%s is not documented", kind)
	}
}

// TestTheDocsSayWhatClientsAreTold makes messages of every event, and compares them and
// their fields with the table.
func TestTheDocsSayWhatClientsAreTold(t *testing.T) {
	fields := map[string][]string{} // by type
	note := func(messages []message) {
		for _, m := range messages {
			b, err := json.Marshal(m.Data)
			check(t, err)
			var data any
			check(t, json.Unmarshal(b, &data))
			all := append(fields[m.Type], leaves(data, "")...)
			slices.Sort(all)
			fields[m.Type] = slices.Compact(all)
		}
	}
	for _, v := range []version{{2, 1, 0}, {1, 0, 0}} {
		seen := map[string]bool{}
		tr := newTranslator(v, time.Now, nobodys)
		for _, e := range spoken() {
			seen[e.Event.Kind()] = true
			made := tr.translate(e)
			for _, m := range made {
				if v.legacy() && m.Type != typeFunctionCall {
					continue // its bot-output is told in words
				}
				note([]message{m})
			}
		}
		if source, err := os.ReadFile("../../agent/event.go"); err != nil || strings.Count(string(source), ") Kind() string") != len(seen) {
			t.Errorf("%d kinds of events are translated here, and there are others (%v)", len(seen), err)
		}
	}
	s := open(t)
	talk, w := s.talking(t)
	for kind, data := range map[string]string{typeClientReady: `{"version":"2.1.0"}`, typeClientMessage: `{"t":"silence"}`, "no-such": `{}`} {
		talk.take([]byte(`{"id":"1","label":"rtvi-ai","type":"` + kind + `","data":` + data + `}`))
	}
	talk.events.Close()
	for _, v := range []version{{2, 1, 0}, {1, 0, 0}} {
		talk.peer.translator.version = v
		talk.call(&clienttool.Call{ID: "f", Name: "show", Arguments: `{}`})
	}
	for _, m := range w.drain() {
		note([]message{m})
	}
	for _, row := range rows(t, "To the client:") {
		what := strings.TrimSpace(row[1])
		for _, kind := range names(row[0]) {
			got, made := fields[kind]
			delete(fields, kind)
			if made != (what != "never") {
				t.Errorf("%s is said to be %s, and was made: %t", kind, what, made)
			}
			if documented := names(row[2]); kind != typeServerMessage && !slices.Equal(got, documented) {
				t.Errorf("%s has the fields %q, the docs name %q", kind, got, documented)
			}
		}
		for _, kind := range names(row[3]) {
			if strings.Contains(kind, ".") && !strings.Contains(kind, "-") && !slices.ContainsFunc(spoken(), func(e agent.Envelope) bool { return e.Event.Kind() == kind }) {
				t.Errorf("the docs make %s of the event %s, which there is not", row[0], kind)
			}
		}
	}
	for kind := range fields {
		t.Errorf("%s is not documented", kind)
	}
}
