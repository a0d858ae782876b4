package prompts

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// lexicon is a set of short utterances. What is looked up may be several of
// them in a row ("ok, yeah, right").
type lexicon struct {
	entries map[string]bool
	longest int // in bytes
}

func newLexicon(entries []string) *lexicon {
	l := &lexicon{entries: make(map[string]bool, len(entries))}
	for _, e := range entries {
		n := normal(e)
		l.entries[n] = true
		l.longest = max(l.longest, len(n))
	}
	return l
}

// maxShort is the longest text, in bytes, that can still be a mere sign of
// listening or a yes or no; anything longer is not looked at.
const maxShort = 120

// normal brings a text into the form in which lexicons compare: lower case,
// only letters and digits, words apart by one space, and a letter that is drawn
// out ("mmmm", "yeees") once, save in scripts without spaces, where two words may
// meet in one letter.
func normal(text string) string {
	var b strings.Builder
	var last rune
	gap := false
	for _, r := range norm.NFKC.String(text) {
		r = unicode.ToLower(r)
		switch {
		case r == '\'' || r == '’' || r == 'ๆ':
			continue // don't and dont are one word; the Thai sign repeats the word before it
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
			last = 0
		}
		gap = false
		if r != last || unspaced(r) {
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}

// covers says whether all of text is entries of l, one after another, with
// courtesies ("please", "thank you") allowed between them but not alone. Between
// words of scripts that write spaces an entry ends where a word ends.
func (l *lexicon) covers(text string, courtesies *lexicon) bool {
	if len(text) > maxShort {
		return false
	}
	text = normal(text)
	return l.reach(text, courtesies)[len(text)].entry
}

// reached is what is known of a text up to some byte: that it is covered, and
// that there is an entry in it.
type reached struct{ covered, entry bool }

// reach finds how far entries and courtesies cover a normal text, for each of
// its bytes.
func (l *lexicon) reach(text string, courtesies *lexicon) []reached {
	reached := make([]reached, len(text)+1)
	reached[0].covered = true
	longest := max(l.longest, courtesies.longest)
	for i := range text {
		if !reached[i].covered {
			continue
		}
		from := i
		if text[from] == ' ' {
			from++
		}
		for to := from + 1; to <= len(text) && to-from <= longest; to++ {
			if !boundary(text, to) {
				continue
			}
			entry := l.entries[text[from:to]]
			if entry || courtesies.entries[text[from:to]] {
				reached[to].covered = true
				reached[to].entry = reached[to].entry || reached[i].entry || entry
			}
		}
	}
	return reached
}

// begins says whether a text begins with an entry, after courtesies.
func (l *lexicon) begins(text string, courtesies *lexicon) bool {
	text = normal(text)
	for i, r := range l.reach(text, courtesies) {
		if r.entry && boundary(text, i) {
			return true
		}
	}
	return false
}

// within says whether an entry stands anywhere in a text.
func (l *lexicon) within(text string) bool {
	text = normal(text)
	start := true
	for i, r := range text {
		if start || unspaced(r) {
			for to := i + 1; to <= len(text) && to-i <= l.longest; to++ {
				if l.entries[text[i:to]] && boundary(text, to) {
					return true
				}
			}
		}
		start = r == ' '
	}
	return false
}

// boundary says whether a word may end at byte i: at the end, at a space, or
// anywhere between letters of scripts written without spaces.
func boundary(text string, i int) bool {
	if i == len(text) || text[i] == ' ' {
		return true
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	return unspaced(r)
}

// unspaced says whether a letter is of a script without spaces between words.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Thai, unicode.Hiragana, unicode.Katakana)
}

// Backchannel says whether a text is only a sign of listening ("mm-hm", "ok,
// right") that wants no answer.
func (b *Book) Backchannel(lang, text string) bool {
	return b.lexicon(lang, func(l *language) *lexicon { return l.backchannels }).covers(text, &lexicon{})
}

// Affirmation says whether a text is a plain yes and nothing else.
func (b *Book) Affirmation(lang, text string) bool {
	return b.covers(lang, text, func(l *language) *lexicon { return l.affirmations })
}

// Negation says whether a text is a plain no and nothing else.
func (b *Book) Negation(lang, text string) bool {
	return b.covers(lang, text, func(l *language) *lexicon { return l.negations })
}

// lastWords is how much of the end of an answer, in bytes, is searched for what
// it asked for: a question and one more sentence.
const lastWords = 200

// Dictation says whether the last words of a text ask for something that people
// give in pieces, with pauses: an order number, an address. What a language's file
// does not say is said in the fallback, so the fallback's cues count in all.
func (b *Book) Dictation(lang, text string) bool {
	if cut := len(text) - lastWords; cut > 0 {
		text = text[cut:]
		if _, rest, ok := strings.Cut(text, " "); ok {
			text = rest // half a word may be another word
		}
	}
	cues := func(l *language) *lexicon { return l.dictation }
	return b.lexicon(lang, cues).within(text) || b.lexicon(Fallback, cues).within(text)
}

// Agrees says whether a text is a yes that may go on ("yes, please return it"):
// it begins with a yes, and nowhere in it is there a no. It is what a caller's
// answer to "Shall I do that?" must be before something is done.
func (b *Book) Agrees(lang, text string) bool {
	if len(text) > maxShort {
		return false
	}
	courtesies := b.lexicon(lang, func(l *language) *lexicon { return l.courtesies })
	yes := b.lexicon(lang, func(l *language) *lexicon { return l.affirmations })
	no := b.lexicon(lang, func(l *language) *lexicon { return l.negations })
	return yes.begins(text, courtesies) && (yes.covers(text, courtesies) || !no.within(text))
}

// Recall says whether a text asks an agent that stands aside to take over again, and
// nothing else. What is said in the fallback counts in all languages, because staff
// may speak another than the caller.
func (b *Book) Recall(lang, text string) bool {
	which := func(l *language) *lexicon { return l.recalls }
	return b.covers(lang, text, which) || b.covers(Fallback, text, which)
}

// Interruption says whether a text is, or begins with, one of the short words
// that people cut an answer off with ("wait", "what?"), or is a plain yes or begins
// with a no. It tells such words from what a recogniser makes of a hum.
func (b *Book) Interruption(lang, text string) bool {
	courtesies := b.lexicon(lang, func(l *language) *lexicon { return l.courtesies })
	return b.lexicon(lang, func(l *language) *lexicon { return l.interruptions }).begins(text, courtesies) ||
		b.lexicon(lang, func(l *language) *lexicon { return l.negations }).begins(text, courtesies) ||
		b.Affirmation(lang, text)
}

func (b *Book) covers(lang, text string, which func(*language) *lexicon) bool {
	courtesies := b.lexicon(lang, func(l *language) *lexicon { return l.courtesies })
	return b.lexicon(lang, which).covers(text, courtesies)
}

// lexicon is a language's list, or the fallback's, or an empty one.
func (b *Book) lexicon(lang string, which func(*language) *lexicon) *lexicon {
	found := find(b, lang, func(l *language) []*lexicon {
		if x := which(l); x != nil {
			return []*lexicon{x}
		}
		return nil
	})
	if len(found) == 0 {
		return &lexicon{}
	}
	return found[0]
}
