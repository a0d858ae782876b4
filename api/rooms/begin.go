package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"parley/agent"
	"parley/api"
	"parley/record"
)

// Job is what the LiveKit server sends the agent for.
type Job struct {
	// Metadata is the job's, as whoever sent the agent wrote it.
	Metadata string
	// Room is the room's name, Agent the agent's identity there, and Participant that of
	// the person whom the job is for, "" for whoever is there.
	Room, Agent, Participant string
}

// Begin begins the conversation of a job that the LiveKit server gave, with whom its
// metadata names; shopper is the identity that they have in the room. Metadata that
// others wrote name nobody. A conversation that was cut off in the room, with the same
// person, is gone on with. adjust, if not nil, changes the conversation's options.
func (d *Door) Begin(ctx context.Context, job Job, adjust func(*agent.Options)) (c *agent.Conversation, shopper string, err error) {
	hall, err := d.open()
	if err != nil {
		return nil, "", err
	}
	var e errand
	if json.Unmarshal([]byte(job.Metadata), &e) != nil || e.Shopper == "" {
		e = errand{}
	}
	if ctx, err = hall.Bearer(ctx, e.Token); err != nil {
		return nil, "", fmt.Errorf("reading the job's token: %w", err)
	}
	if d.cfg.Record == nil {
		c, err = hall.Begin(ctx, adjust)
		return c, e.Shopper, err
	}
	place := record.Place{Room: job.Room, Agent: job.Agent, Shopper: e.Shopper}
	if place.Shopper == "" {
		place.Shopper = job.Participant
	}
	if place.Errand, place.Customer, err = hall.Keepsake(ctx); err != nil {
		return nil, "", err
	}
	taken, err := d.cfg.Record.Enter(ctx, place)
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("looking for what was said in the room: %w", err)
	case taken != nil:
		c, err = begin(ctx, hall, *taken, adjust)
		return c, e.Shopper, err
	}
	c, err = hall.Begin(ctx, func(o *agent.Options) {
		change(o, adjust)
		o.Record = d.cfg.Record.New(o.ID, place)
	})
	return c, e.Shopper, err
}

// Resume goes on with a conversation that another server held; shopper is whom it is
// with, and adjust as for Begin.
func (d *Door) Resume(ctx context.Context, t record.Taken, adjust func(*agent.Options)) (c *agent.Conversation, shopper string, err error) {
	hall, err := d.open()
	if err == nil {
		ctx, err = hall.Restore(ctx, t.Place.Errand)
	}
	if err != nil {
		t.Entry.End(err)
		return nil, "", err
	}
	c, err = begin(ctx, hall, t, adjust)
	return c, t.Place.Shopper, err
}

// begin goes on with a conversation, or ends its record.
func begin(ctx context.Context, hall *api.Hall, t record.Taken, adjust func(*agent.Options)) (*agent.Conversation, error) {
	c, err := hall.Begin(ctx, func(o *agent.Options) {
		change(o, adjust)
		o.Record, o.Resume = t.Entry, t.Story
	})
	if err != nil {
		t.Entry.End(err)
	}
	return c, err
}

func change(o *agent.Options, adjust func(*agent.Options)) {
	if adjust != nil {
		adjust(o)
	}
}

// End ends a conversation that Begin or Resume began.
func (d *Door) End(c *agent.Conversation, cause error) { d.hall.Load().End(c, cause) }

// open is the API's hall.
func (d *Door) open() (*api.Hall, error) {
	hall := d.hall.Load()
	if hall == nil {
		return nil, errors.New("the API is not there yet")
	}
	return hall, nil
}
