package agent

import (
	"context"
	"strings"
	"time"
	"unicode"

	"parley/llm"
)

// Speaker is somebody beside the caller who can be heard in the same room.
type Speaker struct {
	// ID tells people apart; it is the room's name for them.
	ID string
	// Name is what they are called, "" if that is unknown.
	Name string
	// Staff says that they work for the shop. Whoever makes a Speaker answers for it.
	Staff bool
	// MayInterrupt says that the agent gives way to them and answers them, as it does
	// to its caller. It consents to nothing: what is confirmed, the caller confirms.
	MayInterrupt bool
}

// The roles that [Overheard] tells.
const (
	RoleStaff = "staff"
	RoleGuest = "guest"
)

// Role is RoleStaff or RoleGuest.
func (s Speaker) Role() string {
	if s.Staff {
		return RoleStaff
	}
	return RoleGuest
}

// maxName bounds what is kept of a name, in runes.
const maxName = 64

// label stands before a speaker's words in the history. A name cannot end it, so
// that nobody speaks as another by calling themselves so.
func (s Speaker) label() string {
	name := []rune(strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]:,", r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s.Name))
	if len(name) > maxName {
		name = name[:maxName]
	}
	if text := strings.TrimSpace(string(name)); text != "" {
		return "[" + text + ", " + s.Role() + "]: "
	}
	return "[" + s.Role() + "]: "
}

// Overhear puts into the history what somebody beside the caller typed, so
// that brains know of it. It is not answered, unless the speaker may interrupt. When
// staff speak the agent stands aside, until they ask it back.
func (c *Conversation) Overhear(ctx context.Context, who Speaker, text string) error {
	text, err := checkText(text, c.opts.Tuning.Limits.Text)
	if err != nil {
		return err
	}
	return c.post(ctx, overheard{who: who, source: "text", text: text})
}

// StandAside has the agent leave the floor to staff: it ends its answer, says so
// once, and from then on answers nobody. What is said goes on into the history, and
// writes that have begun finish. It does nothing when the agent stands aside already.
func (c *Conversation) StandAside(ctx context.Context) error { return c.post(ctx, stoodAside{}) }

// ComeBack has the agent answer again, and say once that it is back. It does nothing
// when the agent does not stand aside.
func (c *Conversation) ComeBack(ctx context.Context) error { return c.post(ctx, cameBack{}) }

// overhear takes the words of somebody beside the caller.
func (c *Conversation) overhear(m overheard) {
	c.used = time.Now()
	language := c.languageOf(m.text, m.language)
	recalled := m.who.Staff && c.opts.Phrases.Recall(language, m.text)
	answer := m.who.MayInterrupt && !m.who.Staff && !c.aside && c.utterance == nil && !c.opts.Tuning.Turns.Asked
	if answer && c.turn != nil && c.isBackchannel(m.text) {
		answer = false
	}
	if answer || m.who.Staff && !recalled {
		c.endTurn(errBargeIn) // first, so that the history is in order
	}
	c.history.user(m.who.label()+m.text, nil)
	c.shorten()
	c.emit(0, Overheard{Speaker: m.who.ID, Name: m.who.Name, Role: m.who.Role(), Text: m.text, Source: m.source, Language: language})
	switch {
	case recalled:
		c.comeBack()
	case m.who.Staff:
		c.standAside()
	case answer:
		c.answerOther(language)
	}
}

// answerOther answers the newest message of the history, which is not the caller's.
func (c *Conversation) answerOther(language string) {
	t := c.newTurn()
	t.source, t.language = "text", language
	c.think(t)
	c.commit(t)
}

// makeWay ends the answer when somebody whom the agent gives way to has spoken for
// longer than a sign of listening takes. The words come later.
func (c *Conversation) makeWay(m spokeUp) {
	if m.who.Staff || m.who.MayInterrupt {
		c.endTurn(errBargeIn)
	}
}

// standAside leaves the floor to staff.
func (c *Conversation) standAside() {
	if c.aside {
		return
	}
	c.aside = true
	c.pending = nil // a yes that is said now may be said to somebody else
	c.endTurn(errBargeIn)
	if u := c.utterance; u != nil && u.draft != nil {
		c.dropAnswer(u.draft, errBargeIn)
	}
	c.emit(0, StoodAside{})
	c.announce(PhraseAside)
}

// comeBack takes the floor again. What the caller is saying is answered when they
// have said it.
func (c *Conversation) comeBack() {
	if !c.aside {
		return
	}
	c.aside = false
	c.endTurn(errSuperseded) // it may still be saying that it leaves
	c.emit(0, CameBack{})
	if u := c.utterance; u != nil && u.draft != nil {
		if d := u.draft; d.ready && d.err == nil && !d.dismiss && d.turn == nil && !c.opts.Tuning.Turns.Asked {
			d.turn = c.prepare(d)
		}
	}
	c.announce(PhraseBack)
}

// announce says one of the agent's own sentences, or owes it while the caller is
// speaking. An answer makes up for it.
func (c *Conversation) announce(key string) {
	if c.utterance != nil {
		c.owed = key
		return
	}
	c.owed = ""
	text, err := c.opts.Phrases.Phrase(c.language, key, c.caller)
	if err != nil {
		c.log.Warn("nothing to announce a change of the floor with", "err", err)
		return
	}
	c.recite(text)
}

// payOwed says what was owed, when nobody is speaking any more.
func (c *Conversation) payOwed() {
	if c.owed != "" && c.turn == nil {
		c.announce(c.owed)
	}
}

// noteUtterance puts what the caller said while the agent stands aside into the history.
func (c *Conversation) noteUtterance(u *utterance) {
	d := u.draft
	c.finishUtterance(u)
	if d.err != nil {
		c.emit(0, Failed{Stage: "recognition", Message: publicReason(d.err)})
	} else {
		c.language = c.languageOf(d.text, d.language)
		c.history.user(d.text, nil)
		c.shorten()
		c.emit(0, UserSaid{Text: d.text, Source: "voice", Language: c.language})
	}
	c.restState()
	c.payOwed()
}

// noteText does the same with what the caller typed or showed. It is a turn for
// whoever waits for its end, with nothing in it.
func (c *Conversation) noteText(text string, images []llm.Image) {
	c.turns++
	c.language = c.languageOf(text, "")
	c.history.user(text, images)
	c.photos = addPhotos(c.photos, images)
	c.shorten()
	c.emit(c.turns, UserSaid{Text: text, Source: "text", Language: c.language, Images: foundIn(images)})
	c.emit(c.turns, TurnEnded{Cause: CauseAside, Timings: NoTimings()})
	c.awaitPrint(images)
}
