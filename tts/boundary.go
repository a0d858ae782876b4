package tts

import (
	"unicode"
	"unicode/utf8"
)

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
	s := scan{text: text, limits: limitsOf(done), quoted: -1, first: true, space: true}
	for i := 0; i < len(text); {
		if !utf8.FullRuneInString(text[i:]) {
			return 0 // the rest of the character is yet to come
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if at := s.step(i, r); at > 0 {
			return at
		}
		i += size
	}
	return 0
}

// scan reads a text character by character in search of the end of its first
// clause. Tokens are what stands between white space.
type scan struct {
	text   string
	limits limits

	runes, length int  // so far
	spoken        bool // there was something to say
	quoted        int  // length at which a quotation opened, -1 outside

	token    int    // where the token that is being read began
	lengthAt int    // length at token
	before   string // the token before it
	first    bool   // the token that is being read is the first of its line
	wasFirst bool   // and the one before it was
	broken   bool   // a line ended after the token before

	space bool // the last character was white
	last  rune // the last character that was not white
	joint int  // the last place where a cut is allowed at need
}

// step reads the character at i. It returns where the clause ends, 0 for not yet.
func (s *scan) step(i int, r rune) int {
	white := unicode.IsSpace(r)
	if !white && s.spoken && s.endsBefore(i, r) {
		return i
	}
	switch {
	case white && !s.space:
		if s.endsAtToken(i) {
			return s.token
		}
		s.before, s.wasFirst = s.text[s.token:i], s.first
		s.first, s.broken = false, false
	case !white && s.space:
		s.token, s.lengthAt = i, s.length
	}
	if s.runes >= maxClause {
		switch {
		case s.joint > 0:
			return s.joint
		case unicode.Is(unicode.M, r) && s.runes < maxClause+8:
			// not between a letter and its mark
		default:
			return i
		}
	}
	s.take(r, white)
	return 0
}

// endsBefore says whether the clause ends before the character at i, which is not
// white.
func (s *scan) endsBefore(i int, r rune) bool {
	if s.space {
		return s.endsBeforeToken(i, r)
	}
	switch {
	case s.inQuote():
	case wideSentence(s.last):
		return !closing(r) && !wideSentence(r)
	case widePhrase(s.last):
		return !closing(r) && !widePhrase(r) && s.length >= s.limits.comma
	case ideographic(s.last) && ideographic(r):
		s.joint = i
		return s.length >= s.limits.force
	}
	return false
}

// endsBeforeToken says whether the clause ends before the token that begins at i.
func (s *scan) endsBeforeToken(i int, r rune) bool {
	if mayPart(s.before, r) {
		s.joint = i
	}
	switch {
	case s.broken:
		return true
	case s.inQuote():
		return false
	case endsSentence(s.before, r, s.wasFirst):
		return true
	case endsPhrase(s.before, r), thai(s.last), thai(r):
		return s.length >= s.limits.comma
	}
	return false
}

// endsAtToken says whether the clause ends before the token that ends at i: only
// now is it known whether that is a joining word, or the last one of a phrase,
// which should not be spoken alone.
func (s *scan) endsAtToken(i int) bool {
	if s.before == "" || s.inQuote() || s.joint != s.token {
		return false
	}
	if s.lengthAt >= s.limits.join && joins(s.text[s.token:i]) && !joins(s.before) {
		return true
	}
	return s.lengthAt >= s.limits.force && (unicode.IsLetter(s.last) || unicode.IsDigit(s.last))
}

// inQuote says whether a quotation is open that is short enough to stay whole.
func (s *scan) inQuote() bool { return s.quoted >= 0 && s.length-s.quoted < maxClause/2 }

// take counts a character in.
func (s *scan) take(r rune, white bool) {
	switch {
	case r == '\n':
		s.broken, s.first, s.quoted = true, true, -1
	case s.quoted < 0 && opensQuote(r, s.last, s.space):
		s.quoted = s.length
	case s.quoted >= 0 && closesQuote(r):
		s.quoted = -1
	}
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		s.spoken = true
	}
	if !white || !s.space {
		s.length += letters(r)
	}
	s.runes++
	if s.space = white; !white {
		s.last = r
	}
}
