package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/llm"
	"parley/tools"
)

// Record keeps one conversation where it outlives this process. Its methods may be
// called from any goroutine; only Begin may wait.
type Record interface {
	// Keep takes the conversation's newest story, and returns at once: it is written
	// later, and of several that wait the newest alone. The story is not changed after.
	Keep(s Story)
	// Begin keeps that a write is about to run. An error says that it is not kept, and
	// then the write must not run. It returns soon after ctx ends.
	Begin(ctx context.Context, w Write) error
	// Finish takes what came of a write that Begin has kept, and returns at once. It may
	// come after End.
	Finish(w Write)
	// Lost is closed when another has taken the conversation up: this one is to end.
	Lost() <-chan struct{}
	// End says that the conversation has ended, and why; it returns at once.
	End(cause error)
}

// Story is what a conversation knows at one moment, all that another needs to go on
// from there. It can be written as JSON.
type Story struct {
	// ID names the conversation.
	ID string `json:"id"`
	// Caller is who is calling, as far as is known.
	Caller tools.Caller `json:"caller"`
	// Language is the BCP 47 tag in which it goes on.
	Language string `json:"language"`
	// Messages is what was heard, without the data of images; Summary stands for what
	// was let go before them, in Cuts cuts.
	Messages []llm.Message `json:"messages,omitempty"`
	Summary  string        `json:"summary,omitempty"`
	Cuts     int           `json:"cuts,omitempty"`
	// Photos are the hashes of what the caller has shown.
	Photos []string `json:"photos,omitempty"`
	// Pending is the write that waits for the caller's yes; nil for none.
	Pending *Question `json:"pending,omitempty"`
	// Turns and Serials count the turns that were committed and those that were begun;
	// Open is the serial of the turn under way, 0 for none.
	Turns   int64 `json:"turns"`
	Serials int64 `json:"serials"`
	Open    int64 `json:"open,omitempty"`
	// Writes are all writes of the conversation, in the order in which they began. A
	// [Record] keeps them by themselves and puts them here for who takes up.
	Writes []Write `json:"-"`
}

// Question is what the caller was asked before a write may run.
type Question struct {
	// Name and Arguments, a JSON object with its keys in order, are the write.
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	// Text is the whole question; "" while it has not been said.
	Text string `json:"text,omitempty"`
}

// Write is one run of a tool that changes something.
type Write struct {
	// Key is its idempotency key, by which it happens once however often it is tried.
	Key string
	// Name is the tool's, Arguments a JSON object with its keys in order.
	Name, Arguments string
	// Serial is that of the turn that began it.
	Serial int64
	// Done says that its outcome is known: OK, or a failure, with what the brain was
	// told and who the tool has found to be calling, nil for most.
	Done, OK bool
	Result   string
	Caller   *tools.Caller
}

// ErrTakenUp ends a conversation that another server goes on with.
var ErrTakenUp = errors.New("another server has taken the conversation up")

// recordWait is how long a write waits to be kept before it runs.
const recordWait = 2 * time.Second

// story is what the conversation knows now.
func (c *Conversation) story() Story {
	s := Story{
		ID: c.opts.ID, Caller: c.caller, Language: c.language, Messages: make([]llm.Message, len(c.history.messages)),
		Summary: c.history.summary, Cuts: c.history.cuts, Photos: c.photos, Turns: c.turns, Serials: c.serials,
	}
	for i, m := range c.history.messages {
		s.Messages[i] = withoutPictures(m)
	}
	if c.takenUp { // nothing has been done about what stood open
		s.Open, s.Pending = c.opts.Resume.Open, c.opts.Resume.Pending
		return s
	}
	if c.turn != nil {
		s.Open = c.turn.serial
	}
	if p := c.pending; p != nil && c.turns-p.asked < approvalLasts {
		s.Pending = &Question{p.name, p.arguments, p.question}
	}
	return s
}

// withoutPictures is a message as it is kept: of images only what was found in them.
func withoutPictures(m llm.Message) llm.Message {
	images := make([]llm.Image, len(m.Images))
	for i, image := range m.Images {
		images[i] = llm.Image{MediaType: image.MediaType, Hash: image.Hash, Found: image.Found}
	}
	m.Images = images
	return m
}

// keep hands the record what there is now. It is called where the history has changed.
func (c *Conversation) keep() {
	if c.opts.Record != nil {
		c.opts.Record.Keep(c.story())
	}
}

// lost is closed when another has taken the conversation up; nil without a record.
func (c *Conversation) lost() <-chan struct{} {
	if c.opts.Record == nil {
		return nil
	}
	return c.opts.Record.Lost()
}

// writeAhead keeps that a write is about to run. Where that cannot be, the write does not
// run: after a crash nobody would know of it.
func (c *Conversation) writeAhead(ctx context.Context, w wish) error {
	if c.opts.Record == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, recordWait)
	defer cancel()
	err := c.opts.Record.Begin(ctx, Write{Key: w.Key, Name: w.Name, Arguments: w.canonical, Serial: w.Conversation.Turn})
	if err == nil {
		return nil
	}
	c.log.Warn("a write does not run: it could not be recorded", "tool", w.Name, "err", err)
	return fmt.Errorf("recording a write: %w", err)
}

// unrecorded is what a brain is told of a write that could not be recorded.
func unrecorded(w wish) string {
	return tools.FailureDetail{
		Code: tools.Unavailable, Say: w.failed,
		Message: "Nothing was done: the system that keeps track of changes cannot be reached. Say that this cannot be done right now, and offer to try again in a few minutes. What only looks something up still works.",
	}.JSON()
}

// writeDone keeps what came of a write.
func (c *Conversation) writeDone(w wish, end toolEnded) {
	if c.opts.Record != nil {
		c.opts.Record.Finish(Write{
			Key: w.Key, Name: w.Name, Arguments: w.canonical, Serial: w.Conversation.Turn,
			Done: true, OK: end.ok, Result: end.result, Caller: end.caller,
		})
	}
}
