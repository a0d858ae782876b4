package rules

import (
	"slices"
	"strconv"
	"strings"
)

// The length of an order's number in digits.
const (
	minDigits = 5
	maxDigits = 7
)

// number is an order's number, or a part of one, as it was said.
type number struct {
	// Digits are without the W.
	Digits string
	// Marked says that a W or the word order or number stood before it.
	Marked bool
	// from and to bound the words that it was said in.
	from, to int
}

// Complete says whether it can be the number of an order.
func (n number) Complete() bool { return len(n.Digits) >= minDigits && len(n.Digits) <= maxDigits }

var (
	units = map[string]int{"zero": 0, "nought": 0, "naught": 0, "nil": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
		"six": 6, "seven": 7, "eight": 8, "nine": 9, "niner": 9}
	// homophones are what a recogniser may write for a digit. They count only
	// within a number that is not complete yet.
	homophones = map[string]int{"oh": 0, "o": 0, "owe": 0, "ow": 0, "won": 1, "to": 2, "too": 2, "tu": 2, "tree": 3, "free": 3, "for": 4, "fore": 4, "ate": 8}
	teens      = map[string]int{"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
		"sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19}
	tens = map[string]int{"twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90} //nolint:misspell // recognisers write fourty
	// times repeat the digit after them.
	times = map[string]int{"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
	// joints stand between the parts of one number.
	joints = set("and", "in", "n", "um", "uh", "er", "erm", "hmm", "then", "dash", "hyphen", "minus", "space", "comma", "dot", "point")
	// corrections announce that what was just said is to be replaced.
	corrections = set("no", "sorry", "wait", "actually", "rather", "correction", "mean", "oops", "nope", "make", "instead")
	// doubles and yous together are how a recogniser may write the name of the letter W.
	doubles = set("double", "dub", "dubb", "debbie", "trouble", "doubles", "dublin", "dabble", "bubble", "w")
	yous    = set("u", "you", "yu", "yew", "ew", "yous", "hue", "ew", "us")
	// letters are one-word forms of W.
	letters = set("w", "doubleyou", "doubleu", "dubya", "dubyou", "dubu", "doubleyu", "dublyu", "ws", "wu", "wo", "debbieu")
)

// letterW gives the number of words at i that name the letter W, 0 for none.
func letterW(words []string, i int) int {
	if doubles[words[i]] && i+1 < len(words) && yous[words[i+1]] {
		return 2
	}
	if letters[words[i]] {
		return 1
	}
	return 0
}

// numbers finds all that can be an order's number or a part of one. Corrections
// ("one zero zero zero three, no, two") are applied; a number after "not" is
// dropped. With awaited, which is when the agent asked for a number, a part of
// one counts even if nothing marks it.
func numbers(words []string, awaited bool) []number {
	var found []number
	for i := 0; i < len(words); {
		start, marked := i, false
		if n := letterW(words, i); n > 0 {
			marked, i = true, i+n
			for i < len(words) && letterW(words, i) > 0 { // "W, W one zero"
				i += letterW(words, i)
			}
		}
		digits, end := run(words, i, marked)
		if end == i {
			if !marked {
				i++
			}
			continue
		}
		n := number{Digits: digits, Marked: marked || named(words, start), from: start, to: end}
		i = end
		if start > 0 && words[start-1] == "not" {
			continue
		}
		if last := len(found) - 1; last >= 0 && corrected(words[found[last].to:start]) {
			found[last] = correct(found[last], n)
			continue
		}
		if n.Marked || len(n.Digits) >= minDigits-1 || (awaited && (len(n.Digits) > 1 || alone(words, n))) {
			found = append(found, n)
		}
	}
	return found
}

// named says whether the words before i announce an order's number.
func named(words []string, i int) bool {
	for i--; i >= 0 && (fillers[words[i]] || words[i] == "is" || words[i] == "its" || words[i] == "the"); i-- {
	}
	return i >= 0 && (words[i] == "number" || words[i] == "order")
}

// alone says whether a single digit is all there is; else it may be a word of
// another kind ("the first one", "to").
func alone(words []string, n number) bool {
	for i, w := range words {
		if (i < n.from || i >= n.to) && !fillers[w] && !joints[w] && w != "its" && w != "is" && w != "it" {
			return false
		}
	}
	return true
}

// corrected says whether what stands between two numbers takes the first back.
func corrected(between []string) bool {
	return len(between) > 0 && len(between) <= 5 && slices.ContainsFunc(between, func(w string) bool { return corrections[w] })
}

// correct puts b in the place of a, or, if b is only a few digits, in the place
// of a's last ones.
func correct(a, b number) number {
	if len(b.Digits) < len(a.Digits) && !b.Marked {
		b.Digits = a.Digits[:len(a.Digits)-len(b.Digits)] + b.Digits
	}
	b.Marked = b.Marked || a.Marked
	b.from = a.from
	return b
}

// run reads a stretch of number words from i on and gives its digits and where
// it ends; end is i when there is none. After a W, words that only sound like
// digits count as such at once.
func run(words []string, i int, marked bool) (digits string, end int) {
	end = i
	pieces := 0
	for i < len(words) {
		at := i
		for digits != "" && at < len(words) && joints[words[at]] {
			at++
		}
		if at >= len(words) {
			break
		}
		piece, next := piece(words, at, (marked || digits != "") && len(digits) < minDigits)
		if next == at {
			break
		}
		// "10,000 and 2", and "10,000 2", but not the digits "1 0 0 0 0 2".
		whole := pieces == 1 && sums(digits, piece) && (at > i || len(digits) >= minDigits)
		switch {
		case whole:
			digits = sum(digits, piece)
		case at > i && len(digits) >= minDigits:
			return digits, end // "W10002 and two of them"
		default:
			digits += piece
		}
		pieces++
		i, end = next, next
	}
	return digits, end
}

// sums says whether a round number and what follows are one number said in two
// parts: 10000 and 2.
func sums(round, rest string) bool {
	zeros := len(round) - len(strings.TrimRight(round, "0"))
	return zeros >= 3 && zeros < len(round) && len(rest) <= zeros && len(rest) <= 3
}

func sum(round, rest string) string {
	a, _ := strconv.Atoi(round) // both are digits, and few
	b, _ := strconv.Atoi(rest)
	return strconv.Itoa(a + b)
}

// piece reads the next part of a number: digits as they stand, "double zero",
// "twenty three", "ten thousand and two", "one hundred". loose admits words
// that only sound like digits.
func piece(words []string, i int, loose bool) (string, int) {
	w := words[i]
	if w[0] >= '0' && w[0] <= '9' {
		if len(w) > 12 { // more than any number has; keeps sums within an int
			w = w[:12]
		}
		if d, next := thousand(words, i); next > i {
			return d, next
		}
		return w, i + 1
	}
	if n, ok := times[w]; ok && i+1 < len(words) {
		if d, ok := digit(words[i+1], true); ok {
			return strings.Repeat(strconv.Itoa(d), n), i + 2
		}
		if next := words[i+1]; len(next) == 1 && next[0] >= '0' && next[0] <= '9' {
			return strings.Repeat(next, n), i + 2
		}
		return "", i
	}
	if d, next := thousand(words, i); next > i {
		return d, next
	}
	if d, next := hundred(words, i); next > i {
		return d, next
	}
	if v, next := below100(words, i); next > i {
		return strconv.Itoa(v), next
	}
	if d, ok := digit(w, loose); ok {
		return strconv.Itoa(d), i + 1
	}
	return "", i
}

// digit reads one digit.
func digit(w string, loose bool) (int, bool) {
	if d, ok := units[w]; ok {
		return d, true
	}
	d, ok := homophones[w]
	return d, ok && loose
}

// below100 reads a number of two digits: ten to nineteen, and twenty to
// ninety-nine.
func below100(words []string, i int) (int, int) {
	if v, ok := teens[words[i]]; ok {
		return v, i + 1
	}
	v, ok := tens[words[i]]
	if !ok {
		return 0, i
	}
	if i+1 < len(words) {
		if d := units[words[i+1]]; d > 0 {
			return v + d, i + 2
		}
	}
	return v, i + 1
}

// hundred reads "three hundred [and] forty five". A zero after it begins a list
// of digits instead, so "one hundred oh two" is 10002.
func hundred(words []string, i int) (string, int) {
	d := units[words[i]]
	if words[i] == "a" {
		d = 1
	}
	if d == 0 || i+1 >= len(words) || words[i+1] != "hundred" {
		return "", i
	}
	at := i + 2
	if at+1 < len(words) && words[at] == "and" {
		at++
	}
	if at < len(words) {
		if v, next := below100(words, at); next > at {
			return strconv.Itoa(d*100 + v), next
		}
		if u := units[words[at]]; u > 0 {
			return strconv.Itoa(d*100 + u), at + 1
		}
	}
	return strconv.Itoa(d * 100), i + 2
}

// thousand reads "ten thousand [and] two" and "10 thousand 2".
func thousand(words []string, i int) (string, int) {
	var lead, at int
	switch w := words[i]; {
	case w[0] >= '0' && w[0] <= '9' && len(w) <= 3:
		lead, _ = strconv.Atoi(w)
		at = i + 1
	default:
		if d, next := hundred(words, i); next > i {
			lead, _ = strconv.Atoi(d)
			at = next
		} else if v, next := below100(words, i); next > i {
			lead, at = v, next
		} else if d := units[w]; d > 0 {
			lead, at = d, i+1
		} else {
			return "", i
		}
	}
	if lead == 0 || at >= len(words) || (words[at] != "thousand" && words[at] != "thousands") {
		return "", i
	}
	at++
	from := at
	for from < len(words) && joints[words[from]] {
		from++
	}
	rest, next := "", from
	for next < len(words) && len(rest) < 3 {
		d, n := "", next
		if h, m := hundred(words, next); m > next {
			d, n = h, m
		} else if v, m := below100(words, next); m > next {
			d, n = strconv.Itoa(v), m
		} else if u, ok := digit(words[next], rest != "" || words[next] == "oh" || words[next] == "o" || next == len(words)-1); ok {
			d, n = strconv.Itoa(u), next+1
		} else if w := words[next]; w[0] >= '0' && w[0] <= '9' && len(w) <= 3 {
			d, n = w, next+1
		}
		if n == next || len(rest)+len(d) > 3 {
			break
		}
		rest, next = rest+d, n
	}
	if rest == "" {
		return strconv.Itoa(lead * 1000), at
	}
	value, _ := strconv.Atoi(rest)
	return strconv.Itoa(lead*1000 + value), next
}
