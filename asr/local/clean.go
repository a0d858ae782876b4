package local

import (
	"strings"
	"unicode"
)

// clean removes what Moonshine tiny is known to make up for sound that is no
// speech: notes ("♪♪♪") for tones and digital silence, and a bare "You", without
// the full stop that spoken words get, for noise, ringing, coughs and claps.
func clean(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "♪", ""))
	if text == "You" {
		return ""
	}
	return text
}

// looped says whether text ends in a repetition that nobody says: at least three
// times the same, eight words or numbers long in all. A model that predicts
// words from words falls into one at times ("W-1-0-0-0-0-0-0-0-0-0").
func looped(text string) bool {
	_, found := loop(words(text))
	return found
}

// unloop cuts text after the first time of what it repeats.
func unloop(text string) string {
	all := words(text)
	keep, found := loop(all)
	if !found {
		return text
	}
	return text[:all[keep-1].end]
}

// word is a part of a text between spaces and hyphens.
type word struct {
	text string // in lower case, without signs
	end  int    // in the text
}

func words(text string) []word {
	var out []word
	start := -1
	for i, r := range text + " " {
		inside := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\''
		switch {
		case inside && start < 0:
			start = i
		case !inside && start >= 0:
			out = append(out, word{strings.ToLower(text[start:i]), i})
			start = -1
		}
	}
	return out
}

// loop returns how many words there are up to the end of the first time.
func loop(all []word) (keep int, found bool) {
	const times, least = 3, 8
	for period := 1; period*times <= len(all); period++ {
		n := 0 // words that are the same as the one a period before
		for i := len(all) - 1; i >= period && all[i].text == all[i-period].text; i-- {
			n++
		}
		if repeated := n + period; repeated >= period*times && repeated >= least {
			return len(all) - n, true
		}
	}
	return 0, false
}
