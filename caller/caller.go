// Package caller is a client that measures voice agents. It calls any WebRTC
// agent as an app would, speaks recordings to it, barges in where told, and says
// how long the agent took: from the offer to the first packet, from the end of a
// question to the first sound of the answer, and, when it was interrupted, until
// it was silent.
//
// What counts as what is in [Options] and, in detail, in the type conversation.
package caller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"parley/audio"
)

// Shape is how offers and answers are exchanged over HTTP.
type Shape string

const (
	// Raw posts the offer as application/sdp and gets the answer as the body of a
	// 201; the call is ended by a DELETE of the Location in it.
	Raw Shape = "raw"
	// JSON posts {"type":"offer","sdp":…} and gets {"type":"answer","sdp":…}.
	JSON Shape = "json"
	// LiveKit asks for a way into a room of a LiveKit server, by a POST to the room's
	// address with /token behind it, and talks with the agent that comes there.
	LiveKit Shape = "livekit"
)

// Defaults of [Options].
const (
	DefaultTimeout  = 15 * time.Second
	DefaultGap      = 500 * time.Millisecond
	DefaultGreeting = 1500 * time.Millisecond
)

// Options says whom to call and what to say.
type Options struct {
	// URL is where the offer is posted, Shape how. With [LiveKit] it is the address of a
	// room, such as http://127.0.0.1:8080/v1/rooms/NAME; of several sessions each goes
	// into one of its own, NAME-1, NAME-2 and so on.
	URL   string
	Shape Shape
	// Prepared says whether the agent goes into a room ahead of the caller; nil leaves it
	// to the agent.
	Prepared *bool
	// Header is sent with every request.
	Header http.Header
	// Codec is the only one that is offered.
	Codec audio.Codec
	// Pauses asks the agent to send nothing while it is silent (DTX), as Parley's page
	// does. Whether the caller's own silence is sent is as the agent's answer wants it.
	Pauses bool
	// Speeches are the questions, encoded with Codec. A session asks them in turn,
	// beginning with another one than the session before it.
	Speeches []*Speech
	// Turns is how many questions a session asks; 0 means each speech once.
	Turns int
	// BargeIn, if not 0, is how far into an answer the next question begins.
	BargeIn time.Duration
	// Sessions is how many calls are made at once, Stagger the time between their
	// beginnings.
	Sessions int
	Stagger  time.Duration
	// Greeting is how long the agent may take to begin a greeting of its own, which
	// is heard out before the first question.
	Greeting time.Duration
	// Gap is the pause between the end of an answer and the next question.
	Gap time.Duration
	// Timeout is how long an answer may take before the turn is missed; the
	// connection may take as long.
	Timeout time.Duration
	// Record, if not nil, gets what the first session hears, at audio.HearRate.
	Record func(pcm []int16)
	// Client posts the offers; nil takes a plain one.
	Client *http.Client
	// Progress, if not nil, is told in a few words what happens.
	Progress func(session int, message string)
}

func (o *Options) check() error {
	if _, err := url.ParseRequestURI(o.URL); err != nil {
		return fmt.Errorf("%q is no URL that can be called", o.URL)
	}
	if o.Shape != Raw && o.Shape != JSON && o.Shape != LiveKit {
		return fmt.Errorf("%q is no shape of signalling; there are %q, %q and %q", o.Shape, Raw, JSON, LiveKit)
	}
	if len(o.Speeches) == 0 {
		return errors.New("there is nothing to say: a WAV file is needed")
	}
	if o.Turns == 0 {
		o.Turns = len(o.Speeches)
	}
	o.Sessions = max(o.Sessions, 1)
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Gap == 0 {
		o.Gap = DefaultGap
	}
	if o.Greeting == 0 {
		o.Greeting = DefaultGreeting
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	if o.Progress == nil {
		o.Progress = func(int, string) {}
	}
	return nil
}

// Run makes the calls and returns what was measured. A call that fails is in the
// report; only if all fail, or ctx ends, the first reason is returned as an error
// too, with the report.
func Run(ctx context.Context, options Options) (*Report, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	api, err := newAPI(&options)
	if err != nil {
		return nil, err
	}

	start := time.Now()
	outcomes := make([]outcome, options.Sessions)
	var calls sync.WaitGroup
	for i := range outcomes {
		calls.Go(func() {
			select {
			case <-time.After(time.Duration(i) * options.Stagger):
				outcomes[i] = runSession(ctx, &options, api, i)
			case <-ctx.Done():
				outcomes[i].err = context.Cause(ctx)
			}
		})
	}
	calls.Wait()
	report := newReport(&options, outcomes, time.Since(start))
	if ctx.Err() != nil {
		return report, context.Cause(ctx)
	}
	for _, o := range outcomes {
		if o.err == nil {
			return report, nil
		}
	}
	// Sixty calls that fail have one thing to say.
	return report, outcomes[0].err
}
