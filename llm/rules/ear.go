package rules

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"parley/prompts"
)

// ear reads one language: it tells what a text means by the cues of the language's
// file, and puts what it names into the brain's English words. It does not change
// and is safe for use by many goroutines.
type ear struct {
	intents, facets []meaning
	gloss           glossary
	digits          map[string]string
	longestDigit    int // in letters
	fold            func(string) string
	// marked reads texts that are written with the language's marks, by which words
	// differ that are the same without them; nil where it makes no difference.
	marked *ear
}

// meaning is an intent or a facet with its cues in folded words.
type meaning struct {
	name string
	cues []cue
}

type cue struct {
	all  [][]string
	none []string
}

func newEar(u prompts.Understanding, flat func(string) string) *ear {
	speller := newSpeller(u, flat)
	fold := speller.fold
	e := &ear{intents: meanings(u.Intents, fold), facets: meanings(u.Facets, fold), digits: make(map[string]string, len(u.Digits)), fold: fold}
	words := make(map[string]string, len(u.Gloss)+len(u.Words))
	for english, local := range u.Words {
		words[fold(local)] = strings.ToLower(english)
	}
	for local, english := range u.Gloss {
		words[fold(local)] = english
	}
	e.gloss = newGlossary(words)
	for word, digit := range u.Digits {
		e.digits[fold(word)] = digit
		e.longestDigit = max(e.longestDigit, utf8.RuneCountInString(fold(word)))
	}
	return e
}

func meanings(list []prompts.Cues, fold func(string) string) []meaning {
	out := make([]meaning, 0, len(list))
	for _, c := range list {
		m := meaning{name: c.Meaning}
		for _, x := range c.Cues {
			folded := cue{none: foldAll(x.None, fold)}
			for _, group := range x.All {
				folded.all = append(folded.all, foldAll(group, fold))
			}
			m.cues = append(m.cues, folded)
		}
		out = append(out, m)
	}
	return out
}

func foldAll(words []string, fold func(string) string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		f := fold(strings.TrimSuffix(w, "*"))
		if len(f) <= 2 && norm.NFC.String(f) != norm.NFC.String(strings.ToLower(strings.TrimSuffix(w, "*"))) {
			continue // two letters that have lost their marks can be anything
		}
		if strings.HasSuffix(w, "*") {
			f += "*"
		}
		out = append(out, f)
	}
	return out
}

// folded is what was said in the form in which cues compare.
func (e *ear) folded(text string) string { return e.fold(hanNumbers(unmarked(text))) }

// intent is the first intent that a text has a cue of, "" for none.
func (e *ear) intent(text string) string {
	folded := e.folded(text)
	for _, m := range e.intents {
		if m.fits(folded) {
			return m.name
		}
	}
	return ""
}

// has says whether a text tells a facet.
func (e *ear) has(text, facet string) bool {
	folded := e.folded(text)
	return slices.ContainsFunc(e.facets, func(m meaning) bool { return m.name == facet && m.fits(folded) })
}

func (m meaning) fits(folded string) bool {
	return slices.ContainsFunc(m.cues, func(c cue) bool { return c.fits(folded) })
}

func (c cue) fits(folded string) bool {
	if slices.ContainsFunc(c.none, func(w string) bool { return within(folded, w) }) {
		return false
	}
	for _, group := range c.all {
		if !slices.ContainsFunc(group, func(w string) bool { return within(folded, w) }) {
			return false
		}
	}
	return len(c.all) > 0
}

// within says whether a folded text has a word or words in it: between spaces, or
// anywhere where the script has no spaces. "^" before it means at the beginning,
// "=" that it is all there is.
func within(folded, word string) bool {
	if rest, ok := strings.CutPrefix(word, "="); ok {
		return folded == rest
	}
	if rest, ok := strings.CutPrefix(word, "^"); ok {
		return strings.HasPrefix(folded+" ", strings.TrimSuffix(rest, "*")) && (strings.HasSuffix(rest, "*") || ends(folded, len(rest)))
	}
	stem := strings.TrimSuffix(word, "*")
	for from := 0; ; {
		i := strings.Index(folded[from:], stem)
		if i < 0 || stem == "" {
			return false
		}
		i += from
		if starts(folded, i) && (stem != word || ends(folded, i+len(stem))) {
			return true
		}
		_, size := utf8.DecodeRuneInString(folded[i:])
		from = i + size
	}
}

// starts says whether a word can begin at byte i.
func starts(text string, i int) bool {
	if i == 0 || text[i-1] == ' ' {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	at, _ := utf8.DecodeRuneInString(text[i:])
	return parts(before, at) && !leads(before) && !follows(at)
}

// ends says whether a word can end before byte i.
func ends(text string, i int) bool {
	if i >= len(text) || text[i] == ' ' {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	at, _ := utf8.DecodeRuneInString(text[i:])
	return parts(before, at) && !leads(before) && !follows(at)
}

// leads says whether a letter is a Thai vowel that is written before the consonant
// it is spoken after: no word begins right after it ("ช้า", slow, is not in "เช้า",
// morning).
func leads(r rune) bool { return r >= 'เ' && r <= 'ไ' }

// follows says whether a letter belongs to the Thai consonant before it: a vowel or
// a tone that is written above, below or after.
func follows(r rune) bool {
	return r == 'ะ' || r == 'า' || (unicode.Is(unicode.Thai, r) && unicode.Is(unicode.Mn, r))
}

// parts says whether two letters can belong to different words without a space
// between them.
func parts(a, b rune) bool {
	return unspaced(a) || unspaced(b) || unicode.IsDigit(a) != unicode.IsDigit(b)
}

// unspaced says whether a letter is of a script without spaces between words.
func unspaced(r rune) bool { return unicode.In(r, unicode.Han, unicode.Thai) }

// flat brings a text into the form in which cues and words compare: lower case,
// letters and digits alone, words apart by one space and none around scripts that
// write none, Latin letters without their marks, Arabic ones in their plain form,
// traditional Chinese characters as simplified ones.
func flat(text string) string { return flatten(norm.NFKD.String(strings.ToLower(text)), false) }

// flatMarked is flat with the marks of Latin letters kept.
func flatMarked(text string) string { return flatten(norm.NFKC.String(strings.ToLower(text)), true) }

func flatten(text string, marks bool) string {
	var b strings.Builder
	var last rune
	gap := false
	for _, r := range text {
		if !marks || r != 'đ' {
			r = plain(r)
		}
		switch {
		case r == 0 || r == '\'' || r == '’' || (unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Thai, r)):
			continue
		case r == '^' || r == '=':
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			gap = true
			continue
		}
		if gap && b.Len() > 0 && (!unspaced(last) || !unspaced(r)) {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r)
		last = r
	}
	return norm.NFC.String(b.String())
}

// plain gives the form of a letter that texts are compared in; 0 drops it.
func plain(r rune) rune {
	switch r {
	case 'đ':
		return 'd'
	case 'أ', 'إ', 'آ', 'ٱ':
		return 'ا'
	case 'ى':
		return 'ي'
	case 'ة':
		return 'ه'
	case 'ـ': // the stroke that draws Arabic words out
		return 0
	case 'ๆ':
		return 0
	}
	if unicode.Is(unicode.Han, r) {
		return simplified(r)
	}
	return r
}
