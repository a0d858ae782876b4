package openai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	sdk "github.com/sashabaranov/go-openai"

	"parley/internal/provider"
	"parley/llm"
)

// answer is one stream of which the first chunk that says something has come.
type answer struct {
	b      *Brain
	w      *provider.Watch
	stream *sdk.ChatCompletionStream

	calls calls
	// sayer reads a structured answer; nil for a native one.
	sayer   *sayer
	finish  sdk.FinishReason
	refused bool
	said    int // bytes of text so far
	// first is the text of the chunk that was read when the answer was opened.
	first string
	usage *llm.Usage
	ended bool // the stream's end has been read
	// waited is how long the provider has been waited for so far.
	waited time.Duration
}

// open sends the request and reads up to the first chunk that says anything. A
// failure until here can be tried again.
func (b *Brain) open(ctx context.Context, req sdk.ChatCompletionRequest, structured bool) (_ *answer, err error) {
	a := &answer{b: b, w: b.c.Watch(ctx)}
	if structured {
		a.sayer = &sayer{}
	}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	begun := time.Now()
	a.within(b.o.FirstToken, "no first token")
	a.stream, err = b.sdk.CreateChatCompletionStream(a.w.Context(), req)
	if err != nil {
		a.stream = nil // it holds no response: closing it would panic
		return nil, a.w.Cause(b.c.Unsent(a.w.Context(), path, err))
	}
	for a.first == "" && a.finish == "" && !a.calls.any() && (a.sayer == nil || !a.sayer.begun()) {
		if a.first, err = a.next(); err != nil {
			return nil, err
		}
	}
	a.rest(begun)
	return a, nil
}

// within starts the clock for the next step, which has d or what is left of the
// time for the whole answer.
func (a *answer) within(d time.Duration, what string) {
	if left := a.b.o.Timeout - a.waited; left < d {
		a.w.Within(left, "no end of the answer within "+a.b.o.Timeout.String())
		return
	}
	a.w.Within(d, what+" within "+d.String())
}

// rest stops the clock: what the reader of the answer takes is not the provider's
// time.
func (a *answer) rest(begun time.Time) {
	a.w.Rest()
	a.waited += time.Since(begun)
}

// deliver hands out the answer from the first chunk to the end.
func (a *answer) deliver(yield func(llm.Delta, error) bool) {
	for text := a.first; ; {
		if text != "" && !yield(llm.Delta{Text: text}, nil) {
			return
		}
		if a.finish != "" {
			break
		}
		begun := time.Now()
		a.within(a.b.o.Between, "no next token")
		var err error
		text, err = a.next()
		a.rest(begun)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
	}
	last := a.conclude()
	if last == llm.FinishTools {
		for _, c := range a.calls.whole() {
			if !yield(llm.Delta{ToolCall: &c}, nil) {
				return
			}
		}
	}
	a.finishReading()
	if err := a.w.Cause(nil); err != nil && !errors.Is(err, provider.Timeout) {
		yield(llm.Delta{}, err)
		return
	}
	yield(llm.Delta{Finish: last, Usage: a.usage}, nil)
}

// next reads one chunk, takes note of all in it, and returns its text.
func (a *answer) next() (string, error) {
	chunk, err := a.stream.Recv()
	if errors.Is(err, io.EOF) {
		// "[DONE]" without a reason, as some servers end. Nothing at all is not an
		// answer, though.
		a.ended = true
		a.finish = sdk.FinishReasonStop
		text := a.settle()
		if a.said+len(text) == 0 && !a.calls.any() {
			return "", a.b.c.Malformed(a.b.c.BaseURL()+path, "the stream is empty")
		}
		return text, nil
	}
	if err != nil {
		return "", a.w.Cause(a.b.c.Broken(a.w.Context(), path, err))
	}
	a.note(chunk.Usage)
	var text strings.Builder
	for _, c := range chunk.Choices {
		if c.Index != 0 {
			continue
		}
		piece, err := a.read(c.Delta.Content)
		if err != nil {
			return "", err
		}
		text.WriteString(piece)
		if c.Delta.Refusal != "" {
			a.refused = true
			text.WriteString(c.Delta.Refusal)
		}
		for _, part := range c.Delta.ToolCalls {
			if err := a.calls.add(part); err != nil {
				return "", &provider.Error{Kind: provider.TooLarge, Op: op, Endpoint: a.b.c.BaseURL(), Err: err}
			}
		}
		if c.FinishReason != "" && c.FinishReason != sdk.FinishReasonNull {
			a.finish = c.FinishReason
		}
	}
	if a.said += text.Len(); a.finish != "" {
		rest := a.settle()
		text.WriteString(rest)
		a.said += len(rest)
	}
	if a.said > maxText {
		return "", &provider.Error{Kind: provider.TooLarge, Op: op, Endpoint: a.b.c.BaseURL(), Message: fmt.Sprintf("over %d bytes of text", maxText)}
	}
	return text.String(), nil
}

// read takes a piece of an answer's content and returns what of it is speech.
func (a *answer) read(content string) (string, error) {
	if a.sayer == nil || content == "" {
		return content, nil
	}
	text, err := a.sayer.push(content)
	if err != nil {
		return "", &provider.Error{Kind: provider.TooLarge, Op: op, Endpoint: a.b.c.BaseURL(), Err: err}
	}
	return text, nil
}

// settle reads the end of a structured answer and returns speech that is only
// known now.
func (a *answer) settle() string {
	if a.sayer == nil {
		return ""
	}
	text, calls := a.sayer.finish(a.said > 0)
	a.sayer = nil
	a.calls.take(calls)
	return text
}

func (a *answer) note(u *sdk.Usage) {
	if u == nil {
		return
	}
	a.usage = &llm.Usage{Input: u.PromptTokens, Output: u.CompletionTokens}
	if u.PromptTokensDetails != nil {
		a.usage.CachedInput = u.PromptTokensDetails.CachedTokens
	}
}

// conclude says how the answer ended.
func (a *answer) conclude() llm.Finish {
	switch {
	case a.finish == sdk.FinishReasonContentFilter || a.refused:
		return llm.FinishRefused
	case a.finish == sdk.FinishReasonLength:
		return llm.FinishLength
	case a.calls.any():
		// Some servers say "stop" after tool calls.
		return llm.FinishTools
	default:
		return llm.FinishStop
	}
}

// finishReading takes the usage and the end of the stream, if they come soon.
func (a *answer) finishReading() {
	a.w.Within(trailer, "no end of the stream within "+trailer.String())
	for !a.ended {
		chunk, err := a.stream.Recv()
		if err != nil {
			a.ended = errors.Is(err, io.EOF)
			break
		}
		a.note(chunk.Usage)
	}
	a.w.Rest()
}

func (a *answer) close() {
	if a.stream != nil {
		a.w.Within(trailer, "no end of the stream within "+trailer.String())
		a.stream.Close()
	}
	a.w.Stop()
}
