package rtvi

import (
	"encoding/json"
	"time"

	"parley/agent"
)

// translator makes RTVI's messages of a conversation's events, for one client. It
// belongs to one goroutine.
type translator struct {
	version version // the client's
	now     func() time.Time
	// mine says whether the client runs a function: it is told of its calls otherwise.
	mine func(name string) bool
	// unspoken are the turns whose answers nobody is to hear.
	unspoken map[int64]bool

	turn     int64 // the one under way, or the last
	open     bool  // it is under way
	written  bool  // the client knows that all of its answer has come
	state    agent.State
	held     bool // silent, because someone seems to speak
	sounding bool // the client knows that the agent speaks
	voiced   bool // its voice has begun in this turn
	reply    reply
	usage    *agent.Usage
}

func newTranslator(v version, now func() time.Time, mine func(name string) bool) *translator {
	return &translator{version: v, now: now, mine: mine, unspoken: make(map[int64]bool)}
}

// translate makes the messages of one event; often none.
func (t *translator) translate(e agent.Envelope) []message {
	switch event := e.Event.(type) {
	case agent.Started:
		return []message{tell(typeServerMessage, e)}
	case agent.CallerIdentified:
		return []message{tell(typeServerMessage, e)}
	case agent.ConfirmationAsked:
		event.Arguments = json.RawMessage(`{}`) // they are the customer's
		e.Event = event
		return []message{tell(typeServerMessage, e)}
	case agent.SpeechStarted:
		return []message{tell(typeUserStartedSpeaking, nil)}
	case agent.SpeechStopped:
		return []message{tell(typeUserStoppedSpeaking, nil)}
	case agent.PartialTranscript:
		return []message{t.transcription(event.Text, false)}
	case agent.UserSaid:
		return t.userSaid(event)
	case agent.TurnStarted:
		t.turn, t.open, t.written, t.voiced, t.held = e.Turn, true, false, false, false
		t.reply = reply{turn: e.Turn, legacy: t.version.legacy(), unspoken: t.unspoken[e.Turn]}
		return []message{tell(typeBotLLMStarted, nil)}
	case agent.StateChanged:
		t.state = event.State
		return t.sound()
	case agent.Held:
		t.held = true
		return t.sound()
	case agent.Resumed:
		t.held = false
		return t.sound()
	case agent.ReplyText:
		return append([]message{tell(typeBotLLMText, textData{event.Text})}, t.reply.write(event.Text)...)
	case agent.ReplyWritten:
		return t.replyWritten(event)
	case agent.ReplySpoken:
		return t.reply.speak(event.Text)
	case agent.ReplyDone:
		return t.replyDone(event)
	case agent.ToolStarted:
		if t.mine(event.Name) {
			return nil
		}
		return t.toolStarted(event)
	case agent.ToolFinished:
		if t.mine(event.Name) {
			return nil
		}
		return []message{t.toolFinished(e.Turn, event)}
	case agent.Failed:
		text := "The " + event.Stage + " failed: " + event.Message
		return []message{tell(typeError, errorData{Error: text, Message: text})}
	case agent.Usage:
		t.usage = &event
		return nil
	case agent.TurnEnded:
		return t.turnEnded(e.Turn, event)
	default: // BrainMoved, Silenced, Ended: RTVI has no message for it
		return nil
	}
}

func (t *translator) transcription(text string, final bool) message {
	return tell(typeUserTranscription, transcriptionData{Text: text, Final: final, Timestamp: t.now().UTC().Format("2006-01-02T15:04:05.000Z07:00")})
}

// userSaid tells what the brain is given; of what was spoken, that it was said.
func (t *translator) userSaid(e agent.UserSaid) (out []message) {
	if e.Source == "voice" {
		out = append(out, t.transcription(e.Text, true))
	}
	return append(out, tell(typeUserLLMText, textData{e.Text}))
}

// sound tells of a change of whether the agent can be heard.
func (t *translator) sound() (out []message) {
	now := t.state == agent.Speaking && !t.held
	if now == t.sounding {
		return nil
	}
	t.sounding = now
	if !now {
		return []message{tell(typeBotStoppedSpeaking, nil)}
	}
	if !t.voiced {
		t.voiced = true
		out = append(out, tell(typeBotTTSStarted, nil))
	}
	return append(out, tell(typeBotStartedSpeaking, nil))
}

// replyWritten tells that the model has finished, while the voice goes on.
func (t *translator) replyWritten(e agent.ReplyWritten) []message {
	t.written = true
	return append(t.reply.complete(e.Text), tell(typeBotLLMStopped, nil))
}

func (t *translator) replyDone(e agent.ReplyDone) []message {
	out := t.reply.finish(e.Text, e.Heard, e.Interrupted)
	if !t.written {
		out = append(out, tell(typeBotLLMStopped, nil))
	}
	// The state follows; but nothing is heard any more.
	t.held, t.state = false, ""
	out = append(out, t.sound()...)
	if t.voiced {
		out = append(out, tell(typeBotTTSStopped, nil))
	}
	return out
}

// toolStarted tells of a tool by its name. Arguments and results hold what is the
// customer's; they stay on this side.
func (t *translator) toolStarted(e agent.ToolStarted) []message {
	started := tell(typeFunctionCallStarted, functionData{e.Name})
	if t.version.legacy() && t.version.minor < 2 {
		return []message{started, tell(typeFunctionCall, legacyCallData{Call: e.Call, Name: e.Name})}
	}
	return []message{started, tell(typeFunctionCallInProgress, functionCallData{Call: e.Call, Name: e.Name})}
}

// toolFinished tells how a tool has ended. One that failed after its turn was over
// was stopped with it.
func (t *translator) toolFinished(turn int64, e agent.ToolFinished) message {
	data := functionStoppedData{Call: e.Call, Name: e.Name}
	if data.Cancelled = !e.OK && (turn != t.turn || !t.open); !data.Cancelled {
		data.Result = &functionDone{OK: e.OK, Took: e.Took}
	}
	return tell(typeFunctionCallStopped, data)
}

func (t *translator) turnEnded(turn int64, e agent.TurnEnded) []message {
	t.open = false
	delete(t.unspoken, turn)
	m := measure(e.Timings, t.usage)
	t.usage = nil
	if m.empty() {
		return nil
	}
	return []message{tell(typeMetrics, m)}
}
