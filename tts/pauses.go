package tts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// closers may follow the sign that ends a sentence, and belong to it.
const closers = "\"'”’»›)]}*_~`」』》〉）】"

func closing(r rune) bool { return strings.ContainsRune(closers, r) }

func opensQuote(r, last rune, space bool) bool {
	switch r {
	case '“', '«', '「', '『', '《':
		return true
	case '"': // not the sign of inches or seconds
		return space || last == '('
	}
	return false
}

func closesQuote(r rune) bool { return strings.ContainsRune("\"”»」』》", r) }

func wideSentence(r rune) bool { return strings.ContainsRune("。！？｡", r) }

func widePhrase(r rune) bool { return strings.ContainsRune("，；：、､", r) }

func thai(r rune) bool { return unicode.Is(unicode.Thai, r) }

// endsSentence says whether a sentence ends with word when next begins the next
// one. enumerator says that word is the first of its line.
func endsSentence(word string, next rune, enumerator bool) bool {
	word = strings.TrimRight(word, closers)
	last, _ := utf8.DecodeLastRuneInString(word)
	switch {
	case strings.ContainsRune("!?", last), wideSentence(last):
		return true
	case last == '…' || strings.HasSuffix(word, ".."):
		return unicode.IsUpper(next) || ideographic(next)
	case last != '.':
		return false
	}
	word = strings.TrimLeft(word[:len(word)-1], "\"'“‘«‹([{*_~`#-")
	switch {
	case enumerator && digits(word):
		return false // the number of a line in a list
	case numbered[strings.ToLower(word)]:
		return !unicode.IsDigit(next) && next != '#'
	case titles[strings.ToLower(word)]:
		return false
	case utf8.RuneCountInString(word) == 1 && word != "I" && strings.ToUpper(word) == word && !digits(word):
		return false // an initial
	case shortened[strings.ToLower(word)] || strings.Contains(word, ".") && !strings.ContainsAny(word, "@/0123456789"):
		return unicode.IsUpper(next)
	}
	return true
}

// endsPhrase says whether there is a little pause after word.
func endsPhrase(word string, next rune) bool {
	word = strings.TrimRight(word, closers)
	last, size := utf8.DecodeLastRuneInString(word)
	switch last {
	case ',':
		prev, _ := utf8.DecodeLastRuneInString(word[:len(word)-size])
		return !unicode.IsDigit(prev) || !unicode.IsDigit(next) // "November 23, 2026"
	case ';', ':', '–', '—':
		return true
	case '-':
		return word == "-"
	}
	return widePhrase(last)
}

// mayPart says whether a clause may end, at need, after word and before a word
// that begins with next.
func mayPart(word string, next rune) bool {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	if unicode.IsDigit(next) || unicode.IsDigit(last) || next == '+' || next == '#' {
		return false // numbers stay with what they count, and with each other
	}
	if strings.ContainsRune(closers, next) || strings.ContainsRune("&@%€£$¥", last) || first == utf8.RuneError {
		return false
	}
	return !leaning[strings.ToLower(strings.TrimLeft(word, "\"'“‘(*_"))]
}

// joins says whether a clause may begin with word.
func joins(word string) bool { return joining[strings.ToLower(word)] }

func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
}
