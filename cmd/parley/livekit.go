package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	pion "github.com/pion/webrtc/v4"

	"parley/agent"
	roomsapi "parley/api/rooms"
	"parley/audio"
	"parley/config"
	"parley/room"
	"parley/room/livekit"
	"parley/room/webrtc"
)

// openLiveKit makes the door for LiveKit's rooms and its worker; both are nil where the
// config names no server. count tells how many conversations there are.
func openLiveKit(cfg *config.Config, e *engines, count func() int, log *slog.Logger) (*roomsapi.Door, *livekit.Worker, error) {
	l := cfg.LiveKit
	if l.URL == "" {
		return nil, nil, nil
	}
	codecs := e.codecs()
	opus := slices.IndexFunc(codecs, func(c audio.Codec) bool { return strings.EqualFold(c.Name, "opus") })
	if opus < 0 {
		return nil, nil, errors.New("joining LiveKit's rooms: there is no Opus here")
	}
	door := roomsapi.New(roomsapi.Config{
		URL: l.URL, Key: l.APIKey, Secret: l.APISecret.Reveal(), AgentName: l.AgentName, Record: e.stories, Attributes: livekit.Attributes, Log: log,
	})
	worker, err := livekit.New(livekit.Config{
		URL: l.URL, APIKey: l.APIKey, APISecret: l.APISecret.Reveal(), AgentName: l.AgentName, Participants: l.Jobs == "participant",
		MaxCalls: cfg.Limits.Calls, Count: count, NewLine: lines(codecs[opus]), NewEar: ears(codecs[opus]), Look: door.Look, Begin: begins(door), End: door.End,
		Grace: l.Grace, Drain: l.Drain, Version: version, Log: log,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("joining LiveKit's rooms: %w", err)
	}
	door.Employ(employed{worker})
	return door, worker, nil
}

// employed is a worker as the API knows it.
type employed struct{ *livekit.Worker }

// Status implements roomsapi.Worker.
func (e employed) Status() roomsapi.Status {
	s := e.Worker.Status()
	out := roomsapi.Status{
		Registered: s.Registered, Draining: s.Draining, Limit: s.Limit, Taken: s.Taken, Refused: s.Refused, Rooms: []roomsapi.Room{},
	}
	for _, c := range s.Calls {
		out.Rooms = append(out.Rooms, roomsapi.Room{
			Room: c.Room, Conversation: c.Conversation, Began: c.Began, State: string(c.State), Aside: c.Aside, Turns: c.Turns,
			Interrupted: c.Interrupted, False: c.False, Failures: c.Failures, Answer: c.Answer.Milliseconds(), Silence: c.Silence.Milliseconds(),
		})
	}
	return out
}

// begins has a door begin the conversations of a worker's jobs.
func begins(door *roomsapi.Door) func(context.Context, livekit.Job, func(*agent.Options)) (*agent.Conversation, string, error) {
	return func(ctx context.Context, job livekit.Job, adjust func(*agent.Options)) (*agent.Conversation, string, error) {
		return door.Begin(ctx, roomsapi.Job(job), adjust)
	}
}

// work runs a worker, if there is one, until stop is called, which lets its calls
// finish first.
func work(ctx context.Context, w *livekit.Worker) (stop func()) {
	if w == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	working.Go(func() { w.Run(ctx) })
	return func() { cancel(); working.Wait() }
}

// unregistered says if a worker, if there is one, is not known to its server.
func unregistered(w *livekit.Worker) []string {
	if w == nil || w.Registered() {
		return nil
	}
	return []string{"the LiveKit server has not been reached; nobody is answered in its rooms"}
}

// lines makes the sound of calls in rooms as that of direct calls is made.
func lines(codec audio.Codec) func(room.Guest, *pion.TrackLocalStaticRTP, *slog.Logger) (livekit.Line, error) {
	return func(g room.Guest, out *pion.TrackLocalStaticRTP, log *slog.Logger) (livekit.Line, error) {
		return webrtc.NewLine(g, codec, out, log)
	}
}

// ears makes the sound of people whom the agent hears and does not speak to.
func ears(codec audio.Codec) func(audio.Listener, *slog.Logger) (livekit.Ear, error) {
	return func(l audio.Listener, log *slog.Logger) (livekit.Ear, error) {
		return webrtc.NewEar(l, codec, log)
	}
}
