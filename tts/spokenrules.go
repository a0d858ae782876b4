package tts

import (
	"strings"
	"unicode/utf8"
)

// say writes out the token at i, and those after it that belong to it, and
// returns how many these were.
func say(tokens []token, i int) int {
	t := &tokens[i]
	if t.quiet || t.core == "" {
		return 1
	}
	after := func(k int) *token {
		if i+k < len(tokens) && !tokens[i+k].quiet {
			return &tokens[i+k]
		}
		return nil
	}
	second, third := after(1), after(2)
	if n := sayDate(t, second, third); n > 0 {
		return n
	}
	if n := sayPhone(tokens[i:]); n > 0 {
		return n
	}
	if second != nil {
		for _, rule := range []func(first, second, third *token) int{
			sayCurrencyFirst, sayCurrencyLast, sayUnit, sayNumbered, sayHour, sayDigits, sayEnding,
		} {
			if n := rule(t, second, third); n > 0 {
				return n
			}
		}
	}
	if s := sayAlone(t); s != "" {
		t.said = s
	}
	if second != nil {
		t.closeBefore()
	}
	return 1
}

// closeBefore sets the sign after a token that others follow.
func (t *token) closeBefore() {
	switch {
	case abbreviations[strings.ToLower(t.core)] != "":
		t.close = strings.TrimPrefix(t.close, ".")
	case t.close == "" && strings.Contains(t.said, ", "):
		t.close = "," // what is said in groups ends like one
	}
}

// The rules for several tokens write out two or three of them and return how
// many, or 0 when they do not apply. The second is there; the third may be nil.

// sayCurrencyFirst reads "USD 12.50".
func sayCurrencyFirst(first, second, _ *token) int {
	c, ok := currencies[first.core]
	if !ok || first.close != "" {
		return 0
	}
	n, ok := parseNumber(second.core)
	if !ok {
		return 0
	}
	first.quiet = true
	second.said = c.amount(n)
	return 2
}

// sayCurrencyLast reads "12.50 USD".
func sayCurrencyLast(first, second, _ *token) int {
	c, ok := currencies[second.core]
	if !ok || first.close != "" || len(second.core) < 2 {
		return 0
	}
	n, ok := parseNumber(first.core)
	if !ok {
		return 0
	}
	first.said = c.amount(n)
	first.close, second.quiet = second.close, true
	return 2
}

// sayUnit reads "5.5 cm".
func sayUnit(first, second, _ *token) int {
	u, ok := units[second.core]
	if !ok || first.close != "" {
		return 0
	}
	n, ok := parseNumber(first.core)
	if !ok {
		return 0
	}
	first.said = n.words()
	second.said = u.of(n)
	return 2
}

// sayNumbered reads the first token of "No. 5".
func sayNumbered(first, second, _ *token) int {
	if !strings.EqualFold(first.core, "no") || !strings.HasPrefix(first.close, ".") || !startsWithDigit(second.core) {
		return 0
	}
	first.said, first.close = "number", ""
	return 1
}

// sayHour reads "9 a.m.".
func sayHour(first, second, third *token) int {
	half := meridiem(second.core + second.close)
	if half == "" || first.close != "" || !startsWithDigit(first.core) {
		return 0
	}
	clock := sayClock(first.core, true)
	if clock == "" {
		return 0
	}
	first.said, second.said = clock, half
	if third != nil {
		second.close = strings.TrimPrefix(second.close, ".")
	}
	return 2
}

// sayDigits reads "code 1234": the digits matter, not the value.
func sayDigits(first, second, _ *token) int {
	if !spellsNext[strings.ToLower(first.core)] || !digitsOnly(second.core) || len(second.core) < 3 {
		return 0
	}
	second.said = spell(second.core)
	return 2
}

// sayEnding reads "ending in 4242".
func sayEnding(first, second, third *token) int {
	if third == nil || first.core != "ending" && first.core != "ends" || second.core != "in" || !digitsOnly(third.core) {
		return 0
	}
	third.said = spell(third.core)
	return 3
}

// sayAlone is what is said for a word whatever stands beside it, "" for the word itself.
func sayAlone(t *token) string {
	core := t.core
	if s, ok := abbreviations[strings.ToLower(core)]; ok && (strings.HasPrefix(t.close, ".") || !needsPoint[strings.ToLower(core)]) {
		return s
	}
	if s := sayAddress(core); s != "" {
		return s
	}
	for _, rule := range []func(string) string{
		sayMoney, sayISODate, sayPercent, sayRange,
		func(s string) string { return sayClock(s, false) },
		sayMeasure, sayOrdinal, sayPlainNumber, sayCode,
	} {
		if s := rule(core); s != "" {
			return s
		}
	}
	if rest, ok := strings.CutPrefix(core, "#"); ok && rest != "" {
		if s := sayCode(rest); s != "" {
			return s
		}
		if n, ok := parseNumber(rest); ok {
			return "number " + n.words()
		}
		return rest
	}
	return saySigns(core)
}

// saySigns reads a word with signs that stand for words; "" when it has none.
func saySigns(s string) string {
	if !strings.ContainsAny(s, "&@+=/_|<>^%\\*~") {
		return ""
	}
	var b strings.Builder
	for _, r := range s {
		if name, ok := signs[r]; ok {
			b.WriteString(" " + name + " ")
		} else {
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func startsWithDigit(s string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(s, "#"))
	return '0' <= r && r <= '9'
}
