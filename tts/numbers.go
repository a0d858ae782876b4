package tts

import "strings"

var (
	small = [...]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
		"twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"}
	tens   = [...]string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
	scales = [...]struct {
		value int64
		name  string
	}{{1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}, {1e3, "thousand"}}
	months = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December"}
)

// cardinal writes n out: 1299 is "one thousand two hundred ninety-nine". n is at
// least 0 and less than 10¹⁵.
func cardinal(n int64) string {
	var words []string
	for _, s := range scales {
		if n >= s.value {
			words = append(words, cardinal(n/s.value), s.name)
			n %= s.value
		}
	}
	if n >= 100 {
		words = append(words, small[n/100], "hundred")
		n %= 100
	}
	switch {
	case n >= 20 && n%10 > 0:
		words = append(words, tens[n/10]+"-"+small[n%10])
	case n >= 20:
		words = append(words, tens[n/10])
	case n > 0 || len(words) == 0:
		words = append(words, small[n])
	}
	return strings.Join(words, " ")
}

// ordinal writes the nth out: 23 is "twenty-third".
func ordinal(n int64) string {
	words := cardinal(n)
	cut := strings.LastIndexAny(words, " -") + 1
	head, last := words[:cut], words[cut:]
	switch last {
	case "one":
		last = "first"
	case "two":
		last = "second"
	case "three":
		last = "third"
	case "five":
		last = "fifth"
	case "eight":
		last = "eighth"
	case "nine":
		last = "ninth"
	case "twelve":
		last = "twelfth"
	default:
		if before, ok := strings.CutSuffix(last, "y"); ok {
			last = before + "ie"
		}
		last += "th"
	}
	return head + last
}

// year writes a year out as it is said: 2026 is "twenty twenty-six".
func year(n int64) string {
	switch {
	case n < 1000 || n > 9999 || n%1000 < 10:
		return cardinal(n)
	case n%100 == 0:
		return cardinal(n/100) + " hundred"
	case n%100 < 10:
		return cardinal(n/100) + " oh " + small[n%100]
	}
	return cardinal(n/100) + " " + cardinal(n%100)
}

// digitWords names each digit of s and skips what is no digit.
func digitWords(s string) string {
	var words []string
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			words = append(words, small[s[i]-'0'])
		}
	}
	return strings.Join(words, " ")
}

// number is a decimal number as written.
type number struct {
	whole    int64
	fraction string // the digits after the point
	negative bool
}

// parseNumber reads "12", "1,299.50", "-3.5" or ".5". It takes commas for
// thousands only where they stand between groups of three; "1.299.000" with two
// points or more is read as thousands, too.
func parseNumber(s string) (n number, ok bool) {
	if rest, found := strings.CutPrefix(s, "-"); found {
		n.negative, s = true, rest
	} else if rest, found := strings.CutPrefix(s, "−"); found {
		n.negative, s = true, rest
	}
	if strings.Count(s, ".") > 1 && !strings.Contains(s, ",") {
		s = strings.ReplaceAll(s, ".", ",")
	}
	whole, fraction, point := strings.Cut(s, ".")
	if point && !digitsOnly(fraction) || len(fraction) > 15 {
		return n, false
	}
	if groups := strings.Split(whole, ","); len(groups) > 1 {
		if len(groups[0]) > 3 {
			return n, false
		}
		for _, g := range groups[1:] {
			if len(g) != 3 {
				return n, false
			}
		}
		whole = strings.Join(groups, "")
	}
	if whole == "" && point {
		whole = "0"
	}
	if !digitsOnly(whole) || len(whole) > 15 {
		return n, false
	}
	for i := range len(whole) {
		n.whole = 10*n.whole + int64(whole[i]-'0')
	}
	n.fraction = fraction
	return n, true
}

// words writes n out: 3.5 is "three point five".
func (n number) words() string {
	w := cardinal(n.whole)
	if n.fraction != "" {
		w += " point " + digitWords(n.fraction)
	}
	if n.negative {
		w = "minus " + w
	}
	return w
}

// one says whether what is counted is in the singular.
func (n number) one() bool { return n.whole == 1 && n.fraction == "" }

// digitsOnly says whether s is made of ASCII digits and not empty.
func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
