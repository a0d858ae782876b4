package tts

import (
	"strconv"
	"strings"
	"unicode"
)

func sayPercent(s string) string {
	if rest, ok := strings.CutSuffix(s, "%"); ok {
		if n, ok := parseNumber(rest); ok {
			return n.words() + " percent"
		}
		if r := sayRange(rest); r != "" {
			return r + " percent"
		}
	}
	return ""
}

// sayRange reads "3-5" and "10–12".
func sayRange(s string) string {
	for _, dash := range []string{"-", "–", "—"} {
		from, to, ok := strings.Cut(s, dash)
		if !ok || len(from) > 3 || len(to) > 3 || !digitsOnly(from) || !digitsOnly(to) {
			continue
		}
		a, _ := strconv.ParseInt(from, 10, 64)
		b, _ := strconv.ParseInt(to, 10, 64)
		if a < b {
			return cardinal(a) + " to " + cardinal(b)
		}
	}
	return ""
}

// sayMeasure reads numbers with a unit at their end: "3kg", "5.5cm", "2x".
func sayMeasure(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) && r != '.' && r != ',' && r != '-' })
	if i <= 0 {
		return ""
	}
	n, ok := parseNumber(s[:i])
	if !ok {
		return ""
	}
	if s[i:] == "x" || s[i:] == "×" {
		return n.words() + " times"
	}
	if u, ok := units[s[i:]]; ok {
		return n.words() + " " + u.of(n)
	}
	return ""
}

func sayOrdinal(s string) string {
	if len(s) < 3 || !digitsOnly(s[:len(s)-2]) || len(s) > 8 {
		return ""
	}
	switch strings.ToLower(s[len(s)-2:]) {
	case "st", "nd", "rd", "th":
		n, _ := strconv.ParseInt(s[:len(s)-2], 10, 64)
		return ordinal(n)
	}
	return ""
}

// sayPlainNumber reads numbers. Five digits and more without commas are no
// quantity in a shop but a number of something, and are spelled.
func sayPlainNumber(s string) string {
	if digitsOnly(s) {
		switch {
		case len(s) >= 5, len(s) > 1 && s[0] == '0':
			return spell(s)
		case len(s) == 4 && (strings.HasPrefix(s, "19") || strings.HasPrefix(s, "20")):
			n, _ := strconv.ParseInt(s, 10, 64)
			return year(n)
		}
	}
	if n, ok := parseNumber(s); ok {
		return n.words()
	}
	if s == "24/7" {
		return "twenty-four seven"
	}
	return ""
}
