package rules

import (
	"strings"
	"unicode"
)

// tokens cuts what was said into lower-case words and numbers. An apostrophe is
// dropped ("where's" is "wheres"), a comma between thousands too ("10,002" is
// one number), any other sign parts words, and so does the border between
// letters and digits ("w10002" is "w", "10002"; an O among digits is a zero).
func tokens(text string) []string {
	var out []string
	var word []rune
	digits := false
	flush := func() {
		if len(word) > 0 {
			out = append(out, string(word))
			word = word[:0]
		}
	}
	rs := []rune(strings.ToLower(text))
	for i, r := range rs {
		switch {
		case r == '\'' || r == '’':
		case r == ',' && thousands(rs, i):
		case figure(r) || (r == 'o' && digits && len(word) > 0 && digitFollows(rs, i)):
			if !digits {
				flush()
			}
			if r == 'o' {
				r = '0'
			}
			digits = true
			word = append(word, r)
		case unicode.IsLetter(r) || unicode.IsMark(r):
			if digits {
				flush()
			}
			digits = false
			word = append(word, r)
		default:
			flush()
			digits = false
		}
	}
	flush()
	return out
}

// figure says whether r is a digit that an order's number can hold.
func figure(r rune) bool { return '0' <= r && r <= '9' }

// thousands says whether the comma at i stands between digits, with exactly
// three after it.
func thousands(rs []rune, i int) bool {
	if i == 0 || !figure(rs[i-1]) || i+3 >= len(rs) {
		return false
	}
	for _, r := range rs[i+1 : i+4] {
		if !figure(r) {
			return false
		}
	}
	return i+4 == len(rs) || !figure(rs[i+4])
}

// digitFollows says whether after the O's from i on there is a digit.
func digitFollows(rs []rune, i int) bool {
	for i < len(rs) && rs[i] == 'o' {
		i++
	}
	return i < len(rs) && figure(rs[i])
}

// fillers are words that carry nothing, wherever they stand.
var fillers = set("um", "uh", "er", "erm", "hmm", "hm", "mm", "ah", "eh", "like", "well", "so", "you", "know")

// set makes a set of words.
func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// singular takes the plural ending off a word.
func singular(w string) string {
	switch {
	case len(w) > 4 && strings.HasSuffix(w, "ies"):
		return w[:len(w)-3] + "y"
	case len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us"):
		return w[:len(w)-1]
	}
	return w
}

// alike says whether two words are the same but for their plural or, in longer
// words, a letter or two that a recogniser got wrong.
func alike(a, b string) bool {
	a, b = singular(a), singular(b)
	if a == b {
		return true
	}
	n := min(len(a), len(b))
	switch {
	case n < 5 || a[0] != b[0]:
		return false
	case n < 7:
		return distance(a, b) <= 1
	}
	return distance(a, b) <= 2
}

// distance is Levenshtein's: how many letters must be changed, put in or taken
// out.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
