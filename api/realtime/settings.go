package realtime

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/agent"
	"parley/tools/clienttool"
)

// Bounds of what a client may ask of a session.
const (
	maxInstructions = 32 << 10 // bytes
)

// Kinds of sound.
const (
	pcm24 = "audio/pcm"
	pcmu  = "audio/pcmu"
	pcma  = "audio/pcma"
)

// wireSession is a session as it stands in messages.
type wireSession struct {
	Type             string          `json:"type"`
	Object           string          `json:"object"`
	ID               string          `json:"id"`
	Model            string          `json:"model"`
	OutputModalities []string        `json:"output_modalities"`
	Instructions     string          `json:"instructions"`
	Tools            []tool          `json:"tools"`
	ToolChoice       json.RawMessage `json:"tool_choice"`
	MaxOutputTokens  json.RawMessage `json:"max_output_tokens"`
	Truncation       json.RawMessage `json:"truncation"`
	Prompt           json.RawMessage `json:"prompt"`
	Tracing          json.RawMessage `json:"tracing"`
	Include          json.RawMessage `json:"include"`
	Audio            wireAudio       `json:"audio"`
}

type wireAudio struct {
	Input struct {
		Format         format          `json:"format"`
		Transcription  json.RawMessage `json:"transcription"`
		NoiseReduction json.RawMessage `json:"noise_reduction"`
		TurnDetection  json.RawMessage `json:"turn_detection"`
	} `json:"input"`
	Output struct {
		Format format          `json:"format"`
		Voice  json.RawMessage `json:"voice"`
		Speed  json.RawMessage `json:"speed"`
	} `json:"output"`
}

// format is a kind of sound; Rate is 24000 for PCM, the only one that is taken.
type format struct {
	Type string `json:"type"`
	Rate int    `json:"rate,omitempty"`
}

// tool is a function of the client's.
type tool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

// clientTools are the client's tools, for the agent.
func (w *wireSession) clientTools() []clienttool.Tool {
	out := make([]clienttool.Tool, len(w.Tools))
	for i, t := range w.Tools {
		out[i] = clienttool.Tool{Name: t.Name, Description: t.Description, Parameters: t.Parameters}
	}
	return out
}

// detection is how the client wants turns to be found.
type detection struct {
	Type        string   `json:"type"`
	Eagerness   string   `json:"eagerness"`
	Create      *bool    `json:"create_response"`
	Interrupt   *bool    `json:"interrupt_response"`
	Threshold   *float64 `json:"threshold"`
	Prefix      *int64   `json:"prefix_padding_ms"`
	IdleTimeout *int64   `json:"idle_timeout_ms"`
	Silence     int64    `json:"silence_duration_ms"`
}

// settings are what a session is like now.
type settings struct {
	wire wireSession
	// detection is nil for push to talk.
	detection *detection
}

func newSettings() *settings {
	s := &settings{wire: wireSession{
		Type: "realtime", Object: "realtime.session", ID: newID("sess"), Model: "parley", OutputModalities: []string{"audio"}, Tools: []tool{},
		ToolChoice: json.RawMessage(`"auto"`), MaxOutputTokens: json.RawMessage(`"inf"`), Truncation: json.RawMessage(`"auto"`),
	}}
	s.wire.Audio.Input.Format, s.wire.Audio.Output.Format = format{pcm24, 24000}, format{pcm24, 24000}
	s.wire.Audio.Input.TurnDetection = json.RawMessage(`{"type":"semantic_vad","eagerness":"auto","create_response":true,"interrupt_response":true}`)
	s.wire.Audio.Input.Transcription = json.RawMessage(`{"model":"parley"}`)
	s.wire.Audio.Output.Voice = json.RawMessage(`"parley"`)
	s.detection = &detection{Type: "semantic_vad", Eagerness: "auto"}
	return s
}

// settingError says which field of a session cannot be had, and why.
type settingError struct{ param, reason, code string }

func (e *settingError) Error() string { return e.param + ": " + e.reason }

func refuse(param, reason string, args ...any) error {
	return &settingError{param, fmt.Sprintf(reason, args...), "invalid_value"}
}

// impossible is an error about the state of things, with the protocol's code for it.
func impossible(code, reason string) error { return &settingError{"type", reason, code} }

// update changes what a client names; nothing changes when there is an error.
func (s *settings) update(asked []byte) error {
	next := s.wire.clone()
	next.Tools, next.OutputModalities = nil, nil
	if err := json.Unmarshal(asked, &next); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return refuse(strings.TrimSuffix("session."+wrong.Field, "."), "it cannot be a %s.", wrong.Value)
		}
		return refuse("session", "it is no JSON object: %v.", err)
	}
	if next.Tools == nil {
		next.Tools = s.wire.Tools
	}
	if next.OutputModalities == nil {
		next.OutputModalities = s.wire.OutputModalities
	}
	next.ID, next.Object, next.Model = s.wire.ID, s.wire.Object, s.wire.Model
	found, err := next.check()
	if err != nil {
		return err
	}
	s.wire, s.detection = next, found
	return nil
}

// clone copies the session: decoding writes into raw messages that are there.
func (w wireSession) clone() wireSession {
	for _, raw := range []*json.RawMessage{
		&w.ToolChoice, &w.MaxOutputTokens, &w.Truncation, &w.Prompt, &w.Tracing, &w.Include, &w.Audio.Input.Transcription,
		&w.Audio.Input.NoiseReduction, &w.Audio.Input.TurnDetection, &w.Audio.Output.Voice, &w.Audio.Output.Speed,
	} {
		*raw = slices.Clone(*raw)
	}
	return w
}

// check says what of a session cannot be had.
func (w *wireSession) check() (*detection, error) {
	switch {
	case w.Type != "realtime":
		return nil, refuse("session.type", `"realtime" is served, not %q.`, w.Type)
	case len(w.Instructions) > maxInstructions:
		return nil, refuse("session.instructions", "they may have at most %d bytes.", maxInstructions)
	case !slices.Equal(w.OutputModalities, []string{"audio"}) && !slices.Equal(w.OutputModalities, []string{"text"}):
		return nil, refuse("session.output_modalities", `it is ["audio"] or ["text"].`)
	case len(w.Tools) > clienttool.Max:
		return nil, refuse("session.tools", "there may be at most %d.", clienttool.Max)
	}
	for name, f := range map[string]*format{"input": &w.Audio.Input.Format, "output": &w.Audio.Output.Format} {
		switch {
		case f.Type == pcm24 && (f.Rate == 24000 || f.Rate == 0):
			f.Rate = 24000
		case f.Type == pcmu || f.Type == pcma:
			f.Rate = 0
		default:
			return nil, refuse("session.audio."+name+".format", `it is "audio/pcm" at 24000 Hz, "audio/pcmu" or "audio/pcma".`)
		}
	}
	for i := range w.Tools {
		if string(w.Tools[i].Parameters) == "null" {
			w.Tools[i].Parameters = nil
		}
	}
	for i, t := range w.clientTools() {
		at := fmt.Sprintf("session.tools[%d]", i)
		if kind := w.Tools[i].Type; kind != "function" {
			return nil, refuse(at+".type", `"function" is served, not %q; the shop's own tools are there without being named.`, kind)
		}
		if field, reason := t.Flaw(); field != "" {
			return nil, refuse(at+"."+field, "%s.", reason)
		}
		if slices.ContainsFunc(w.Tools[:i], func(before tool) bool { return before.Name == t.Name }) {
			return nil, refuse(at+".name", "%q is there twice.", t.Name)
		}
	}
	found, err := readDetection(w.Audio.Input.TurnDetection)
	if err == nil && found != nil {
		w.Audio.Input.TurnDetection = found.wire()
	}
	return found, err
}

// wire is the detection as it is told, with what the client has left out: clients
// decide by it who ends a response when somebody speaks.
func (d *detection) wire() json.RawMessage {
	told := map[string]any{"type": d.Type, "create_response": d.Create == nil || *d.Create, "interrupt_response": d.interrupts()}
	if d.Type == "semantic_vad" {
		told["eagerness"] = cmp.Or(d.Eagerness, "auto")
	} else {
		told["idle_timeout_ms"] = d.IdleTimeout
		if d.Silence > 0 {
			told["silence_duration_ms"] = d.Silence
		}
		if d.Threshold != nil {
			told["threshold"] = *d.Threshold
		}
		if d.Prefix != nil {
			told["prefix_padding_ms"] = *d.Prefix
		}
	}
	data, _ := json.Marshal(told) // plain values always marshal
	return data
}

func readDetection(raw json.RawMessage) (*detection, error) {
	const param = "session.audio.input.turn_detection"
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var d detection
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, refuse(param, "it cannot be read: %v.", err)
	}
	switch {
	case d.Type != "server_vad" && d.Type != "semantic_vad":
		return nil, refuse(param+".type", `it is "server_vad", "semantic_vad" or null, not %q.`, d.Type)
	case d.Threshold != nil && (*d.Threshold < 0 || *d.Threshold > 1):
		return nil, refuse(param+".threshold", "it lies between 0 and 1.")
	case d.Prefix != nil && (*d.Prefix < 0 || *d.Prefix > 10_000):
		return nil, refuse(param+".prefix_padding_ms", "it lies between 0 and 10000.")
	case d.IdleTimeout != nil && (*d.IdleTimeout < 1000 || *d.IdleTimeout > 600_000):
		return nil, refuse(param+".idle_timeout_ms", "it lies between 1000 and 600000, or is null.")
	case d.Silence < 0 || d.Silence > 10_000:
		return nil, refuse(param+".silence_duration_ms", "it lies between 0 and 10000.")
	case !slices.Contains([]string{"", "auto", "low", "medium", "high"}, d.Eagerness):
		return nil, refuse(param+".eagerness", `it is "auto", "low", "medium" or "high".`)
	}
	return &d, nil
}

// turns are the shop's turns as the client wants them.
func (s *settings) turns(t agent.Turns) agent.Turns {
	if s.detection == nil {
		t.Pressed, t.Asked = true, true
		return t
	}
	s.detection.tune(&t)
	return t
}

// interrupts says whether a voice ends an answer, as far as the client has a say.
func (s *settings) interrupts() bool { return s.detection == nil || s.detection.interrupts() }

// transcribes says whether the client wants the words of what is said.
func (s *settings) transcribes() bool {
	raw := s.wire.Audio.Input.Transcription
	return len(raw) > 0 && string(raw) != "null"
}

// interrupts says whether a voice may end an answer.
func (d *detection) interrupts() bool { return d.Interrupt == nil || *d.Interrupt }

// hear sets what counts as a voice, and how long none may be heard.
func (d *detection) hear(t *agent.Turns) {
	if d.Threshold != nil {
		t.Threshold = max(float32(*d.Threshold), minThreshold)
	}
	if d.Prefix != nil {
		t.Lead = max(time.Duration(*d.Prefix)*time.Millisecond, time.Millisecond)
	}
	if d.IdleTimeout != nil {
		t.Idle = time.Duration(*d.IdleTimeout) * time.Millisecond
	}
}

// minThreshold is the least that is taken for a threshold: with 0 all would be voice.
const minThreshold = 0.05

// tune sets how soon a turn is over, as far as the client says.
func (d *detection) tune(t *agent.Turns) {
	scale := func(factor float64) {
		for _, v := range []*time.Duration{&t.Complete, &t.Unknown, &t.Incomplete} {
			*v = max(t.Recognise, time.Duration(factor*float64(*v)))
		}
	}
	t.Asked, t.Uninterrupted = d.Create != nil && !*d.Create, !d.interrupts()
	if d.Type == "server_vad" {
		d.hear(t)
	}
	switch {
	case d.Type == "server_vad" && d.Silence > 0:
		silence := time.Duration(d.Silence) * time.Millisecond
		t.Recognise = min(t.Recognise, silence)
		t.Complete, t.Unknown, t.Incomplete, t.Dictated = silence, silence, silence, max(silence, t.Dictated)
	case d.Eagerness == "high":
		scale(0.7)
	case d.Eagerness == "low":
		scale(2.5)
	}
}

// speaks says whether answers are to be sound.
func (s *settings) speaks() bool { return s.wire.OutputModalities[0] == "audio" }
