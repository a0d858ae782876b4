package rules

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"parley/llm"
)

// languageFor is the language in which to answer: the one that was asked for, if
// the book has it, else that of the text, else English.
func (b *Brain) languageFor(wanted, text string) string {
	if base, _, _ := strings.Cut(wanted, "-"); b.ears[base] != nil {
		return base
	}
	if tag, sure := b.languages.Detect(text, english); sure && b.ears[tag] != nil {
		return tag
	}
	return english
}

// wordsOf cuts what was said into the brain's words.
func (t *turn) wordsOf(text string) []string {
	if t.lang == english {
		return tokens(text)
	}
	return t.ear(text).glossed(text)
}

// ear is that of the turn's language, for a text.
func (t *turn) ear(text string) *ear {
	e := t.brain.ears[t.lang]
	if e == nil {
		e = t.brain.ears[english]
	}
	if e.marked != nil && strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsLetter(r) }) {
		return e.marked
	}
	return e
}

// unmarked takes out of a text the signs that mean something in a cue.
func unmarked(text string) string { return strings.NewReplacer("^", " ", "=", " ").Replace(text) }

// has says whether what was said tells a facet, in its own language.
func (t *turn) has(facet string) bool { return t.ear(t.text).has(t.text, facet) }

// gap is what stands between two sentences of an answer.
func (t *turn) gap() string {
	if t.lang == "zh" {
		return ""
	}
	return " "
}

// hanNumeral is a number in Chinese characters that is no mere row of digits.
var hanNumeral = regexp.MustCompile(`[零〇一二两三四五六七八九十百千万萬]*[千万萬][零〇一二两三四五六七八九十百千]*`)

// hanNumbers writes Chinese numbers over a thousand in figures: 一万零二 is 10002.
func hanNumbers(text string) string {
	return hanNumeral.ReplaceAllStringFunc(text, func(s string) string {
		if n := hanValue(s); n >= 1000 {
			return strconv.Itoa(n)
		}
		return s
	})
}

func hanValue(s string) int {
	total, section, digit := 0, 0, 0
	for _, r := range s {
		switch r {
		case '十', '百', '千':
			unit := map[rune]int{'十': 10, '百': 100, '千': 1000}[r]
			section += max(digit, 1) * unit
			digit = 0
		case '万', '萬':
			total += (section + digit) * 10000
			section, digit = 0, 0
		default:
			digit = strings.IndexRune("零一二三四五六七八九", r) / 3
			if r == '〇' {
				digit = 0
			}
			if r == '两' {
				digit = 2
			}
		}
	}
	return total + section + digit
}

// forgetUnverified drops the refusals that were about who is calling.
func (t *turn) forgetUnverified() {
	for key, m := range t.results {
		if refusedAs(m, "unverified") {
			delete(t.results, key)
		}
	}
}

// refusedAs says whether a tool's message is a refusal of a kind.
func refusedAs(m llm.Message, code string) bool {
	var failed struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	return json.Unmarshal([]byte(m.Text), &failed) == nil && failed.Error.Code == code
}
