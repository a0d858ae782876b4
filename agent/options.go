package agent

import (
	"errors"
	"log/slog"
	"time"

	"parley/asr"
	"parley/llm"
	"parley/tools"
	"parley/tts"
	"parley/vad"
)

// Phrasebook gives the words that the agent itself needs, per language.
// *prompts.Book is one. It is safe for use by many goroutines.
type Phrasebook interface {
	// System is the system message for a brain. spoken says that the caller
	// listens; otherwise they read.
	System(language string, caller tools.Caller, spoken bool) (string, error)
	// Phrase is one of the agent's own sentences.
	Phrase(language, key string, caller tools.Caller) (string, error)
	// Backchannel says whether text is only a sign of listening: "mm-hm".
	Backchannel(language, text string) bool
	// Interruption says whether text begins with a short word that people interrupt
	// with: "wait", "what".
	Interruption(language, text string) bool
	// Affirmation and Negation say whether text means yes or no.
	Affirmation(language, text string) bool
	Negation(language, text string) bool
	// Dictation says whether text asks for something that people give in pieces:
	// an order number, an address.
	Dictation(language, text string) bool
	// Recall says whether text asks an agent that stands aside to take over again.
	Recall(language, text string) bool
}

// Phrases that the agent asks the [Phrasebook] for.
const (
	PhraseGreeting = "greeting"
	PhraseApology  = "apology"
	// PhraseRecorded follows the greeting of a call that is recorded.
	PhraseRecorded = "recorded"
	// PhraseResumed opens a conversation that is taken up after it was cut off.
	PhraseResumed = "resumed"
	// PhraseFiller is said once while an answer takes long to begin. A phrasebook
	// without it says nothing then.
	PhraseFiller = "filler"
	// PhraseIdle is said when a caller has been silent for long; see [Turns].
	PhraseIdle = "still_there"
	// PhraseLimit answers when no more tokens may be spent.
	PhraseLimit = "limit_reached"
	// PhraseRefused answers when a brain refuses to, without a word of its own.
	PhraseRefused = "out_of_scope"
	// PhraseAside is said when the agent leaves the floor to the shop's staff, PhraseBack
	// when it takes it again.
	PhraseAside = "stands_aside"
	PhraseBack  = "is_back"
)

// Interrupt says how readily the agent gives way.
type Interrupt struct {
	// After is how much voice there must be before the agent may be cut off for good.
	After time.Duration
	// ResumeAfter is the silence after which a false alarm ends and the agent goes on.
	ResumeAfter time.Duration
}

// Turns says when a caller has finished.
type Turns struct {
	// Recognise is the silence at which recognition (and then generation) starts
	// in advance.
	Recognise time.Duration
	// Complete is the silence that ends a turn which sounds or reads complete.
	Complete time.Duration
	// Unknown is the silence that ends a turn of which nothing is known.
	Unknown time.Duration
	// Incomplete is the silence that ends a turn which sounds or reads incomplete.
	Incomplete time.Duration
	// Dictated is the silence that ends a turn in which something is dictated.
	Dictated time.Duration
	// Pressed says that no silence ends a turn: [Conversation.Commit] does.
	Pressed bool
	// Asked says that the agent answers what it hears only when it is asked to: it
	// tells what it has understood, as [Understood], and leaves it at that.
	Asked bool
	// Uninterrupted says that a voice does not end an answer: what is said over it is
	// answered when it has been said to its end.
	Uninterrupted bool
	// Idle is how long a caller may be silent after an answer until the agent asks
	// whether they are still there; 0 is for ever.
	Idle time.Duration
	// Threshold is the probability with which a window starts speech, 0 that of
	// Tuning.Speech.
	Threshold float32
	// Lead is how much sound before the first voiced window goes to the recogniser; 0
	// is 300 ms. What the ear has not kept is not there.
	Lead time.Duration
}

// Limits bound what one conversation may cost.
type Limits struct {
	// Recognition, FirstToken, and Synthesis are the longest waits for an engine
	// before the caller hears an apology.
	Recognition, FirstToken, Synthesis time.Duration
	// Steps bounds the calls of the brain in one turn.
	Steps int
	// History bounds what a brain is given of what was said, in tokens as
	// llm.Estimate counts; 0 is no bound. Older messages are summed up.
	History int
	// Text bounds one typed message, in bytes.
	Text int
	// Conversation bounds the whole conversation, Idle the time without a call and
	// without a message after which it ends.
	Conversation, Idle time.Duration
}

// Tuning is all that can be set about how a conversation runs.
type Tuning struct {
	// Filler is how long a caller who listens waits in silence, once it is certain
	// that they have finished, until the agent says a word of patience; 0 is never.
	Filler    time.Duration
	Interrupt Interrupt
	Turns     Turns
	Limits    Limits
	// Speech are the thresholds between voice and silence.
	Speech vad.SegmentConfig
	// HoldAt is the probability of speech at which the agent falls silent while it
	// is speaking. It is instant and may be wrong: a false alarm costs a pause.
	HoldAt float32
	// MinVoice is the least voice that a transcript must rest on: recognisers make
	// words up for noise.
	MinVoice time.Duration
}

// DefaultTuning is what runs when nothing is configured.
func DefaultTuning() Tuning {
	return Tuning{
		Interrupt: Interrupt{After: 240 * time.Millisecond, ResumeAfter: 400 * time.Millisecond},
		Turns: Turns{
			Recognise:  100 * time.Millisecond,
			Complete:   250 * time.Millisecond,
			Unknown:    500 * time.Millisecond,
			Incomplete: 1200 * time.Millisecond,
			Dictated:   1500 * time.Millisecond,
		},
		Limits: Limits{
			Recognition:  8 * time.Second,
			FirstToken:   8 * time.Second,
			Synthesis:    6 * time.Second,
			Steps:        8,
			History:      6000,
			Text:         8 << 10,
			Conversation: 2 * time.Hour,
			Idle:         30 * time.Minute,
		},
		Filler:   1200 * time.Millisecond,
		HoldAt:   vad.HoldAt,
		MinVoice: 120 * time.Millisecond,
	}
}

// Engines are what a conversation thinks and speaks with. All but Detector are
// shared by all conversations.
type Engines struct {
	// Detector belongs to this conversation; nil for one that has no ears.
	Detector vad.Detector
	// NewDetector makes detectors for people beside the caller; nil means that nobody
	// else is heard. It is safe for use by many goroutines.
	NewDetector func() vad.Detector
	// TurnModel judges pauses; nil means that silence and words decide.
	TurnModel vad.TurnModel
	// Recognizer is nil for a conversation that has no ears.
	Recognizer asr.Recognizer
	Brain      llm.Brain
	// Voice is nil for a conversation that has no mouth.
	Voice tts.Voice
	// Spare says the apology when Voice fails; nil means the apology is only text.
	Spare tts.Voice
	// Budget says when the brain may not be asked any more; nil is never.
	Budget Budget
	Tools  tools.Set
	// Languages recognises what callers write in; nil keeps to the language that
	// the conversation began in, or that the recogniser tells.
	Languages Languages
}

// Languages recognises the language of a text.
type Languages interface {
	// Detect gives the BCP 47 tag of a text's language, or current when the text does
	// not tell; sure says whether it does.
	Detect(text, current string) (tag string, sure bool)
}

// Budget bounds what brains cost. It is safe for use by many goroutines.
type Budget interface {
	// Over says that a conversation has spent all that it may.
	Over(conversation string) bool
}

// Options make a conversation.
type Options struct {
	// ID names the conversation in events, logs and idempotency keys.
	ID string
	// Caller is who is known to be calling when the conversation begins. A tool may
	// find out more.
	Caller tools.Caller
	// Language is the BCP 47 tag the conversation begins in.
	Language string
	// Notice says in plain words if the caller is a demonstration's.
	Notice string
	// Greet says that the agent speaks first.
	Greet bool
	// Record keeps the conversation outside this process; nil keeps it nowhere.
	Record Record
	// Resume is the story of a conversation that was cut off and is gone on with here,
	// under its own ID; nil begins anew.
	Resume  *Story
	Engines Engines
	Phrases Phrasebook
	Tuning  Tuning
	// Recorder keeps the sound of calls, and callers are told so; nil for none.
	Recorder Recorder
	Log      *slog.Logger
}

func (o *Options) check() error {
	switch {
	case o.ID == "":
		return errors.New("agent: a conversation needs an id")
	case o.Engines.Brain == nil:
		return errors.New("agent: a conversation needs a brain")
	case o.Engines.Tools == nil:
		return errors.New("agent: a conversation needs a set of tools, if only an empty one")
	case o.Phrases == nil:
		return errors.New("agent: a conversation needs a phrasebook")
	case (o.Engines.Detector == nil) != (o.Engines.Recognizer == nil):
		return errors.New("agent: a conversation with ears needs both a voice-activity detector and a recogniser")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Why a turn or a conversation ends, as the cause of its context.
var (
	errBargeIn    = errors.New("the caller spoke over the answer")
	errSuperseded = errors.New("the caller went on")
	errCancelled  = errors.New("the client asked for silence")
	errFailed     = errors.New("an engine failed")
	errDone       = errors.New("all was said")
	// ErrLeft ends a conversation whose caller has gone.
	ErrLeft = errors.New("the caller left")
	// ErrIdle ends one that nobody has used for long.
	ErrIdle = errors.New("nobody has used the conversation for long")
)

// causeName is the wire's word for why a turn ended.
func causeName(err error) string {
	switch {
	case errors.Is(err, errBargeIn):
		return CauseBargeIn
	case errors.Is(err, errSuperseded):
		return CauseSuperseded
	case errors.Is(err, errCancelled):
		return CauseCancelled
	case errors.Is(err, errFailed):
		return CauseFailed
	case errors.Is(err, errDone):
		return CauseDone
	default:
		return CauseLeft
	}
}
