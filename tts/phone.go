package tts

import (
	"strings"
)

// sayPhone reads a telephone number, which may be several tokens: "+1 555 123
// 4567", "(555) 123-4567". It returns how many tokens it took.
func sayPhone(tokens []token) int {
	first := tokens[0].core
	joined := strings.Count(first, "-")+strings.Count(first, ".") >= 2 || strings.HasSuffix(tokens[0].open, "(") && len(first) >= 3
	plus := strings.HasPrefix(first, "+")
	if !plus && !joined {
		return 0
	}
	total, n := 0, 0
	var said []string
	for n < len(tokens) && !tokens[n].quiet {
		part := tokens[n].core
		if n == 0 {
			part = strings.TrimPrefix(part, "+")
		}
		ok := part != ""
		var groups []string
		for _, g := range strings.FieldsFunc(part, func(r rune) bool { return r == '-' || r == '.' || r == '(' || r == ')' }) {
			ok = ok && digitsOnly(g) && len(g) <= 12
			if len(g) > 4 {
				groups = append(groups, spell(g))
			} else {
				groups = append(groups, digitWords(g))
			}
			total += len(g)
		}
		if !ok || len(groups) == 0 {
			total -= len(part) // an upper bound of what was counted; it only ends the number
			break
		}
		said = append(said, strings.Join(groups, ", "))
		n++
		if strings.ContainsAny(tokens[n-1].close, ".,;!?") {
			break
		}
	}
	if n == 0 || total < 7 || total > 15 {
		return 0
	}
	if _, amount := parseNumber(first); !plus && (amount && strings.Contains(first, ".") || isDate(first)) {
		return 0 // "1.299.000", "2026-11-23"
	}
	if plus {
		said[0] = "plus " + said[0]
	}
	for k := range n {
		tokens[k].said = said[k]
		if k < n-1 {
			tokens[k].close = ","
		}
	}
	return n
}
