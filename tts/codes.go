package tts

import (
	"strings"
)

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
