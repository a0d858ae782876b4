package tts

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// say writes out the token at i, and those after it that belong to it, and
// returns how many these were.
func say(tokens []token, i int) int {
	t := &tokens[i]
	core := t.core
	next := func(k int) *token {
		if i+k < len(tokens) && !tokens[i+k].quiet {
			return &tokens[i+k]
		}
		return nil
	}
	if t.quiet || core == "" {
		return 1
	}
	if n := sayDate(t, next(1), next(2)); n > 0 {
		return n
	}
	if n := sayPhone(tokens[i:]); n > 0 {
		return n
	}
	// An amount with its currency as a word: "USD 12.50", "12.50 USD".
	if after := next(1); after != nil {
		if c, ok := currencies[core]; ok && t.close == "" {
			if n, ok := parseNumber(after.core); ok {
				t.quiet = true
				after.said = c.amount(n)
				return 2
			}
		}
		if c, ok := currencies[after.core]; ok && t.close == "" && len(after.core) > 1 {
			if n, ok := parseNumber(core); ok {
				t.said = c.amount(n)
				t.close, after.quiet = after.close, true
				return 2
			}
		}
		if u, ok := units[after.core]; ok {
			if n, ok := parseNumber(core); ok && t.close == "" {
				t.said = n.words()
				after.said = u.of(n)
				return 2
			}
		}
		// "No. 5", "# 5"
		if strings.EqualFold(core, "no") && strings.HasPrefix(t.close, ".") && startsWithDigit(after.core) {
			t.said, t.close = "number", ""
			return 1
		}
		// "9 a.m."
		if m := meridiem(after.core + after.close); m != "" && startsWithDigit(core) && t.close == "" {
			if clock := sayClock(core, true); clock != "" {
				t.said, after.said = clock, m
				if next(2) != nil {
					after.close = strings.TrimPrefix(after.close, ".")
				}
				return 2
			}
		}
		// "code 1234", "ending in 4242": the digits matter, not the value.
		if spellsNext[strings.ToLower(core)] && digitsOnly(after.core) && len(after.core) >= 3 {
			after.said = spell(after.core)
			return 2
		}
		if last := next(2); last != nil && (core == "ending" || core == "ends") && after.core == "in" && digitsOnly(last.core) {
			last.said = spell(last.core)
			return 3
		}
	}
	if s := sayAlone(t); s != "" {
		t.said = s
	}
	if next(1) != nil {
		switch {
		case abbreviations[strings.ToLower(core)] != "":
			t.close = strings.TrimPrefix(t.close, ".")
		case t.close == "" && strings.Contains(t.said, ", "):
			t.close = "," // what is said in groups ends like one
		}
	}
	return 1
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

// sayMoney reads "$12.50", "S$5", "12€", "-$3" and "$1.2M".
func sayMoney(s string) string {
	minus := ""
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		minus, s = "minus ", rest
	}
	for _, symbol := range symbols {
		rest, ok := strings.CutPrefix(s, symbol)
		if !ok {
			rest, ok = strings.CutSuffix(s, symbol)
		}
		if !ok || rest == "" {
			continue
		}
		c := currencies[symbol]
		if n, ok := parseNumber(rest); ok {
			return minus + c.amount(n)
		}
		if size, ok := sizes[rest[len(rest)-1:]]; ok {
			if n, ok := parseNumber(rest[:len(rest)-1]); ok {
				return minus + n.words() + " " + size + " " + c.many
			}
		}
	}
	return ""
}

// amount writes out an amount of money.
func (c currency) amount(n number) string {
	sign := ""
	if n.negative {
		sign, n.negative = "minus ", false
	}
	name := c.many
	if n.whole == 1 {
		name = c.one
	}
	fraction := n.fraction
	if c.cent == "" || len(fraction) > 2 {
		if strings.Trim(fraction, "0") == "" {
			n.fraction = ""
		}
		if n.fraction != "" {
			name = c.many
		}
		return sign + n.words() + " " + name
	}
	cents := 0
	if fraction != "" {
		cents, _ = strconv.Atoi((fraction + "0")[:2])
	}
	coin := c.cents
	if cents == 1 {
		coin = c.cent
	}
	switch {
	case cents == 0:
		return sign + cardinal(n.whole) + " " + name
	case n.whole == 0:
		return sign + cardinal(int64(cents)) + " " + coin
	}
	return sign + cardinal(n.whole) + " " + name + " and " + cardinal(int64(cents)) + " " + coin
}

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

// sayCode spells what mixes capital letters and digits: order numbers, parcel
// numbers, article numbers, "W10002", "1Z999AA10123456784", "TRK-4711". Short
// names such as "A4" or "MP3" are said letter by letter and then the number.
func sayCode(s string) string {
	var letters, lower, figures int
	for _, r := range s {
		switch {
		case 'A' <= r && r <= 'Z':
			letters++
		case 'a' <= r && r <= 'z':
			lower++
		case '0' <= r && r <= '9':
			figures++
		case r == '-' || r == '_' || r == '/':
		default:
			return ""
		}
	}
	// "w10002" is one, "iPhone15" is not.
	if letters+lower == 0 || figures == 0 || lower > 0 && (letters+lower > 1 || figures < 3) {
		return ""
	}
	return spell(s)
}

// spell reads a code sign by sign, in groups of three with a small pause
// between: "W10002" is "W, one zero zero, zero two". In a run of digits of a
// length that three does not divide, the last group has two or four.
func spell(s string) string {
	var groups []string
	for len(s) > 0 {
		kind := signKind(s[0])
		n := 1
		for n < len(s) && signKind(s[n]) == kind {
			n++
		}
		run := s[:n]
		s = s[n:]
		if kind == signOther {
			continue
		}
		for len(run) > 0 {
			take := min(3, len(run))
			if len(run) == 4 {
				take = 2
				if kind == signLetter {
					take = 4
				}
			}
			group := run[:take]
			run = run[take:]
			if kind == signDigit {
				groups = append(groups, digitWords(group))
			} else {
				groups = append(groups, strings.Join(strings.Split(strings.ToUpper(group), ""), " "))
			}
		}
	}
	return strings.Join(groups, ", ")
}

const (
	signLetter = iota
	signDigit
	signOther
)

func signKind(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return signDigit
	case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
		return signLetter
	}
	return signOther
}

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

// sayAddress reads e-mail and web addresses.
func sayAddress(s string) string {
	lower := strings.ToLower(s)
	if user, host, ok := strings.Cut(strings.TrimPrefix(s, "mailto:"), "@"); ok && user != "" && strings.Contains(host, ".") {
		return sayParts(user) + " at " + sayParts(host)
	}
	web := strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
	if !web && !strings.HasPrefix(lower, "www.") && !bareDomain(lower) {
		return ""
	}
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		rest = s
	}
	host, path, _ := strings.Cut(rest, "/")
	host = strings.TrimPrefix(strings.ToLower(host), "www.")
	said := sayParts(host)
	path, _, _ = strings.Cut(path, "?")
	path = strings.Trim(path, "/")
	if path != "" && len(path) <= 24 && !strings.ContainsFunc(path, unicode.IsDigit) {
		said += " slash " + sayParts(path)
	}
	return said
}

// bareDomain says whether s looks like "example.com".
func bareDomain(s string) bool {
	host, _, _ := strings.Cut(s, "/")
	i := strings.LastIndexByte(host, '.')
	if i <= 0 {
		return false
	}
	switch host[i+1:] {
	case "com", "org", "net", "shop", "store", "io", "sg", "my", "id", "vn", "th", "cn", "jp", "uk", "de", "eu":
	default:
		return false
	}
	return !strings.ContainsFunc(host, func(r rune) bool {
		return r != '.' && r != '-' && !('a' <= r && r <= 'z') && !('0' <= r && r <= '9')
	})
}

// sayParts reads the parts of an address.
func sayParts(s string) string {
	var out []string
	word := ""
	flush := func() {
		if word != "" {
			if digitsOnly(word) {
				word = digitWords(word)
			}
			out = append(out, word)
			word = ""
		}
	}
	var last rune
	for _, r := range s {
		name, sign := addressSigns[r]
		switch {
		case sign:
			flush()
			out = append(out, name)
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if word != "" && unicode.IsDigit(r) != unicode.IsDigit(last) {
				flush()
			}
			word += string(r)
		default:
			flush()
		}
		last = r
	}
	flush()
	return strings.Join(out, " ")
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
