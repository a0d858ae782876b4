package rules

import (
	"strings"
	"unicode/utf8"
)

// glossary puts the words of a language into the brain's own.
type glossary struct {
	words   map[string]string
	longest int // bytes of the longest key
}

func newGlossary(words map[string]string) glossary {
	g := glossary{words: words}
	for w := range words {
		g.longest = max(g.longest, len(w))
	}
	return g
}

// glossed is a text in the brain's words: those that the glossary knows,
// digits and order numbers, and whatever is written in Latin letters within
// another script. The rest says nothing to the brain.
func (e *ear) glossed(text string) []string {
	folded := e.folded(text)
	var out []string
	dropped := func() { // what is left out still parts what stands around it
		if n := len(out); n > 0 && out[n-1] != apart {
			out = append(out, apart)
		}
	}
	for i := 0; i < len(folded); {
		if folded[i] == ' ' {
			i++
			continue
		}
		if digits, next := e.spokenDigits(folded, i); next > i {
			out = append(out, digits)
			i = next
			continue
		}
		if english, next := e.gloss.at(folded, i); next > i {
			out = append(out, tokens(english)...)
			i = next
			continue
		}
		word, next := chunk(folded, i)
		switch stem, known := e.gloss.stem(word); {
		case keeps(word):
			out = append(out, tokens(word)...)
		case known:
			out = append(out, tokens(stem)...)
		default:
			dropped()
		}
		i = next
	}
	return out
}

// apart stands for words that say nothing to the brain.
const apart = "_"

// stem is what a word is without an ending that many languages hang on: "ketelnya",
// "paketku".
func (g glossary) stem(word string) (english string, known bool) {
	for _, ending := range []string{"nya", "ku", "mu", "s"} {
		if root, ok := strings.CutSuffix(word, ending); ok && len(root) > 2 {
			if english, ok := g.words[root]; ok {
				return english, true
			}
		}
	}
	return "", false
}

// at is the longest entry that begins at byte i, and where it ends; i for none.
func (g glossary) at(text string, i int) (english string, next int) {
	if !starts(text, i) {
		return "", i
	}
	for to := min(len(text), i+g.longest); to > i; to-- {
		if english, ok := g.words[text[i:to]]; ok && ends(text, to) {
			return english, to
		}
	}
	return "", i
}

// minSpoken is how many words for digits in a row are a number; fewer may be other
// words that sound or look the same ("không", "一").
const minSpoken = 3

// spokenDigits reads a row of words for digits from byte i on.
func (e *ear) spokenDigits(text string, i int) (digits string, next int) {
	count, at := 0, i
	for at < len(text) {
		from := at
		if text[from] == ' ' {
			from++
		}
		digit, to := e.digitAt(text, from)
		if to == from {
			break
		}
		digits += digit
		count++
		at = to
	}
	if count < minSpoken {
		return "", i
	}
	return digits, at
}

func (e *ear) digitAt(text string, i int) (digit string, next int) {
	if !starts(text, i) {
		return "", i
	}
	limit := min(len(text), i+4*e.longestDigit)
	for to := limit; to > i; to-- {
		if d, ok := e.digits[text[i:to]]; ok && ends(text, to) {
			return d, to
		}
	}
	return "", i
}

// chunk is the run of letters of one kind, or of digits, from byte i on.
func chunk(text string, i int) (word string, next int) {
	first, size := utf8.DecodeRuneInString(text[i:])
	to := i + size
	for to < len(text) && text[to] != ' ' {
		r, size := utf8.DecodeRuneInString(text[to:])
		if unspaced(r) != unspaced(first) || unspaced(first) {
			break
		}
		to += size
	}
	return text[i:to], to
}

// keeps says whether a word that the glossary lacks is kept: numbers, the letter
// before them, and words in Latin letters that name things the world over.
func keeps(word string) bool {
	if strings.ContainsAny(word, "0123456789") || word == "w" || sizeLetter[word] != "" {
		return true
	}
	_, option := optionWords[word]
	_, other := synonyms[singular(word)]
	return option || other || thingWords[singular(word)]
}

// thingWords are the words of products' names that shoppers write in English in
// any language.
var thingWords = set("headphone", "headset", "kettle", "case", "jacket", "shoe", "lamp", "bottle", "mat", "bank", "power", "backpack", "grinder", "shirt", "earphone", "sneaker", "thermo",
	"charger", "coffee", "yoga", "desk", "rain", "laptop", "tablet", "speaker", "camera", "watch", "keyboard", "mouse", "puzzle", "skateboard", "bicycle", "helmet", "tent", "pan",
	"smartphone", "phone", "xl", "xxl", "wireless", "bluetooth", "paypal", "visa", "mastercard", "cancel", "gift", "card")
