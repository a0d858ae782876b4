package rules

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/prompts"
)

// speller brings words that people shorten, or hang endings on, into the form in
// which cues and words compare. It does not change and is safe for use by many
// goroutines.
type speller struct {
	flat    func(string) string
	words   map[string]string // by what stands between spaces
	letters *strings.Replacer // for scripts without spaces; nil if there is nothing to replace
	endings []string
}

func newSpeller(u prompts.Understanding, flat func(string) string) speller {
	s := speller{flat: flat, words: make(map[string]string, len(u.Spelling)), endings: u.Endings}
	var pairs []string
	for _, short := range slices.Sorted(maps.Keys(u.Spelling)) {
		from, to := flat(short), flat(u.Spelling[short])
		if r, _ := utf8.DecodeRuneInString(from); unspaced(r) {
			pairs = append(pairs, from, to)
			continue
		}
		s.words[from] = to
	}
	if len(pairs) > 0 {
		s.letters = strings.NewReplacer(pairs...)
	}
	return s
}

// fold is a text in the form in which texts and cues compare.
func (s speller) fold(text string) string {
	folded := short(s.flat(text))
	if s.letters != nil {
		folded = s.letters.Replace(folded)
	}
	if len(s.words) == 0 && len(s.endings) == 0 {
		return folded
	}
	var b strings.Builder
	for word := range strings.SplitSeq(folded, " ") {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if sign := strings.TrimLeft(word, "^="); len(sign) < len(word) { // the signs of a cue
			b.WriteString(word[:len(word)-len(sign)])
			word = sign
		}
		b.WriteString(s.word(word))
	}
	return b.String()
}

// shortestRoot is how long a word must be without its ending, in bytes, for the
// ending to be one.
const shortestRoot = 4

func (s speller) word(word string) string {
	if full, ok := s.words[word]; ok {
		return full
	}
	for _, ending := range s.endings {
		if root, ok := strings.CutSuffix(word, ending); ok && len(root) >= shortestRoot {
			if full, ok := s.words[root]; ok {
				return full
			}
			return root
		}
	}
	return word
}

// short takes the letters out of a text that are only there to draw a word out
// ("whereeee", "หนายยย"): of three or more of a kind one stays. Digits all stay.
func short(text string) string {
	var b strings.Builder
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		rest := strings.TrimLeft(text, text[:size])
		row := len(text) - len(rest)
		if unicode.IsLetter(r) && row >= 3*size {
			row = size
		}
		b.WriteString(text[:row])
		text = rest
	}
	return b.String()
}
