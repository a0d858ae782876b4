package rtvi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/agent"
)

// at is the time of tests of translation.
// nobodys says that no function is the client's.
func nobodys(string) bool { return false }

func at() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC) }

// spoken is one answer with everything in it, as a conversation tells it.
func spoken() []agent.Envelope {
	return numbered(1,
		agent.Started{Customer: "Maya", Notice: "A demonstration", Language: "en"}, agent.StateChanged{State: agent.Listening},
		agent.SpeechStarted{}, agent.StateChanged{State: agent.Hearing}, agent.PartialTranscript{Text: "Where is"}, agent.SpeechStopped{},
		agent.Understood{Text: "Where is it?", Language: "en"}, agent.UserSaid{Text: "Where is it?", Source: "voice", Language: "en"}, agent.TurnStarted{}, agent.StateChanged{State: agent.Thinking},
		agent.ToolStarted{Call: "c1", Name: "get_order", Arguments: json.RawMessage(`{"order_id":"W1"}`)},
		agent.CallerIdentified{Customer: "Maya"},
		agent.ToolFinished{Call: "c1", Name: "get_order", OK: true, Took: 12, Result: `{"email":"maya@example.com"}`},
		agent.ConfirmationAsked{Call: "c2", Name: "cancel_order", Arguments: json.RawMessage(`{"order_id":"W1"}`)},
		agent.BrainMoved{From: "a", To: "b"}, agent.Overheard{Speaker: "s", Role: agent.RoleStaff, Text: "Hello", Source: "voice"}, agent.StoodAside{}, agent.CameBack{},
		agent.ReplyText{Text: "It is on its way. Sh"}, agent.ReplyText{Text: "all I call?"}, agent.ReplyWritten{Text: "It is on its way. Shall I call?"},
		agent.StateChanged{State: agent.Speaking},
		agent.ReplySpoken{Text: "It"}, agent.ReplySpoken{Text: "It is on its way."}, agent.Held{}, agent.Silenced{After: 30}, agent.Resumed{}, agent.ReplySpoken{Text: "It is on its way. Shall"},
		agent.CallerSilent{After: 9000}, agent.Failed{Stage: "tool", Message: "failed"},
		agent.ReplyDone{Text: "It is on its way. Shall I call?", Heard: "It is on its way. Shall I call?"},
		agent.Usage{Input: 10, CachedInput: 4, Output: 5},
		agent.TurnEnded{Cause: agent.CauseDone, Timings: agent.Timings{Transcript: 200, FirstToken: 300, Decided: 350, FirstSound: 500}},
		agent.StateChanged{State: agent.Listening}, agent.Ended{Cause: "done"})
}

// numbered puts events into envelopes of a turn.
func numbered(turn int64, events ...agent.Event) (out []agent.Envelope) {
	for i, e := range events {
		out = append(out, agent.Envelope{Conversation: "c", Seq: int64(i + 1), Turn: turn, Event: e})
	}
	return out
}

// lines are messages as text: their type and their data.
func lines(t *testing.T, messages []message) (out []string) {
	t.Helper()
	for _, m := range messages {
		line := m.Type
		if m.Label != messageLabel {
			t.Errorf("%s has the label %q", m.Type, m.Label)
		}
		if m.Data != nil {
			data, err := json.Marshal(m.Data)
			if err != nil {
				t.Fatal(err)
			}
			line += " " + string(data)
		}
		out = append(out, line)
	}
	return out
}

func translated(t *testing.T, tr *translator, events []agent.Envelope) (out []string) {
	t.Helper()
	for _, e := range events {
		out = append(out, lines(t, tr.translate(e))...)
	}
	return out
}

func compare(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%2d is missing: %s", i, want[i])
		case i >= len(want):
			t.Errorf("%2d is too much: %s", i, got[i])
		case got[i] != want[i]:
			t.Errorf("%2d is\n%s, want\n%s", i, got[i], want[i])
		}
	}
}

func TestAnAnswerIsTranslated(t *testing.T) {
	compare(t, translated(t, newTranslator(version{2, 1, 0}, at, nobodys), spoken()), []string{
		`server-message {"type":"conversation.started","conversation":"c","seq":1,"turn":1,"at_ms":0,"customer":"Maya","notice":"A demonstration","language":"en"}`,
		`user-started-speaking`,
		`user-transcription {"text":"Where is","final":false,"timestamp":"2026-01-02T03:04:05.678Z","user_id":""}`,
		`user-stopped-speaking`,
		`user-transcription {"text":"Where is it?","final":true,"timestamp":"2026-01-02T03:04:05.678Z","user_id":""}`,
		`user-llm-text {"text":"Where is it?"}`,
		`bot-llm-started`,
		`llm-function-call-started {"function_name":"get_order"}`,
		`llm-function-call-in-progress {"tool_call_id":"c1","function_name":"get_order"}`,
		`server-message {"type":"caller.identified","conversation":"c","seq":12,"turn":1,"at_ms":0,"customer":"Maya"}`,
		`llm-function-call-stopped {"tool_call_id":"c1","function_name":"get_order","cancelled":false,"result":{"ok":true,"took_ms":12}}`,
		`server-message {"type":"tool.confirmation","conversation":"c","seq":14,"turn":1,"at_ms":0,"call":"c2","name":"cancel_order","arguments":{}}`,
		`bot-llm-text {"text":"It is on its way. Sh"}`,
		`bot-transcription {"text":"It is on its way."}`,
		`bot-output {"text":"It is on its way.","aggregated_by":"sentence","segment_id":10000,"will_be_spoken":true,"spoken_status":"new","spoken_progress":{"accumulated_text":"","remaining_text":"It is on its way."}}`,
		`bot-llm-text {"text":"all I call?"}`,
		`bot-transcription {"text":"Shall I call?"}`,
		`bot-output {"text":"Shall I call?","aggregated_by":"sentence","segment_id":10001,"will_be_spoken":true,"spoken_status":"new","spoken_progress":{"accumulated_text":"","remaining_text":"Shall I call?"}}`,
		`bot-llm-stopped`,
		`bot-tts-started`,
		`bot-started-speaking`,
		`bot-tts-text {"text":"It"}`,
		`bot-output {"text":"It is on its way.","aggregated_by":"sentence","segment_id":10000,"will_be_spoken":true,"spoken_status":"in-progress","spoken_progress":{"accumulated_text":"It","remaining_text":" is on its way."}}`,
		`bot-tts-text {"text":"is on its way."}`,
		`bot-output {"text":"It is on its way.","aggregated_by":"sentence","segment_id":10000,"will_be_spoken":true,"spoken_status":"completed","spoken_progress":{"accumulated_text":"It is on its way.","remaining_text":""}}`,
		`bot-stopped-speaking`,
		`bot-started-speaking`,
		`bot-tts-text {"text":"Shall"}`,
		`bot-output {"text":"Shall I call?","aggregated_by":"sentence","segment_id":10001,"will_be_spoken":true,"spoken_status":"in-progress","spoken_progress":{"accumulated_text":"Shall","remaining_text":" I call?"}}`,
		`error {"error":"The tool failed: failed","fatal":false,"message":"The tool failed: failed"}`,
		`bot-tts-text {"text":"I call?"}`,
		`bot-output {"text":"Shall I call?","aggregated_by":"sentence","segment_id":10001,"will_be_spoken":true,"spoken_status":"completed","spoken_progress":{"accumulated_text":"Shall I call?","remaining_text":""}}`,
		`bot-stopped-speaking`,
		`bot-tts-stopped`,
		`metrics {"ttfb":[{"processor":"recognition","value":0.2},{"processor":"brain","value":0.1},{"processor":"voice","value":0.15}],` +
			`"processing":[{"processor":"turn","value":0.35},{"processor":"answer","value":0.5}],` +
			`"tokens":[{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"cache_read_input_tokens":4}]}`,
	})
}

func TestVersionOneIsTold(t *testing.T) {
	var outputs []string
	for _, line := range translated(t, newTranslator(version{1, 0, 0}, at, nobodys), spoken()) {
		if strings.HasPrefix(line, "bot-output ") || strings.HasPrefix(line, "llm-function-call") {
			outputs = append(outputs, line)
		}
	}
	compare(t, outputs, []string{
		`llm-function-call-started {"function_name":"get_order"}`,
		`llm-function-call {"tool_call_id":"c1","function_name":"get_order","args":{}}`,
		`llm-function-call-stopped {"tool_call_id":"c1","function_name":"get_order","cancelled":false,"result":{"ok":true,"took_ms":12}}`,
		`bot-output {"text":"It is on its way.","spoken":false,"aggregated_by":"sentence"}`,
		`bot-output {"text":"Shall I call?","spoken":false,"aggregated_by":"sentence"}`,
		`bot-output {"text":"It","spoken":true,"aggregated_by":"word"}`,
		`bot-output {"text":"is on its way.","spoken":true,"aggregated_by":"word"}`,
		`bot-output {"text":"Shall","spoken":true,"aggregated_by":"word"}`,
		`bot-output {"text":"I call?","spoken":true,"aggregated_by":"word"}`,
	})
}

func TestOlderClientsAreToldOfTools(t *testing.T) {
	for v, want := range map[version]string{{1, 1, 9}: typeFunctionCall, {1, 2, 0}: typeFunctionCallInProgress, {0, 0, 0}: typeFunctionCallInProgress} {
		got := lines(t, newTranslator(v, at, nobodys).toolStarted(agent.ToolStarted{Call: "c", Name: "look"}))
		if len(got) != 2 || !strings.HasPrefix(got[1], want+" ") {
			t.Errorf("a client of version %v is told %q", v, got)
		}
	}
}

// TestAnInterruption cuts an answer in its second sentence, with a tool under way.
func TestAnInterruption(t *testing.T) {
	tr := newTranslator(version{2, 1, 0}, at, nobodys)
	translated(t, tr, numbered(3, agent.TurnStarted{}, agent.ReplyText{Text: "One. Two is long. Three."}, agent.StateChanged{State: agent.Speaking}, agent.ReplySpoken{Text: "One. Two"}))
	compare(t, translated(t, tr, numbered(3,
		agent.Held{}, agent.SpeechStarted{}, agent.ToolStarted{Call: "c", Name: "look"},
		agent.ReplyDone{Text: "One. Two is long. Three.", Heard: "One. Two", Interrupted: true}, agent.TurnEnded{Cause: agent.CauseBargeIn, Timings: agent.NoTimings()},
		agent.StateChanged{State: agent.Hearing}, agent.ToolFinished{Call: "c", Name: "look"})), []string{
		`bot-stopped-speaking`, `user-started-speaking`,
		`llm-function-call-started {"function_name":"look"}`, `llm-function-call-in-progress {"tool_call_id":"c","function_name":"look"}`,
		`bot-transcription {"text":"Three."}`,
		`bot-output {"text":"Three.","aggregated_by":"sentence","segment_id":30002,"will_be_spoken":true,"spoken_status":"new","spoken_progress":{"accumulated_text":"","remaining_text":"Three."}}`,
		`bot-llm-stopped`, `bot-tts-stopped`,
		`llm-function-call-stopped {"tool_call_id":"c","function_name":"look","cancelled":true}`,
	})
}

func TestAnAnswerByTextAlone(t *testing.T) {
	tr := newTranslator(version{2, 1, 0}, at, nobodys)
	tr.unspoken[2] = true
	compare(t, translated(t, tr, numbered(2,
		agent.UserSaid{Text: "hello", Source: "text"}, agent.TurnStarted{}, agent.ReplyText{Text: "Hi"}, agent.ReplyDone{Text: "Hi", Heard: "Hi"},
		agent.TurnEnded{Cause: agent.CauseDone, Timings: agent.NoTimings()})), []string{
		`user-llm-text {"text":"hello"}`, `bot-llm-started`, `bot-llm-text {"text":"Hi"}`, `bot-transcription {"text":"Hi"}`,
		`bot-output {"text":"Hi","aggregated_by":"sentence","segment_id":20000,"will_be_spoken":false,"spoken_status":"new"}`,
		`bot-llm-stopped`,
	})
	if len(tr.unspoken) != 0 {
		t.Error("the turn is remembered after its end")
	}
}

func TestLostPiecesAreMadeUpFor(t *testing.T) {
	tr := newTranslator(version{2, 1, 0}, at, nobodys)
	got := translated(t, tr, numbered(1, agent.TurnStarted{}, agent.ReplyText{Text: "One. "}, agent.ReplyDone{Text: "One. Two. Three", Heard: "One. Two. Three"}))
	var sentences []string
	for _, line := range got {
		if text, ok := strings.CutPrefix(line, typeBotTranscription+" "); ok {
			sentences = append(sentences, text)
		}
	}
	compare(t, sentences, []string{`{"text":"One."}`, `{"text":"Two."}`, `{"text":"Three"}`})
}

func TestSentences(t *testing.T) {
	for text, want := range map[string][]string{
		"":                            nil,
		"One":                         {"One"},
		"One. Two":                    {"One.", "Two"},
		"It costs 3.50 € now. Fine!":  {"It costs 3.50 € now.", "Fine!"},
		"Really?! \"Yes.\" She said.": {"Really?!", "\"Yes.\"", "She said."},
		"在路上。明天到！好":                   {"在路上。", "明天到！", "好"},
		"- a lamp\n- a chair":         {"- a lamp", "- a chair"},
		"… wait":                      {"…", "wait"},
		"أين هو؟ هنا.":                {"أين هو؟", "هنا."},
	} {
		for _, size := range []int{1, 3, 1000} { // the pieces that it comes in
			r := reply{turn: 1}
			var got []string
			take := func(messages []message) {
				for _, m := range messages {
					if m.Type == typeBotTranscription {
						got = append(got, m.Data.(textData).Text)
					}
				}
			}
			for piece := range slices.Chunk([]rune(text), size) {
				take(r.write(string(piece)))
			}
			take(r.finish(text, text, false))
			if !slices.Equal(got, want) {
				t.Errorf("%q in pieces of %d is %q, want %q", text, size, got, want)
			}
		}
	}
}

// FuzzReply has any text come in any pieces and be spoken up to any place: no sentence
// is lost, and no progress goes back or past the end.
func FuzzReply(f *testing.F) {
	f.Add("It is on its way. Shall I call?", 3, 9)
	f.Add("在路上。明天到！", 1, 2)
	f.Add("\xff.\n. .", 2, 3)
	f.Fuzz(func(t *testing.T, text string, size, steps int) {
		text = strings.ToValidUTF8(text, "?")
		runes := []rune(text)
		r := reply{turn: 1}
		var all []message
		for piece := range slices.Chunk(runes, max(size%64, 1)) {
			all = append(all, r.write(string(piece))...)
		}
		for i := 0; i < len(runes) && steps > 0; i += max(len(runes)/(steps%16+1), 1) {
			all = append(all, r.speak(string(runes[:i]))...)
		}
		all = append(all, r.finish(strings.TrimSpace(text), strings.TrimSpace(text), false)...)
		letters, at := 0, map[int64]int{}
		for _, m := range all {
			o, ok := m.Data.(outputData)
			if !ok {
				continue
			}
			if o.Progress.Accumulated+o.Progress.Remaining != o.Text {
				t.Errorf("%+v does not make %q", o.Progress, o.Text)
			}
			if n := len(o.Progress.Accumulated); n < at[o.Segment] {
				t.Errorf("segment %d goes back to %d", o.Segment, n)
			} else {
				at[o.Segment] = n
			}
			if o.Status == statusNew {
				letters += countLetters(o.Text)
			}
		}
		if letters != countLetters(text) {
			t.Errorf("%q lost letters: %d of %d", text, countLetters(text)-letters, countLetters(text))
		}
	})
}
