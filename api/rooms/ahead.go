package rooms

import (
	"context"
	"errors"
	"time"

	lk "github.com/livekit/protocol/livekit"
)

// Worker is this program's own in the rooms. Its methods may be called from any goroutine.
type Worker interface {
	// Status is how the rooms stand.
	Status() Status
	// GoAhead has the agent go into a room for whom the metadata names, and returns when
	// it is there, or ctx ends, which does not keep it from going. An error says that
	// this program sends nobody.
	GoAhead(ctx context.Context, room, metadata string) error
}

// Employ says who works in the rooms; before that nobody does.
func (d *Door) Employ(w Worker) { d.worker.Store(&w) }

// nobody is the worker of a program that has none.
type nobody struct{}

func (nobody) Status() Status { return Status{Rooms: []Room{}} }
func (nobody) GoAhead(context.Context, string, string) error {
	return errors.New("nobody works in the rooms")
}

const (
	// aheadTime is how long a shopper's way into a room waits for the agent to be there.
	aheadTime = 2 * time.Second
	// aheadEvery is how often it is looked.
	aheadEvery = 20 * time.Millisecond
)

// sendAhead has the agent go into a room before the shopper does, and waits until it is
// there, but not for long: a shopper who comes before it waits for it in the room. Where
// that is not wanted it does nothing; where it was not said, it may.
func (d *Door) sendAhead(ctx context.Context, room, metadata string, wanted *bool) error {
	waiting, cancel := context.WithTimeout(ctx, aheadTime)
	defer cancel()
	switch {
	case wanted == nil:
		if d.mayGoAhead(waiting, room) {
			d.goAhead(waiting, room, metadata)
		}
		return nil
	case !*wanted, d.goAhead(waiting, room, metadata):
		return nil
	}
	if _, err := d.create(ctx, room, metadata); err != nil {
		return err
	}
	d.awaitVoice(waiting, room)
	return nil
}

// mayGoAhead says whether the agent goes ahead without having been asked to: not while
// people are in the room, who have brought it, and not when half of the places are taken,
// so that ways into rooms which nobody goes keep no place from those who call.
func (d *Door) mayGoAhead(ctx context.Context, room string) bool {
	return !(*d.worker.Load()).Status().crowded() && !d.inhabited(ctx, room)
}

// goAhead has this program's own agent go ahead, and says whether it does.
func (d *Door) goAhead(ctx context.Context, room, metadata string) bool {
	err := (*d.worker.Load()).GoAhead(ctx, room, metadata)
	if err != nil {
		d.cfg.Log.Debug("going ahead into a room", "room", room, "error", err)
	}
	return err == nil
}

// inhabited says whether people are in a room; it counts as such when that is not known.
func (d *Door) inhabited(ctx context.Context, room string) bool {
	people, err := d.present(ctx, room)
	if err != nil {
		return !missing(err)
	}
	for _, p := range people {
		if p.GetKind() != lk.ParticipantInfo_AGENT {
			return true
		}
	}
	return false
}

// awaitVoice waits until an agent's voice is in a room, or ctx ends.
func (d *Door) awaitVoice(ctx context.Context, room string) {
	look := time.NewTicker(aheadEvery)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		people, err := d.present(ctx, room)
		if err != nil {
			continue // the room is not there yet
		}
		for _, p := range people {
			if p.GetKind() == lk.ParticipantInfo_AGENT && len(p.GetTracks()) > 0 {
				return
			}
		}
	}
}
