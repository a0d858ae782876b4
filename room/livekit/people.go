package livekit

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"parley/agent"
)

// Attributes of people, which their token gives them.
const (
	// RoleAttribute says who somebody is: RoleShopper, RoleStaff or RoleGuest.
	RoleAttribute = "parley.role"
	// InterruptAttribute, "true", has the agent give way to a guest and answer them.
	InterruptAttribute = "parley.may_interrupt"
)

// The values of RoleAttribute.
const (
	RoleShopper = "shopper"
	RoleStaff   = agent.RoleStaff
	RoleGuest   = agent.RoleGuest
)

// Attributes are those of a person's token.
func Attributes(role string, mayInterrupt bool) map[string]string {
	a := map[string]string{RoleAttribute: role}
	if mayInterrupt {
		a[InterruptAttribute] = "true"
	}
	return a
}

// Attributes of the agent's own.
const (
	// floorAttribute says who has the floor: floorAgent, or floorStaff while the agent
	// stands aside.
	floorAttribute = "parley.floor"
	floorAgent     = "agent"
	floorStaff     = "staff"
	// sinceAttribute is when the agent took its job, in milliseconds, and
	// shopperAttribute whom it is with: of two agents for one person one leaves.
	sinceAttribute   = "parley.since"
	shopperAttribute = "parley.shopper"
)

// arriving are the attributes of an agent that takes its job now.
func arriving(now time.Time) map[string]string {
	return map[string]string{stateAttribute: stateInitializing, floorAttribute: floorAgent, sinceAttribute: strconv.FormatInt(now.UnixMilli(), 10)}
}

// errRival ends a call whose shopper already has an agent in the room.
var errRival = errors.New("another agent is with this person already")

// maxOthers is how many people beside the shopper are heard at once: each costs a
// detector's work with every packet.
const maxOthers = 4

// person is somebody in the room, as far as the server vouches for it.
type person struct {
	agent.Speaker
	role string // "" when nothing says it
}

// standing reads who somebody is from what the server says of them. Attributes that
// they may write themselves say nothing.
func standing(p *lksdk.RemoteParticipant) person {
	w := person{Speaker: agent.Speaker{ID: p.Identity(), Name: p.Name()}}
	if may := p.Permissions(); may == nil || may.CanUpdateMetadata {
		return w
	}
	attributes := p.Attributes()
	switch role := attributes[RoleAttribute]; role {
	case RoleShopper, RoleStaff, RoleGuest:
		w.role = role
	}
	w.Staff = w.role == RoleStaff
	w.MayInterrupt = attributes[InterruptAttribute] == "true"
	return w
}

// isPerson tells people, on the web or on the phone, from agents, recorders and streams.
func isPerson(p *lksdk.RemoteParticipant) bool {
	switch lk.ParticipantInfo_Kind(p.Kind()) {
	case lk.ParticipantInfo_STANDARD, lk.ParticipantInfo_SIP:
		return true
	}
	return false
}

// isAgent tells agents from all others.
func isAgent(p *lksdk.RemoteParticipant) bool {
	return lk.ParticipantInfo_Kind(p.Kind()) == lk.ParticipantInfo_AGENT
}

// everybody are the people in the room, in the order of their identities, and the other
// agents.
func (c *call) everybody() (people, agents []*lksdk.RemoteParticipant) {
	for _, p := range c.room.GetRemoteParticipants() {
		switch {
		case isPerson(p):
			people = append(people, p)
		case isAgent(p):
			agents = append(agents, p)
		}
	}
	slices.SortFunc(people, func(a, b *lksdk.RemoteParticipant) int { return cmp.Compare(a.Identity(), b.Identity()) })
	return people, agents
}

// settle finds the shopper if nobody has been named: whose role says so, else somebody
// of no other role. The lock is held.
func (c *call) settle(people []*lksdk.RemoteParticipant) {
	if c.shopper != "" {
		return
	}
	for _, role := range []string{RoleShopper, ""} {
		for _, p := range people {
			if standing(p).role == role {
				c.shopper = p.Identity()
				return
			}
		}
	}
}

// find tells who somebody in the room is, and whether they are the shopper; ok is false
// for those who are not there, and for no people.
func (c *call) find(identity string) (who person, mine, ok bool) {
	p := c.room.GetParticipantByIdentity(identity)
	if p == nil || !isPerson(p) {
		return person{}, false, false
	}
	people, _ := c.everybody()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(people)
	return standing(p), identity == c.shopper, true
}

// meetTime is how long somebody is waited for of whom something has come: of people
// who publish nothing the server tells only every three seconds.
const meetTime = 5 * time.Second

// meet is find, and waits a moment for somebody who is not there yet.
func (c *call) meet(ctx context.Context, identity string) (mine, ok bool) {
	late := time.NewTimer(meetTime)
	defer late.Stop()
	for {
		c.newsMu.Lock()
		news := c.news
		c.newsMu.Unlock()
		if _, mine, ok = c.find(identity); ok {
			return mine, ok
		}
		select {
		case <-news:
		case <-late.C:
			return mine, false
		case <-ctx.Done():
			return mine, false
		}
	}
}

// seen is what look found.
type seen struct {
	shopper string
	here    bool // the shopper is
	staff   bool // some of the staff are
	rival   bool // another agent is with the shopper, and was first
}

// look finds the shopper and the others, and asks for their microphones.
func (c *call) look() seen {
	people, agents := c.everybody()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(people)
	s := seen{shopper: c.shopper}
	others := make([]*lksdk.RemoteParticipant, 0, len(people))
	for _, p := range people {
		if p.Identity() == c.shopper {
			s.here = true
			c.subscribe(p)
			continue
		}
		who := standing(p)
		s.staff = s.staff || who.Staff
		if b := c.ears[who.ID]; b != nil {
			b.Become(who.Speaker)
		}
		if who.Staff { // first, where not everybody can be heard
			others = slices.Insert(others, 0, p)
		} else {
			others = append(others, p)
		}
	}
	if c.newEar != nil {
		for _, p := range others[:min(len(others), maxOthers)] {
			c.subscribe(p)
		}
	}
	s.rival = c.hasRival(agents)
	return s
}

// subscribe asks for somebody's microphone; the lock is held.
func (c *call) subscribe(who *lksdk.RemoteParticipant) {
	for _, p := range who.TrackPublications() {
		publication, ok := p.(*lksdk.RemoteTrackPublication)
		if !ok || publication.Kind() != lksdk.TrackKindAudio || publication.Source() != lk.TrackSource_MICROPHONE || c.asked[publication.SID()] {
			continue
		}
		c.asked[publication.SID()] = true
		if err := publication.SetSubscribed(true); err != nil {
			delete(c.asked, publication.SID())
			c.log.Debug("subscribing to a microphone", "error", err)
		}
	}
}

// hasRival says whether an agent that took its job earlier is with the same shopper.
// Both judge by the same order, so that exactly one stays; the lock is held.
func (c *call) hasRival(agents []*lksdk.RemoteParticipant) bool {
	mine, err := strconv.ParseInt(c.room.LocalParticipant.Attributes()[sinceAttribute], 10, 64)
	if c.shopper == "" || err != nil {
		return false
	}
	for _, p := range agents {
		a := p.Attributes()
		if a[shopperAttribute] != c.shopper {
			continue
		}
		since, err := strconv.ParseInt(a[sinceAttribute], 10, 64)
		if err != nil {
			continue
		}
		if cmp.Or(cmp.Compare(since, mine), cmp.Compare(p.Identity(), c.room.LocalParticipant.Identity())) < 0 {
			return true
		}
	}
	return false
}

// overhear hears somebody beside the shopper until their track ends or the call does.
func (c *call) overhear(t track) {
	who, _, ok := c.find(t.owner)
	if !ok || c.newEar == nil {
		return
	}
	bystander, err := c.conversation.Bystander(who.Speaker)
	if err != nil {
		c.log.Debug("nobody else is heard", "error", err)
		return
	}
	ear, err := c.newEar(bystander, c.log)
	if err != nil {
		c.log.Warn("preparing to hear somebody else", "error", err)
		return
	}
	defer func() {
		if err := ear.Close(); err != nil {
			c.log.Warn("freeing a decoder", "error", err)
		}
	}()
	c.mu.Lock()
	c.ears[t.owner] = bystander
	c.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = bystander.Run(c.ctx) // it ends with the track, the call or the conversation
	}()
	stop := context.AfterFunc(c.ctx, func() { _ = t.remote.SetReadDeadline(time.Now()) })
	ear.Listen(c.ctx, t.remote)
	stop()
	c.mu.Lock()
	if c.ears[t.owner] == bystander {
		delete(c.ears, t.owner)
	}
	c.mu.Unlock()
	bystander.Finish()
	<-ended
}
