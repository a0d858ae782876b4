package agent

import (
	"encoding/json"
	"time"

	"parley/llm"
)

// Event is something a conversation tells the world. The set is closed: all
// kinds are in this file. Marshalled, an event is one flat JSON object; see
// [Envelope].
type Event interface {
	// Kind is the value of "type" on the wire.
	Kind() string
	// lossy says that a slow reader may miss it: a later event makes up for it.
	lossy() bool
}

// Envelope is an event with what all events have in common. On the wire the
// fields of Event stand beside those of Envelope in one object.
type Envelope struct {
	// Conversation names the conversation.
	Conversation string `json:"conversation"`
	// Seq numbers a conversation's events from 1. A reader that was too slow for
	// deltas sees gaps.
	Seq int64 `json:"seq"`
	// Turn is the turn the event belongs to, counted from 1; 0 for none.
	Turn int64 `json:"turn,omitempty"`
	// At is the time since the conversation began.
	At    time.Duration `json:"-"`
	Event Event         `json:"-"`
}

// Lossy says that a slow reader may miss the event: a later one makes up for it.
func (e Envelope) Lossy() bool { return e.Event.lossy() }

// State is what the agent is doing.
type State string

// The states of a conversation.
const (
	Listening State = "listening"
	Hearing   State = "hearing"
	Thinking  State = "thinking"
	Speaking  State = "speaking"
)

// Why a turn ended.
const (
	CauseDone       = "done"        // all was said
	CauseBargeIn    = "barge_in"    // the caller spoke over it
	CauseSuperseded = "superseded"  // the caller went on, or typed something new
	CauseCancelled  = "cancelled"   // the client asked for silence
	CauseLeft       = "caller_left" // nobody is there any more
	CauseFailed     = "failed"      // an engine failed; an apology was said
	CauseAside      = "aside"       // staff have the floor: it was noted, and not answered
)

type (
	// Started opens a conversation.
	Started struct {
		// Customer is the display name of whom the agent speaks to, "" if unknown.
		Customer string `json:"customer,omitempty"`
		// Notice says in plain words if this is a demonstration.
		Notice   string `json:"notice,omitempty"`
		Language string `json:"language"`
		// Recorded says that the sound is kept.
		Recorded bool `json:"recorded,omitempty"`
	}
	// StateChanged says what the agent is doing now.
	StateChanged struct {
		State State `json:"state"`
	}
	// SpeechStarted says that the caller is speaking.
	SpeechStarted struct{}
	// SpeechStopped says that the caller has paused.
	SpeechStopped struct{}
	// PartialTranscript is what has been understood while the caller still speaks.
	PartialTranscript struct {
		Text string `json:"text"`
	}
	// UserSaid is what the caller said or typed; it is now part of the history.
	UserSaid struct {
		Text string `json:"text"`
		// Source is "voice" or "text".
		Source   string `json:"source"`
		Language string `json:"language,omitempty"`
		// Images are those that were sent along, by what was found in them.
		Images []ImageSeen `json:"images,omitempty"`
	}
	// Understood is what the caller said where the agent answers only when it is asked
	// to; see [Turns]. It is no part of the history. Text is "" when there were no words
	// in what a client has committed.
	Understood struct {
		Text     string `json:"text"`
		Language string `json:"language,omitempty"`
	}
	// Overheard is what somebody beside the caller said or typed; it is now part of the
	// history. It is no turn of the conversation.
	Overheard struct {
		// Speaker is who they are in the room.
		Speaker string `json:"speaker"`
		Name    string `json:"name,omitempty"`
		// Role is "staff" or "guest".
		Role string `json:"role"`
		Text string `json:"text"`
		// Source is "voice" or "text".
		Source   string `json:"source"`
		Language string `json:"language,omitempty"`
	}
	// StoodAside says that the agent leaves the floor to staff: it takes notes and
	// answers nobody.
	StoodAside struct{}
	// CameBack says that the agent answers again.
	CameBack struct{}
	// ImageSeen is one image of the caller's, as the agent took it.
	ImageSeen struct {
		Match    llm.Match          `json:"match,omitempty"`
		Products []llm.FoundProduct `json:"products,omitempty"`
	}
	// TurnStarted says that the agent begins to answer.
	TurnStarted struct{}
	// ReplyText is the next piece of what the agent is going to say.
	ReplyText struct {
		Text string `json:"text"`
	}
	// ReplyWritten says that an answer which is spoken has all come: nothing will be
	// added to it but an apology, should an engine fail. The voice may have far to go.
	ReplyWritten struct {
		Text string `json:"text"`
	}
	// ReplySpoken says how far the voice has come: all words heard so far.
	ReplySpoken struct {
		Text string `json:"text"`
	}
	// ReplyDone closes a reply.
	ReplyDone struct {
		// Text is all that was generated, Heard the part that was played to the
		// caller (all of it in a conversation by text).
		Text        string `json:"text"`
		Heard       string `json:"heard"`
		Interrupted bool   `json:"interrupted,omitempty"`
	}
	// Held says that the agent fell silent because someone seems to speak.
	Held struct{}
	// Silenced says how long the agent could still be heard after the caller's
	// first voiced sound had come in: the time to silence on this side of the network.
	Silenced struct {
		// After is in milliseconds.
		After int64 `json:"after_ms"`
	}
	// Resumed says that it was nothing and the agent goes on from the same word.
	Resumed struct{}
	// CallerSilent says that the caller has been silent for long: the agent asks whether
	// they are still there.
	CallerSilent struct {
		// After is in milliseconds.
		After int64 `json:"after_ms"`
	}
	// CallerIdentified says that a tool has found out who is calling.
	CallerIdentified struct {
		Customer string `json:"customer,omitempty"`
	}
	// ToolStarted says that a tool runs.
	ToolStarted struct {
		Call string `json:"call"`
		Name string `json:"name"`
		// Arguments is what the brain wrote. It stays inside this process.
		Arguments json.RawMessage `json:"-"`
	}
	// ConfirmationAsked says that a tool waits for the caller's yes: the answer
	// asks for it.
	ConfirmationAsked struct {
		Call string `json:"call"`
		Name string `json:"name"`
		// Arguments is a JSON object.
		Arguments json.RawMessage `json:"arguments"`
	}
	// ToolFinished says how it ended.
	ToolFinished struct {
		Call string `json:"call"`
		Name string `json:"name"`
		OK   bool   `json:"ok"`
		// Took is in milliseconds.
		Took int64 `json:"took_ms"`
		// Result is what the brain was told. It stays inside this process.
		Result string `json:"-"`
	}
	// Failed says that an engine failed; the conversation goes on.
	Failed struct {
		// Stage is "recognition", "generation", "synthesis" or "tool".
		Stage   string `json:"stage"`
		Message string `json:"message"`
	}
	// BrainMoved says that the turn went to the next brain in the list.
	BrainMoved struct {
		From string `json:"from"`
		To   string `json:"to"`
		// Reason is one of the llm.Moved constants.
		Reason string `json:"reason"`
		// Waited is in milliseconds.
		Waited int64 `json:"waited_ms"`
	}
	// Usage says how many tokens a turn took, in all its steps. It comes before
	// TurnEnded, and only when a provider told.
	Usage struct {
		Input       int `json:"input_tokens"`
		CachedInput int `json:"cached_input_tokens"`
		Output      int `json:"output_tokens"`
	}
	// TurnEnded closes a turn.
	TurnEnded struct {
		// Cause is one of the Cause constants.
		Cause   string  `json:"cause"`
		Timings Timings `json:"timings"`
		// Pending is the write that now waits for the caller's yes; nil for none. It
		// stays inside this process.
		Pending *llm.ToolCall `json:"-"`
	}
	// Ended closes a conversation; nothing follows it.
	Ended struct {
		Cause string `json:"cause"`
	}
)

// Timings are the moments of a turn, in milliseconds since the caller's last
// voiced sound (or since the text came in). A moment that did not come is -1.
type Timings struct {
	Decided    int64 `json:"decided_ms"`     // the turn was judged to be over
	Transcript int64 `json:"transcript_ms"`  // the words were known
	FirstToken int64 `json:"first_token_ms"` // the brain's first word
	FirstSound int64 `json:"first_audio_ms"` // the first sample went out
}

// NoTimings has all moments missing.
func NoTimings() Timings { return Timings{-1, -1, -1, -1} }

// Kind implements [Event].
func (Started) Kind() string           { return "conversation.started" }
func (StateChanged) Kind() string      { return "state" }
func (SpeechStarted) Kind() string     { return "speech.started" }
func (SpeechStopped) Kind() string     { return "speech.stopped" }
func (PartialTranscript) Kind() string { return "transcript.partial" }
func (UserSaid) Kind() string          { return "transcript.final" }
func (Understood) Kind() string        { return "transcript.heard" }
func (Overheard) Kind() string         { return "transcript.overheard" }
func (StoodAside) Kind() string        { return "agent.stood_aside" }
func (CameBack) Kind() string          { return "agent.came_back" }
func (TurnStarted) Kind() string       { return "turn.started" }
func (ReplyText) Kind() string         { return "reply.delta" }
func (ReplyWritten) Kind() string      { return "reply.written" }
func (ReplySpoken) Kind() string       { return "reply.spoken" }
func (ReplyDone) Kind() string         { return "reply.done" }
func (Held) Kind() string              { return "playout.held" }
func (Silenced) Kind() string          { return "playout.silent" }
func (Resumed) Kind() string           { return "playout.resumed" }
func (CallerSilent) Kind() string      { return "caller.silent" }
func (CallerIdentified) Kind() string  { return "caller.identified" }
func (ToolStarted) Kind() string       { return "tool.started" }
func (ConfirmationAsked) Kind() string { return "tool.confirmation" }
func (ToolFinished) Kind() string      { return "tool.finished" }
func (Failed) Kind() string            { return "error" }
func (BrainMoved) Kind() string        { return "brain.moved" }
func (Usage) Kind() string             { return "usage" }
func (TurnEnded) Kind() string         { return "turn.ended" }
func (Ended) Kind() string             { return "conversation.ended" }

func (Started) lossy() bool           { return false }
func (StateChanged) lossy() bool      { return false }
func (SpeechStarted) lossy() bool     { return false }
func (SpeechStopped) lossy() bool     { return false }
func (PartialTranscript) lossy() bool { return true }
func (UserSaid) lossy() bool          { return false }
func (Understood) lossy() bool        { return false }
func (Overheard) lossy() bool         { return false }
func (StoodAside) lossy() bool        { return false }
func (CameBack) lossy() bool          { return false }
func (TurnStarted) lossy() bool       { return false }
func (ReplyText) lossy() bool         { return true }
func (ReplyWritten) lossy() bool      { return false }
func (ReplySpoken) lossy() bool       { return true }
func (ReplyDone) lossy() bool         { return false }
func (Held) lossy() bool              { return false }
func (Silenced) lossy() bool          { return false }
func (Resumed) lossy() bool           { return false }
func (CallerSilent) lossy() bool      { return false }
func (CallerIdentified) lossy() bool  { return false }
func (ToolStarted) lossy() bool       { return false }
func (ConfirmationAsked) lossy() bool { return false }
func (ToolFinished) lossy() bool      { return false }
func (Failed) lossy() bool            { return false }
func (BrainMoved) lossy() bool        { return false }
func (Usage) lossy() bool             { return false }
func (TurnEnded) lossy() bool         { return false }
func (Ended) lossy() bool             { return false }

// foundIn is what is told of images.
func foundIn(images []llm.Image) []ImageSeen {
	var seen []ImageSeen
	for _, i := range images {
		var one ImageSeen
		if i.Found != nil {
			one = ImageSeen{Match: i.Found.Match, Products: i.Found.Products}
		}
		seen = append(seen, one)
	}
	return seen
}
