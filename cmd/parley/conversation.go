package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"parley/agent"
	"parley/config"
	"parley/lang"
	"parley/record"
	"parley/shop"
	"parley/tools"
	"parley/vad"
)

// conversation is what a new conversation is made of.
func (e *engines) conversation(ctx context.Context, notice string) agent.Options {
	o := e.textConversation()
	o.Notice, o.Greet = notice, true
	o.Engines.Detector, o.Engines.TurnModel, o.Engines.Recognizer = e.silero.New(), e.turns, e.asr
	o.Engines.NewDetector = func() vad.Detector { return e.silero.New() }
	o.Engines.Voice, o.Engines.Spare = e.voice, e.spare
	if e.recordings != nil {
		o.Recorder = e.recordings
	}
	if e.stories != nil {
		o.Record = e.stories.New(o.ID, record.Place{})
	}
	if notice != "" { // open, on loopback: the page speaks for the demo shop's customer
		o.Caller = demoCaller(ctx, e.store)
	}
	return o
}

// textConversation is what a conversation by text alone is made of.
func (e *engines) textConversation() agent.Options {
	return agent.Options{
		ID:       uuid.NewString(),
		Language: e.cfg.Shop.Language,
		Engines:  agent.Engines{Brain: e.brain, Budget: e.meter, Languages: lang.New(), Tools: e.tools.Current()},
		Phrases:  phrasebook{e.book, e.cfg.Shop.Name},
		Tuning:   tuning(e.cfg),
		Log:      e.log,
	}
}

// tuning is what the config says of how a conversation runs.
func tuning(c *config.Config) agent.Tuning {
	t := agent.DefaultTuning()
	t.Interrupt = agent.Interrupt{After: c.Interrupt.After, ResumeAfter: c.Interrupt.ResumeAfter}
	t.Turns = agent.Turns{
		Recognise: c.Turn.Recognise, Complete: c.Turn.Silence, Unknown: c.Turn.Unsure,
		Incomplete: c.Turn.MaxSilence, Dictated: c.Turn.Dictation, Idle: c.Turn.Idle,
	}
	t.MinVoice = c.Turn.MinVoice
	t.Filler = c.Turn.Filler
	t.Limits.Recognition, t.Limits.FirstToken, t.Limits.Synthesis = c.Limits.Recognition, c.Limits.FirstToken, c.Limits.Synthesis
	t.Limits.History = c.Limits.History
	t.Limits.Steps, t.Limits.Text, t.Limits.Conversation = c.Limits.Steps, c.Limits.Text, c.Limits.Conversation
	return t
}

// demoCaller is the demo shop's customer.
func demoCaller(ctx context.Context, store *shop.Store) tools.Caller {
	caller, err := customerCaller(ctx, store, shop.DemoCustomer)
	if err != nil {
		return tools.Caller{CustomerID: shop.DemoCustomer, Verified: true}
	}
	return caller
}

// customerCaller is a customer of the store as a caller whom the shop vouches for.
func customerCaller(ctx context.Context, store *shop.Store, id string) (tools.Caller, error) {
	c, err := store.Customer(ctx, id)
	if errors.Is(err, shop.ErrNoCustomer) {
		return tools.Caller{}, fmt.Errorf("the store has no customer %q; the demo shop's is %q", id, shop.DemoCustomer)
	}
	if err != nil {
		return tools.Caller{}, err
	}
	return tools.Caller{CustomerID: c.ID, Name: strings.TrimSpace(c.FirstName + " " + c.LastName), Verified: true}, nil
}

func demoNotice(caller tools.Caller) string {
	return fmt.Sprintf("This is a demonstration: you speak for %s, a customer of the demo shop. Try orders W10001 to W10004.", caller.Name)
}

// missing says what keeps callers from being served well.
func (e *engines) missing(ctx context.Context) []string {
	var out []string
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := e.store.Ping(ctx); err != nil {
		out = append(out, "the shop's store does not answer")
	}
	if err := e.opus.Ready(ctx); err != nil {
		out = append(out, "Opus is not ready; callers are served by G.711")
	}
	return append(out, brokenTools(e.tools.Status())...)
}

func reveal(keys []config.Secret) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.Reveal()
	}
	return out
}
