package text

import (
	"strconv"
	"strings"
	"unicode"
)

const (
	// sure is the least confidence, of 100, of a word that makes a line of print one,
	// and long how many letters and digits it has: what tesseract sees in patterns is
	// short, or it is not sure.
	sure = 60
	long = 3
	// likely is the least confidence of the other words of such a line.
	likely = 30
	// maxText bounds a photo's text in bytes.
	maxText = 2000
)

// The columns of tesseract's table, see tesseract(1), "tsv".
const (
	columnLevel = iota
	_           // the page
	columnBlock
	columnParagraph
	columnLine
	columns      = 12
	columnSure   = 10
	columnWord   = 11
	levelOfWords = "5"
)

// parse makes text of tesseract's table, line by line.
func parse(table []byte) string {
	var out strings.Builder
	var at [3]string // the line that is being read
	var words []string
	printed := false // the line has a word that is sure
	end := func() {
		line := strings.Join(words, " ")
		if printed && out.Len()+1+len(line) <= maxText {
			if out.Len() > 0 {
				out.WriteByte('\n')
			}
			out.WriteString(line)
		}
		words, printed = words[:0], false
	}
	for row := range strings.Lines(string(table)) {
		cells := strings.SplitN(strings.TrimRight(row, "\r\n"), "\t", columns)
		if len(cells) < columns || cells[columnLevel] != levelOfWords {
			continue
		}
		if line := [3]string{cells[columnBlock], cells[columnParagraph], cells[columnLine]}; line != at {
			end()
			at = line
		}
		confidence, err := strconv.ParseFloat(cells[columnSure], 64)
		word, letters := clean(cells[columnWord])
		if err != nil || word == "" || !(confidence >= likely) || letters == 0 && confidence < sure {
			continue
		}
		words = append(words, word)
		printed = printed || confidence >= sure && letters >= long
	}
	end()
	return out.String()
}

// clean is a word without what is not printed, and how many letters and digits it has;
// a letter of a script whose words are short counts as three.
func clean(word string) (cleaned string, letters int) {
	cleaned = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar, !unicode.IsPrint(r), unicode.IsSpace(r):
			return -1
		case unicode.IsLetter(r) && r >= 0x0e00: // Thai and what follows: Hangul, kana, Han
			letters += 3
		case unicode.IsLetter(r), unicode.IsDigit(r):
			letters++
		}
		return r
	}, word)
	return cleaned, letters
}
