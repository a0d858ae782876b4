package text

import (
	"strconv"
	"strings"
	"unicode"
)

const (
	// sure is the least confidence of a word, of 100. Below are the letters that
	// tesseract sees in patterns.
	sure = 60
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

// parse makes text of tesseract's table: the words that it is sure of, line by line.
func parse(table []byte) string {
	var out strings.Builder
	var at [3]string // the line of the last word
	for row := range strings.Lines(string(table)) {
		cells := strings.SplitN(strings.TrimRight(row, "\r\n"), "\t", columns)
		if len(cells) < columns || cells[columnLevel] != levelOfWords {
			continue
		}
		confidence, err := strconv.ParseFloat(cells[columnSure], 64)
		word := clean(cells[columnWord])
		if err != nil || !(confidence >= sure) || word == "" {
			continue
		}
		if out.Len()+1+len(word) > maxText {
			break
		}
		line := [3]string{cells[columnBlock], cells[columnParagraph], cells[columnLine]}
		if out.Len() > 0 {
			if line == at {
				out.WriteByte(' ')
			} else {
				out.WriteByte('\n')
			}
		}
		at = line
		out.WriteString(word)
	}
	return out.String()
}

// clean is a word without what is not printed; "" when it has no letter and no digit.
func clean(word string) string {
	readable := false
	word = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar, !unicode.IsPrint(r), unicode.IsSpace(r):
			return -1
		case unicode.IsLetter(r), unicode.IsDigit(r):
			readable = true
		}
		return r
	}, word)
	if !readable {
		return ""
	}
	return word
}
