package agent

import (
	"encoding/json"
	"time"

	"parley/llm"
	"parley/tools"
)

// message is what reaches a conversation's goroutine. Everything that is not
// that goroutine talks to it by messages and by nothing else. The kinds that
// belong to a turn carry the turn itself: a message of a turn that is over is
// dropped, so nothing late can disturb what came after.
type message interface{ message() }

type (
	// voiced is one judgement of the ear: the state of the caller's voice at the
	// end of a window.
	voiced struct {
		speaking bool
		// peeked says that the window was judged ahead of time: a voice may have begun
		// at start, and nothing else is known.
		peeked bool
		// voice is how much voice the stretch of speech holds so far, silence how
		// long it has been quiet since.
		voice, silence time.Duration
		// start and end are the first and last voiced sample on the caller's clock.
		start, end int64
		// endWall is when the last voiced sample was heard.
		endWall time.Time
	}
	// onset says that the energy jumped: perhaps a voice.
	onset struct{}
	// recognised is a recogniser's answer about an utterance's pause.
	recognised struct {
		draft *draft
		text  string
		lang  string
		err   error
	}
	// captioned is a partial transcript while the caller speaks.
	captioned struct {
		utterance *utterance
		text      string
		err       error
	}
	// judged is the end-of-turn model's answer.
	judged struct {
		draft       *draft
		probability float32
		err         error
	}
	// texted is what the caller typed, or showed; the id of its turn goes back through
	// reply.
	texted struct {
		text   string
		images []llm.Image
		reply  chan<- int64
		// unspoken asks for an answer by text alone.
		unspoken bool
	}
	// noted is what the caller typed and wants no answer to.
	noted struct{ text string }
	// overheard is what somebody beside the caller said; language is what a recogniser
	// heard, "" when it did not tell.
	overheard struct {
		who                    Speaker
		source, text, language string
	}
	// spokeUp says that somebody beside the caller has spoken for a while.
	spokeUp struct{ who Speaker }
	// stoodAside and cameBack ask the agent to leave the floor and to take it again.
	stoodAside struct{}
	cameBack   struct{}
	// printed is what was read in an image after its message was taken.
	printed struct {
		found *llm.Found // the image's, which names it
		text  string
	}
	// retuned says anew when a turn is over, committed that the caller's is now.
	retuned   struct{ turns Turns }
	committed struct{ reply chan<- bool }
	// shortened says how much of a turn's sound was played to the caller.
	shortened struct {
		turn  int64
		heard time.Duration
		reply chan<- cut
	}
	// silenced asks the agent to stop speaking.
	silenced struct{}
	// greeted asks the agent to speak first.
	greeted struct{}
	// attached and detached say that somebody can hear the agent, or no longer can.
	attached struct{}
	detached struct{ cause error }

	// deafened says that the ear has failed for good.
	deafened struct{ err error }

	// said is the next piece of a brain's text.
	said struct {
		turn *turn
		step int
		text string
		// filler says that these are no words of the brain's.
		filler bool
	}
	// stepped is a whole step of a brain: what it called, and what it remembers.
	stepped struct {
		turn  *turn
		step  int
		calls []llm.ToolCall
		state json.RawMessage
	}
	// moved says that the next brain has taken the turn, spent how many tokens a step
	// took.
	moved struct {
		turn *turn
		move llm.Move
	}
	spent struct {
		turn  *turn
		usage llm.Usage
	}
	// summarized is a brain's summary of what the history let go in its cut-th cut.
	summarized struct {
		cut  int
		text string
	}
	// toolBegan and toolEnded frame the run of a tool. A write's end arrives even
	// when its turn is long over.
	toolBegan struct {
		turn *turn
		call llm.ToolCall
		// outlives says that the run goes on when its turn ends.
		outlives bool
		// timeout is the longest that the tool may take.
		timeout time.Duration
	}
	toolEnded struct {
		turn   *turn
		call   llm.ToolCall
		result string
		ok     bool
		took   time.Duration
		// caller is who the tool has found to be calling; nil for most.
		caller *tools.Caller
	}
	// unconfirmed is a write that waits for the caller's yes.
	unconfirmed struct {
		turn   *turn
		call   llm.ToolCall
		result string // what the brain is told instead of a result
	}
	// thought says that the brain has finished, well or with an error.
	thought struct {
		turn *turn
		err  error
	}
	// clauseOpened, sound and clauseClosed are a clause on its way to the voice.
	clauseOpened struct {
		mouth  *mouth
		clause *clause
	}
	sound struct {
		mouth  *mouth
		clause *clause
		pcm    []int16
	}
	clauseClosed struct {
		mouth  *mouth
		clause *clause
		err    error
	}
	// mouthClosed says that all clauses of a turn have been synthesised.
	mouthClosed struct{ mouth *mouth }
)

func (voiced) message()       {}
func (onset) message()        {}
func (recognised) message()   {}
func (captioned) message()    {}
func (judged) message()       {}
func (texted) message()       {}
func (noted) message()        {}
func (overheard) message()    {}
func (spokeUp) message()      {}
func (stoodAside) message()   {}
func (cameBack) message()     {}
func (printed) message()      {}
func (retuned) message()      {}
func (committed) message()    {}
func (shortened) message()    {}
func (silenced) message()     {}
func (greeted) message()      {}
func (attached) message()     {}
func (detached) message()     {}
func (deafened) message()     {}
func (said) message()         {}
func (stepped) message()      {}
func (moved) message()        {}
func (spent) message()        {}
func (summarized) message()   {}
func (toolBegan) message()    {}
func (toolEnded) message()    {}
func (unconfirmed) message()  {}
func (thought) message()      {}
func (clauseOpened) message() {}
func (sound) message()        {}
func (clauseClosed) message() {}
func (mouthClosed) message()  {}
