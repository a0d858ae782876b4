package tts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SpokenWord is a word as it is shown and as it is said.
type SpokenWord struct {
	// Display is the word as it stands in the text: "$12.50,".
	Display string
	// Spoken is what a voice reads for it: "twelve dollars and fifty cents,". It is
	// "" where there is nothing to say, because the word is a sign of markup or an
	// emoji, or was said with a word beside it ("USD" in "12.50 USD").
	Spoken string
	// Weight is about how long saying it takes, in letters. It is more than 0.
	Weight float64
}

// Spoken divides text into its words, separated by white space, and writes out
// for each what a voice would misread: order numbers are spelled in groups,
// amounts, dates, times, telephone numbers, addresses and units become words.
// It knows how to in English; in other languages it only leaves out what cannot
// be read aloud. language is a BCP 47 tag; "" means English.
func Spoken(text, language string) []SpokenWord {
	fields := strings.Fields(text)
	words := make([]SpokenWord, len(fields))
	tokens := make([]token, len(fields))
	for i, f := range fields {
		words[i].Display = f
		tokens[i] = newToken(f)
	}
	for i := range tokens { // a dash in front is a bullet, not a pause
		if !tokens[i].quiet {
			tokens[i].quiet = tokens[i].core == ""
			break
		}
	}
	if english(language) {
		for i := 0; i < len(tokens); {
			i += say(tokens, i)
		}
	}
	for i := range words {
		words[i].Spoken = tokens[i].spoken()
		words[i].Weight = weigh(words[i].Spoken)
	}
	return words
}

// JoinSpoken is the text for the voice, "" when there is nothing to say.
func JoinSpoken(words []SpokenWord) string {
	var b strings.Builder
	for _, w := range words {
		if w.Spoken == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.Spoken)
	}
	return b.String()
}

func english(language string) bool {
	return language == "" || strings.EqualFold(language, "en") ||
		len(language) > 3 && strings.EqualFold(language[:2], "en") && (language[2] == '-' || language[2] == '_')
}

// token is a word on its way to being said.
type token struct {
	open  string // quotation marks and brackets before the core: not said
	core  string // the word itself, without markup
	close string // signs after the core, such as "," or ").": they shape the melody
	said  string // what is said for core, once known
	quiet bool   // nothing is said
}

// newToken takes the markup off a word.
func newToken(display string) token {
	s := strings.Map(func(r rune) rune {
		if unspeakable(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(display, ""))
	if strings.Trim(s, "#") == "" || strings.Trim(s, "-*•·–—_=|>+~`") == "" && s != "+" && s != "=" {
		if s == "–" || s == "—" || s == "-" {
			return token{close: ","} // a dash between words is a pause
		}
		return token{quiet: true}
	}
	for _, mark := range [...]string{"**", "__", "~~", "`"} {
		s = strings.ReplaceAll(s, mark, "")
	}
	// [the words](of a link)
	if i := strings.Index(s, "]("); i >= 0 {
		rest := s[i+2:]
		if j := strings.LastIndexByte(rest, ')'); j >= 0 {
			s = s[:i] + rest[j+1:]
		} else {
			s = s[:i]
		}
	}
	var t token
	core := strings.TrimLeft(s, "\"“”„‘«»([{<*_~¿¡「『《（【'")
	t.open = s[:len(s)-len(core)]
	t.core = strings.TrimRight(core, ".,;:!?…\"“”’'»)]}>*_~」』》）】。，；：！？、")
	t.close = core[len(t.core):]
	if t.core == "" && t.close == "" {
		t.quiet = true
	}
	return t
}

// unspeakable says whether r is a sign that a voice would name or stumble over:
// emoji and other pictures, and what joins and colours them.
func unspeakable(r rune) bool {
	switch {
	case r == '°' || r == '©' || r == '®' || r == '™':
		return r != '°'
	case r == 0x200D || r == 0x20E3 || r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0000 && r <= 0xE007F:
		return true
	case unicode.Is(unicode.So, r), unicode.Is(unicode.Co, r):
		return true
	case r >= 0x1F000 && r <= 0x1FAFF:
		return true
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return true
	}
	return false
}

// spoken is what the voice reads for t.
func (t token) spoken() string {
	if t.quiet {
		return ""
	}
	s := t.said
	if s == "" {
		s = t.core
	}
	// Of the signs only those that change the melody matter; the voice would say
	// some of the others.
	sign := ""
	for _, r := range t.close {
		if strings.ContainsRune(".,;:!?…。，；：！？、", r) {
			sign = string(r)
			if r == '.' || r == '!' || r == '?' {
				break
			}
		}
	}
	if s == "" {
		return sign
	}
	if sign != "" {
		s = strings.TrimRight(s, ".,")
	}
	return s + sign
}

// weigh says how long s takes to say, in letters. A capital letter on its own is
// said by its name, and signs make a pause.
func weigh(s string) float64 {
	if s == "" {
		return 0.1
	}
	w := 0.0
	for field := range strings.FieldsSeq(s) {
		letters := 0
		for _, r := range field {
			switch {
			case ideographic(r):
				w += 3
			case unicode.IsDigit(r):
				w += 4
			case unicode.IsLetter(r):
				w++
				letters++
			case strings.ContainsRune(",;:、，", r):
				w += 3
			case strings.ContainsRune(".!?…。！？", r):
				w += 5
			}
		}
		if r, _ := utf8.DecodeRuneInString(field); letters == 1 && unicode.IsUpper(r) && r != 'I' && r != 'A' {
			w += 2
			if r == 'W' {
				w += 5 // "double-u"
			}
		}
	}
	return max(w, 0.5)
}
