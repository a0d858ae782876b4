package tts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Splitter cuts a text that comes in pieces into clauses to be spoken one after
// the other. The first one is short, so that the voice begins early; later ones
// are longer, because a voice sounds better with more to go by. It cuts at the
// ends of sentences, at commas and the like, before joining words, and only
// where a clause grows too long between any two words; never inside a number, an
// abbreviation, an order number, an address of any kind, or a short quotation.
//
// The clauses, put together, are the text, byte for byte: markdown and emoji are
// left for [Spoken] to pass over. Where the text is cut does not depend on the
// pieces in which it came. A Splitter belongs to one goroutine.
type Splitter struct {
	text string // what is not yet part of a clause
	done int    // clauses cut since the start or the last Flush
}

// NewSplitter returns a Splitter at the beginning of an answer.
func NewSplitter() *Splitter { return &Splitter{} }

// Push takes the next piece of the text and returns the clauses that are now
// complete; often none.
func (s *Splitter) Push(delta string) []string {
	s.text += delta
	var clauses []string
	for {
		at := boundary(s.text, s.done)
		if at <= 0 {
			return clauses
		}
		clauses = append(clauses, s.text[:at])
		s.text = s.text[at:]
		s.done++
	}
}

// Flush returns what is left and begins anew: the next clause is a first one.
func (s *Splitter) Flush() []string {
	rest := s.text
	s.text, s.done = "", 0
	if rest == "" {
		return nil
	}
	return []string{rest}
}

// Split cuts a whole text into clauses.
func Split(text string) []string {
	var s Splitter
	return append(s.Push(text), s.Flush()...)
}

// maxClause is the length in characters that no clause exceeds.
const maxClause = 200

// limits say how long a clause must be for a cut. Lengths are in letters; see
// letters.
type limits struct {
	comma int // at a comma, colon, semicolon or dash, or at a space in Thai
	join  int // before a joining word
	force int // between any two words
}

// limitsOf grow from the first clause of an answer on. At 15 letters a second
// the first lasts two or three seconds at most, in which the voice computes the next.
func limitsOf(done int) limits {
	switch done {
	case 0:
		return limits{comma: 1, join: 24, force: 48}
	case 1:
		return limits{comma: 30, join: 60, force: 100}
	}
	return limits{comma: 60, join: 100, force: 150}
}

// letters is how long a character takes to say, in Latin letters.
func letters(r rune) int {
	switch {
	case ideographic(r):
		return 3
	case unicode.Is(unicode.Mn, r):
		return 0
	case '0' <= r && r <= '9':
		return 4
	}
	return 1
}

// ideographic says whether r is of a script that is written without spaces and
// may be cut between any two characters.
func ideographic(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// boundary returns where the first clause of text ends, or 0 when that cannot be
// said yet. It reads from the left and decides as soon as it can, so more text
// never changes what it says.
func boundary(text string, done int) int {
	lim := limitsOf(done)
	var (
		runes, length int // so far
		spoken        bool
		quoted        int    // length at which a quotation opened, -1 outside
		token         int    // where the token that is being read began
		before        string // the token before it
		first         = true // the token that is being read is the first of its line
		wasFirst      bool   // and the one before it was
		broken        bool   // a line ended after the token before
		space         = true // the last character was white
		last          rune   // the last character that was not white
		joint         int    // the last place where a cut is allowed at need
		lengthAt      int    // length at token
	)
	quoted = -1
	for i := 0; i < len(text); {
		if !utf8.FullRuneInString(text[i:]) {
			return 0 // the rest of the character is yet to come
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		white := unicode.IsSpace(r)
		inQuote := quoted >= 0 && length-quoted < maxClause/2

		if !white && spoken {
			cut := false
			switch {
			case space: // a token begins
				word := before
				switch {
				case broken:
					cut = true
				case inQuote:
				case endsSentence(word, r, wasFirst):
					cut = true
				case endsPhrase(word, r):
					cut = length >= lim.comma
				case thai(last) || thai(r):
					cut = length >= lim.comma
				}
				if mayPart(word, r) {
					joint = i
				}
			case inQuote:
			case wideSentence(last) && !closing(r) && !wideSentence(r):
				cut = true
			case widePhrase(last) && !closing(r) && !widePhrase(r):
				cut = length >= lim.comma
			case ideographic(last) && ideographic(r):
				cut = length >= lim.force
				joint = i
			}
			if cut {
				return i
			}
		}
		if white && !space {
			// A token ends; only now is it known whether it is a joining word, or the
			// last one of a phrase, which should not be spoken alone.
			word := text[token:i]
			if before != "" && !inQuote && joint == token {
				if lengthAt >= lim.join && joins(word) && !joins(before) {
					return token
				}
				if lengthAt >= lim.force && (unicode.IsLetter(last) || unicode.IsDigit(last)) {
					return token
				}
			}
			before, wasFirst = word, first
			first = false
			broken = false
		}
		if !white && space {
			token, lengthAt = i, length
		}
		if runes >= maxClause {
			switch {
			case joint > 0:
				return joint
			case unicode.Is(unicode.M, r) && runes < maxClause+8:
				// not between a letter and its mark
			default:
				return i
			}
		}
		switch {
		case r == '\n':
			broken, first, quoted = true, true, -1
		case quoted < 0 && opensQuote(r, last, space):
			quoted = length
		case quoted >= 0 && closesQuote(r):
			quoted = -1
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			spoken = true
		}
		if !white || !space {
			length += letters(r)
		}
		runes++
		if space = white; !white {
			last = r
		}
		i += size
	}
	return 0
}

// closers may follow the sign that ends a sentence, and belong to it.
const closers = "\"'”’»›)]}*_~`」』》〉）】"

func closing(r rune) bool { return strings.ContainsRune(closers, r) }

func opensQuote(r, last rune, space bool) bool {
	switch r {
	case '“', '«', '「', '『', '《':
		return true
	case '"': // not the sign of inches or seconds
		return space || last == '('
	}
	return false
}

func closesQuote(r rune) bool { return strings.ContainsRune("\"”»」』》", r) }

func wideSentence(r rune) bool { return strings.ContainsRune("。！？｡", r) }

func widePhrase(r rune) bool { return strings.ContainsRune("，；：、､", r) }

func thai(r rune) bool { return unicode.Is(unicode.Thai, r) }

// endsSentence says whether a sentence ends with word when next begins the next
// one. enumerator says that word is the first of its line.
func endsSentence(word string, next rune, enumerator bool) bool {
	word = strings.TrimRight(word, closers)
	last, _ := utf8.DecodeLastRuneInString(word)
	switch {
	case strings.ContainsRune("!?", last), wideSentence(last):
		return true
	case last == '…' || strings.HasSuffix(word, ".."):
		return unicode.IsUpper(next) || ideographic(next)
	case last != '.':
		return false
	}
	word = strings.TrimLeft(word[:len(word)-1], "\"'“‘«‹([{*_~`#-")
	switch {
	case enumerator && digits(word):
		return false // the number of a line in a list
	case numbered[strings.ToLower(word)]:
		return !unicode.IsDigit(next) && next != '#'
	case titles[strings.ToLower(word)]:
		return false
	case utf8.RuneCountInString(word) == 1 && word != "I" && strings.ToUpper(word) == word && !digits(word):
		return false // an initial
	case shortened[strings.ToLower(word)] || strings.Contains(word, ".") && !strings.ContainsAny(word, "@/0123456789"):
		return unicode.IsUpper(next)
	}
	return true
}

// endsPhrase says whether there is a little pause after word.
func endsPhrase(word string, next rune) bool {
	word = strings.TrimRight(word, closers)
	last, size := utf8.DecodeLastRuneInString(word)
	switch last {
	case ',':
		prev, _ := utf8.DecodeLastRuneInString(word[:len(word)-size])
		return !unicode.IsDigit(prev) || !unicode.IsDigit(next) // "November 23, 2026"
	case ';', ':', '–', '—':
		return true
	case '-':
		return word == "-"
	}
	return widePhrase(last)
}

// mayPart says whether a clause may end, at need, after word and before a word
// that begins with next.
func mayPart(word string, next rune) bool {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	if unicode.IsDigit(next) || unicode.IsDigit(last) || next == '+' || next == '#' {
		return false // numbers stay with what they count, and with each other
	}
	if strings.ContainsRune(closers, next) || strings.ContainsRune("&@%€£$¥", last) || first == utf8.RuneError {
		return false
	}
	return !leaning[strings.ToLower(strings.TrimLeft(word, "\"'“‘(*_"))]
}

// joins says whether a clause may begin with word.
func joins(word string) bool { return joining[strings.ToLower(word)] }

func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
}
