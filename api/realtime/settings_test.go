package realtime

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/agent"
	"parley/tools/clienttool"
)

func TestSessionsThatCannotBeHad(t *testing.T) {
	tool := func(fields string) string { return `{"tools":[{"type":"function","description":"d",` + fields + `}]}` }
	for asked, param := range map[string]string{
		`{"type":"transcription"}`: "session.type",
		`[]`:                       "session",
		`{"instructions":5}`:       "session.instructions",
		`{"instructions":"` + strings.Repeat("a", maxInstructions+1) + `"}`:                     "session.instructions",
		`{"output_modalities":["audio","text"]}`:                                                "session.output_modalities",
		`{"output_modalities":[]}`:                                                              "session.output_modalities",
		`{"audio":{"input":{"format":{"type":"audio/pcm","rate":16000}}}}`:                      "session.audio.input.format",
		`{"audio":{"output":{"format":{"type":"audio/opus"}}}}`:                                 "session.audio.output.format",
		`{"audio":{"input":{"turn_detection":{"type":"none"}}}}`:                                "session.audio.input.turn_detection.type",
		`{"audio":{"input":{"turn_detection":{"type":"server_vad","silence_duration_ms":-1}}}}`: "session.audio.input.turn_detection.silence_duration_ms",
		`{"audio":{"input":{"turn_detection":{"type":"semantic_vad","eagerness":"very"}}}}`:     "session.audio.input.turn_detection.eagerness",
		`{"tools":[{"type":"mcp","server_label":"x"}]}`:                                         "session.tools[0].type",
		tool(`"name":"a b"`):               "session.tools[0].name",
		tool(`"name":"a","parameters":[]`): "session.tools[0].parameters",
		tool(`"name":"a","parameters":{"a":"` + strings.Repeat("a", clienttool.MaxSchema) + `"}`):                             "session.tools[0].parameters",
		`{"tools":[` + strings.Repeat(`{"type":"function","name":"a"},`, clienttool.Max) + `{"type":"function","name":"a"}]}`: "session.tools",
		`{"tools":[{"type":"function","name":"a"},{"type":"function","name":"a"}]}`:                                           "session.tools[1].name",
	} {
		s := newSettings()
		before, _ := json.Marshal(s.wire)
		err := s.update([]byte(asked))
		wrong, ok := err.(*settingError) //nolint:errorlint // it is nothing else
		if !ok || wrong.param != param {
			t.Errorf("%.100s: %v, want one about %s", asked, err, param)
		}
		if after, _ := json.Marshal(s.wire); string(after) != string(before) {
			t.Errorf("%.100s was refused and changed the session", asked)
		}
	}
}

func TestHowSoonATurnIsOver(t *testing.T) {
	shop := agent.DefaultTuning().Turns
	for detection, want := range map[string]func(agent.Turns) bool{
		`null`:                    func(t agent.Turns) bool { return t.Pressed && t.Asked },
		`{"type":"semantic_vad"}`: func(t agent.Turns) bool { return t == shop },
		`{"type":"semantic_vad","eagerness":"low"}`:  func(t agent.Turns) bool { return t.Unknown > shop.Unknown && t.Incomplete > shop.Incomplete },
		`{"type":"semantic_vad","eagerness":"high"}`: func(t agent.Turns) bool { return t.Unknown < shop.Unknown && t.Complete >= t.Recognise },
		`{"type":"server_vad","silence_duration_ms":700}`: func(t agent.Turns) bool {
			return t.Unknown == 700*time.Millisecond && t.Complete == t.Unknown && t.Incomplete == t.Unknown && t.Dictated >= t.Unknown
		},
		`{"type":"semantic_vad","interrupt_response":false,"threshold":0.9}`: func(t agent.Turns) bool { return t.Uninterrupted && !t.Asked && t.Threshold == 0 },
		`{"type":"server_vad","threshold":0.7,"prefix_padding_ms":500,"idle_timeout_ms":6000}`: func(t agent.Turns) bool {
			return t.Threshold == 0.7 && t.Lead == 500*time.Millisecond && t.Idle == 6*time.Second && !t.Uninterrupted
		},
		`{"type":"server_vad","threshold":0,"prefix_padding_ms":0,"idle_timeout_ms":null}`: func(t agent.Turns) bool {
			return t.Threshold == minThreshold && t.Lead == time.Millisecond && t.Idle == 0
		},
		`{"type":"server_vad","create_response":false}`: func(t agent.Turns) bool { return t.Asked && !t.Pressed },
	} {
		s := newSettings()
		if err := s.update(fmt.Appendf(nil, `{"audio":{"input":{"turn_detection":%s}}}`, detection)); err != nil {
			t.Fatal(err)
		}
		if got := s.turns(shop); !want(got) {
			t.Errorf("%s: %+v", detection, got)
		}
	}
}

func TestItemsThatCannotBePutIn(t *testing.T) {
	for asked, param := range map[string]string{
		`5`:                                   "item",
		`{"type":"function_call","name":"a"}`: "item.type",
		`{"type":"message","role":"assistant","content":[{"type":"output_text","text":"I agree"}]}`:                            "item.role",
		`{"type":"message","role":"user","content":[]}`:                                                                        "item.content",
		`{"type":"message","role":"user","content":[{"type":"input_audio","audio":"AAAA"}]}`:                                   "item.content[0].type",
		`{"type":"message","role":"user","content":[{"type":"input_image","image_url":"https://shop.example/photo.jpg"}]}`:     "item.content[0].image_url",
		`{"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,!"}]}`:            "item.content[0].image_url",
		`{"type":"message","role":"user","id":"` + strings.Repeat("a", 65) + `","content":[{"type":"input_text","text":"a"}]}`: "item.id",
		`{"type":"message","role":"user","content":[{"type":"input_text","text":"` + strings.Repeat("a", maxText+1) + `"}]}`:   "item.content",
		`{"type":"function_call_output","call_id":"a","output":"` + strings.Repeat("a", maxText+1) + `"}`:                      "item.output",
	} {
		_, _, err := readItem([]byte(asked))
		if wrong, ok := err.(*settingError); !ok || wrong.param != param { //nolint:errorlint // it is nothing else
			t.Errorf("%.100s: %v, want one about %s", asked, err, param)
		}
	}
}
