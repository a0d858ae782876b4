// Package lang recognises the language of a short text: what a shopper types or
// says in one turn. It asks the script first, then the commonest words, and it
// would rather not know than guess: "W10002" or "ok" is in no language.
package lang

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Detector recognises languages. It does not change and is safe for use by many
// goroutines.
type Detector struct {
	// words are the tags of the languages in which a word is common.
	words map[string][]string
}

// New makes a detector for the languages that the embedded brain knows: en, zh,
// id, vi, th, es, pt and ar.
func New() *Detector {
	d := &Detector{words: make(map[string][]string)}
	for tag, list := range common {
		for word := range strings.FieldsSeq(list) {
			d.words[word] = append(d.words[word], tag)
		}
	}
	return d
}

// maxRead bounds what is read of a text, in bytes: a language shows in its first
// sentences.
const maxRead = 600

// Detect gives the BCP 47 tag of a text's language. Where the text does not tell,
// it is current and sure is false. A current tag with a region ("pt-BR") is kept
// when the text is in its language.
func (d *Detector) Detect(text, current string) (tag string, sure bool) {
	if len(text) > maxRead {
		text = text[:maxRead]
	}
	found := d.find(strings.ToLower(norm.NFC.String(text)), base(current))
	switch found {
	case "":
		return current, false
	case base(current):
		return current, true
	}
	return found, true
}

func base(tag string) string { b, _, _ := strings.Cut(tag, "-"); return b }

// find is the language of a lower-case text, "" when it does not tell.
func (d *Detector) find(text, current string) string {
	var han, thai, arabic, vietnamese int
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.Is(unicode.Thai, r):
			thai++
		case unicode.Is(unicode.Arabic, r):
			arabic++
		case strings.ContainsRune("ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹĩũ", r):
			vietnamese++
		}
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '’' })
	latin := 0
	for _, w := range words {
		if len(w) > 1 && w[0] < 0x80 {
			latin++
		}
	}
	// A foreign name in a sentence does not change its language.
	switch {
	case han > 0 && han >= latin:
		return "zh"
	case thai > 0 && thai >= latin:
		return "th"
	case arabic > 0 && arabic >= latin:
		return "ar"
	case vietnamese > 0:
		return "vi"
	}
	return d.byWords(words, current)
}

// byWords is the language that most of the common words belong to. A word that
// several languages share counts for each of them a part.
func (d *Detector) byWords(words []string, current string) string {
	scores := d.scores(words)
	best, top := "", 0.0
	for _, tag := range slices.Sorted(maps.Keys(scores)) {
		if s := scores[tag]; s > top || (s == top && tag == current) {
			best, top = tag, s
		}
	}
	switch {
	case top < 1 && best != current:
		return "" // half a word is no reason to change
	case best != current && top <= scores[current]:
		return ""
	case best != current && current != "" && top-scores[current] < 0.5:
		return ""
	}
	return best
}

// scores count the common words of each language.
func (d *Detector) scores(words []string) map[string]float64 {
	scores := make(map[string]float64)
	for i, w := range words {
		if len(w) == 1 {
			continue // a letter of a code, or a zero that was said as "o"
		}
		w = strings.ReplaceAll(w, "’", "'")
		tags := d.words[w]
		if len(tags) == 0 {
			tags = d.words[strings.ReplaceAll(w, "'", "")]
		}
		for _, tag := range tags {
			scores[tag] += 1 / float64(len(tags))
		}
		if i+1 < len(words) { // some are common in two words: "di mana", "o dau"
			for _, tag := range d.words[w+"_"+words[i+1]] {
				scores[tag] += 1.5
			}
		}
	}
	return scores
}
