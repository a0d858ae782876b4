package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parley/llm"
)

// TextError says that a typed message cannot be taken.
type TextError struct{ Reason string }

func (e *TextError) Error() string { return "the message cannot be taken: " + e.Reason }

// Say takes what the caller typed. It returns the id of the turn that answers
// it, whose events follow; a turn that was under way is cut off.
func (c *Conversation) Say(ctx context.Context, text string) (turn int64, err error) {
	return c.Show(ctx, text)
}

// MaxImages is how many images can be shown at once.
const MaxImages = 4

// Show is Say with images: photos that the caller sends along with words, which may
// then be "". What was found in an image is part of the history for as long as it
// is; the image itself is given to brains while it is among the newest.
func (c *Conversation) Show(ctx context.Context, text string, images ...llm.Image) (turn int64, err error) {
	return c.ask(ctx, texted{text: text, images: slices.Clone(images)})
}

// Write is Say, answered by text alone even while somebody hears the agent.
func (c *Conversation) Write(ctx context.Context, text string) (turn int64, err error) {
	return c.ask(ctx, texted{text: text, unspoken: true})
}

// Note puts what the caller typed into the history without an answer: the next turn
// knows of it.
func (c *Conversation) Note(ctx context.Context, text string) error {
	text, err := checkText(text, c.opts.Tuning.Limits.Text)
	if err != nil {
		return err
	}
	return c.post(ctx, noted{text})
}

func (c *Conversation) ask(ctx context.Context, m texted) (turn int64, err error) {
	text, images := m.text, m.images
	if len(images) > MaxImages {
		return 0, &TextError{fmt.Sprintf("it has %d images, and at most %d may be sent at once", len(images), MaxImages)}
	}
	if strings.TrimSpace(text) != "" || len(images) == 0 {
		text, err = checkText(text, c.opts.Tuning.Limits.Text)
	}
	if err != nil {
		return 0, err
	}
	reply := make(chan int64, 1)
	m.text, m.reply = text, reply
	if err := c.post(ctx, m); err != nil {
		return 0, err
	}
	select {
	case id := <-reply:
		return id, nil
	case <-c.done:
		return 0, ErrOver
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
