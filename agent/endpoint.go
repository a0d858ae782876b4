package agent

import (
	"strings"
	"time"
	"unicode"
)

// verdict is what is known about whether a caller has finished.
type verdict int

const (
	unknown verdict = iota
	complete
	incomplete
	dictating
)

// patience is how long a silence must last before a turn with this verdict ends.
func (t Turns) patience(v verdict) time.Duration {
	if t.Pressed {
		return untilPressed
	}
	switch v {
	case complete:
		return t.Complete
	case incomplete:
		return t.Incomplete
	case dictating:
		return t.Dictated
	default:
		return t.Unknown
	}
}

// untilPressed is longer than any conversation.
const untilPressed = 1000 * time.Hour

// readsWhole says whether the words end as a sentence does. Recognisers close
// everything with a full stop, so this is a sign and no proof: it only keeps a
// model that hears no end in the voice from making the caller wait the longest.
func readsWhole(text string) bool {
	text = strings.TrimSpace(text)
	for _, end := range []string{".", "!", "。", "！"} {
		if strings.HasSuffix(text, end) {
			return len(strings.Fields(text)) > 1
		}
	}
	return false
}

// completeAt and incompleteAt are the probabilities at which the end-of-turn
// model's word is taken. Between them it counts as not knowing.
const (
	completeAt   = 0.5
	incompleteAt = 0.2
)

// readVerdict judges by the words alone. asked says that the agent has asked for
// something that is given in pieces, such as an order number: people pause
// between the groups, and being cut off there is what annoys them most.
func readVerdict(text string, asked bool) verdict {
	text = strings.TrimSpace(text)
	if text == "" {
		return unknown
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	})
	if len(words) == 0 {
		return unknown
	}
	last := words[len(words)-1]
	runes := []rune(text)
	switch end := runes[len(runes)-1]; {
	case end == '?' || end == '？':
		return complete
	case end == ',' || end == '，' || end == '、' || end == '…' || end == '-' || strings.HasSuffix(text, "..."):
		return incomplete
	}
	if digits := trailingDigits(words); digits > 0 {
		switch {
		case digits >= orderDigits:
			return complete
		case asked || digits >= 2:
			return dictating
		}
	}
	if asked && len(words) <= 2 && isSpelled(last) {
		return dictating // "W." and then the digits
	}
	if danglingWord(last) {
		return incomplete
	}
	return unknown
}

// orderDigits is the length of the shop's order numbers without the letter.
const orderDigits = 5

// trailingDigits counts the digits that end a list of words, whether written as
// figures or spoken one by one.
func trailingDigits(words []string) int {
	n := 0
	for i := len(words) - 1; i >= 0; i-- {
		w := words[i]
		digits := 0
		for _, r := range w {
			if unicode.IsDigit(r) {
				digits++
			}
		}
		switch {
		case digits > 0:
			n += digits
			if digits < len(w) {
				return n // the letter that an order number starts with
			}
		case spokenDigit(w):
			n++
		case w == "double" && n > 0:
			n++
		case w == "triple" && n > 0:
			n += 2
		default:
			return n
		}
	}
	return n
}

func spokenDigit(w string) bool {
	switch w {
	case "zero", "oh", "o", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine":
		return true
	}
	return false
}

// isSpelled says whether a word is a letter of an order number on its own.
func isSpelled(w string) bool { return len([]rune(w)) == 1 || w == "double" || w == "you" }

// danglingWord says whether a sentence cannot well end in w.
func danglingWord(w string) bool {
	switch w {
	case "and", "or", "but", "because", "so", "if", "when", "the", "a", "an", "my", "your", "of", "to", "for",
		"with", "from", "in", "at", "um", "uh", "er", "erm", "hmm", "like", "is", "was", "that's", "it's", "i'm", "number":
		return true
	}
	return false
}
