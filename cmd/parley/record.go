package main

import (
	"context"
	"sync"

	"parley/agent"
	roomsapi "parley/api/rooms"
	"parley/record"
	"parley/room/livekit"
)

// openRecord opens the record of conversations, if the config names one.
func (e *engines) openRecord() error {
	c := e.cfg.Record
	if c.DSN.Reveal() == "" {
		return nil
	}
	store, err := record.Open(record.Options{DSN: c.DSN.Reveal(), Keep: c.Keep, Log: e.log})
	if err != nil {
		return err
	}
	e.stories = store
	e.closers = append(e.closers, store.Close)
	return nil
}

// takeUp goes on with the conversations in rooms whose server is dead, until ctx ends
// or stop is called, which waits for it. free says how many there is room for.
func (e *engines) takeUp(ctx context.Context, door *roomsapi.Door, worker *livekit.Worker, free func() int) (stop func()) {
	if e.stories == nil || worker == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		room := func() int {
			if !worker.Registered() {
				return 0 // the LiveKit server cannot be reached from here
			}
			return free()
		}
		e.stories.Watch(ctx, room, func(t record.Taken) {
			err := worker.TakeUp(ctx, t.Place.Room, t.Place.Agent, func(ctx context.Context, adjust func(*agent.Options)) (*agent.Conversation, string, error) {
				return door.Resume(ctx, t, adjust)
			})
			if err != nil {
				e.log.Warn("taking a conversation up", "room", t.Place.Room, "err", err)
				t.Entry.End(err)
			}
		})
	})
	return func() { cancel(); watching.Wait() }
}
