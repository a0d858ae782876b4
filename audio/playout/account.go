package playout

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Account says what was sent of a turn.
type Account struct {
	Turn    int64
	Clauses []ClauseAccount
	// FirstSound is when the first sample was sent; zero if none was.
	FirstSound time.Time
	// Sent is how many samples of sound were sent, those of fades and of repeated
	// words included, silence in between not.
	Sent int64
	// Gaps is how often the sound ran out before the turn had ended.
	Gaps int
	// Complete says that the turn has ended and all of it was sent.
	Complete bool
}

// ClauseAccount says what was sent of a clause.
type ClauseAccount struct {
	ID        int64
	Words     []Word // not to be changed
	Protected bool
	// Heard is how many of the words were sent to their end. A word that a hold or
	// a flush cut is not among them.
	Heard int
	// FirstSound is when the first sample was sent; zero if none was.
	FirstSound time.Time
	// Position is how many of the Length samples were sent. Length grows until the
	// clause is finished.
	Position, Length int64
	// Complete says that all of it was sent.
	Complete bool
}

// Account says what was sent of a turn so far. The last 16 turns are remembered;
// of others the account is empty.
func (p *Playout) Account(turn int64) Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.account(turn)
}

func (p *Playout) account(id int64) Account {
	a := Account{Turn: id}
	t := p.turn(id)
	if t == nil {
		return a
	}
	a.FirstSound, a.Sent, a.Gaps = t.firstAt, t.sent, t.gaps
	a.Complete = t.done && !t.cut
	a.Clauses = make([]ClauseAccount, len(t.clauses))
	for i, c := range t.clauses {
		a.Clauses[i] = ClauseAccount{
			ID: c.id, Words: c.Words, Protected: c.Protected, Heard: c.heard(),
			FirstSound: c.firstAt, Position: c.cursor, Length: c.length, Complete: c.done,
		}
	}
	return a
}

// Heard is the text of all words that were sent to their end.
func (a Account) Heard() string {
	var b strings.Builder
	for _, c := range a.Clauses {
		for _, w := range c.Words[:c.Heard] {
			join(&b, w.Text)
		}
	}
	return b.String()
}

// Within is the text of those words that were sent to their end within the first
// samples of a turn's sound.
func (p *Playout) Within(turn, samples int64) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	t := p.turn(turn)
	if t == nil {
		return ""
	}
	for _, c := range t.clauses {
		n := 0
		for n < c.heard() && (c.starts[n+1] <= samples || c.done && c.length <= samples) {
			join(&b, c.Words[n].Text)
			n++
		}
		if samples -= c.cursor; samples <= 0 {
			break
		}
	}
	return b.String()
}

// Text is the text of all words, heard or not.
func (a Account) Text() string {
	var b strings.Builder
	for _, c := range a.Clauses {
		for _, w := range c.Words {
			join(&b, w.Text)
		}
	}
	return b.String()
}

// join adds a word, after a space unless there is one already or the words on
// both sides are of a script that has none.
func join(b *strings.Builder, word string) {
	last, _ := utf8.DecodeLastRuneInString(b.String())
	first, _ := utf8.DecodeRuneInString(word)
	if b.Len() > 0 && word != "" && !unicode.IsSpace(last) && !unicode.IsSpace(first) && !(unspaced(last) && unspaced(first)) {
		b.WriteByte(' ')
	}
	b.WriteString(word)
}

// unspaced says that a rune is of a script written without spaces between words,
// or its punctuation.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef
}
