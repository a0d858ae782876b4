package agent

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkText says whether a typed message can be taken, and tidies it.
func checkText(text string, limit int) (string, error) {
	switch {
	case len(text) > limit:
		return "", &TextError{"it is too long"}
	case !utf8.ValidString(text):
		return "", &TextError{"it is not valid UTF-8"}
	}
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
	if text == "" {
		return "", &TextError{"it is empty"}
	}
	return text, nil
}

// plausible returns a transcript, or "" for one that holds no words: recognisers
// write "." or "♪" or "[music]" for sounds.
func plausible(text string) string {
	text = strings.TrimSpace(text)
	if (strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]")) || (strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")")) {
		return ""
	}
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return text
		}
	}
	return ""
}

// joinText puts two pieces of speech together.
func joinText(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	default:
		return a + " " + b
	}
}
