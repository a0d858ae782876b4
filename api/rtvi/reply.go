package rtvi

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// outputData is one step of a segment of an answer: that it is there, or how far the
// voice has come in it.
type outputData struct {
	Text     string          `json:"text"`
	By       string          `json:"aggregated_by"`
	Segment  int64           `json:"segment_id"`
	Will     bool            `json:"will_be_spoken"`
	Status   string          `json:"spoken_status"`
	Progress *spokenProgress `json:"spoken_progress,omitempty"`
}

type spokenProgress struct {
	Accumulated string `json:"accumulated_text"`
	Remaining   string `json:"remaining_text"`
}

// legacyOutputData is what clients of version 1 are told: each sentence as it is
// made, each word as it is heard.
type legacyOutputData struct {
	Text   string `json:"text"`
	Spoken bool   `json:"spoken"`
	By     string `json:"aggregated_by"`
}

// How text was put together, and how far a segment is.
const (
	bySentence       = "sentence"
	byWord           = "word"
	statusNew        = "new"
	statusInProgress = "in-progress"
	statusCompleted  = "completed"
)

// segmentsPerTurn keeps the numbers of segments apart: a turn's begin at a multiple.
const segmentsPerTurn = 10_000

// maxSentence bounds what is taken for one sentence, in bytes.
const maxSentence = 2000

// reply follows one answer: its sentences, and how far the voice has come in them.
type reply struct {
	turn     int64
	legacy   bool
	unspoken bool

	written  strings.Builder // all that has come of it
	pending  string          // what of it is no sentence yet
	grown    bool            // something has come since the voice last moved on
	segments []segment
	heard    string // all words heard so far
	letters  int    // of them
}

// segment is a sentence. The letters of a text are what it is measured by: the
// voice's words come without its layout.
type segment struct {
	text        string
	from, count int // its letters, counted through the answer
	done        bool
	told        int // letters that the client knows to be heard
}

// write takes the next piece of the answer.
func (r *reply) write(piece string) (out []message) {
	r.written.WriteString(piece)
	r.pending += piece
	r.grown = true
	for {
		sentence, rest, ok := cutSentence(r.pending)
		switch {
		case ok:
		case len(r.pending) > maxSentence:
			sentence, rest = r.pending, ""
		default:
			return append(out, r.progress()...)
		}
		r.pending = rest
		out = append(out, r.add(sentence)...)
	}
}

// add tells of a new sentence.
func (r *reply) add(text string) []message {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	s := segment{text: text, count: countLetters(text)}
	if n := len(r.segments); n > 0 {
		s.from = r.segments[n-1].from + r.segments[n-1].count
	}
	r.segments = append(r.segments, s)
	return []message{tell(typeBotTranscription, textData{text}), r.output(len(r.segments)-1, statusNew, 0)}
}

// output is the message of segment i at a place in it.
func (r *reply) output(i int, status string, at int) message {
	s := r.segments[i]
	if r.legacy {
		return tell(typeBotOutput, legacyOutputData{Text: s.text, By: bySentence})
	}
	data := outputData{Text: s.text, By: bySentence, Segment: r.turn*segmentsPerTurn + int64(i), Will: !r.unspoken, Status: status}
	if data.Will {
		data.Progress = &spokenProgress{s.text[:at], s.text[at:]}
	}
	return tell(typeBotOutput, data)
}

// speak takes all words that were heard so far.
func (r *reply) speak(heard string) (out []message) {
	if words := strings.TrimSpace(strings.TrimPrefix(heard, r.heard)); words != "" {
		out = append(out, tell(typeBotTTSText, textData{words}))
		if r.legacy {
			out = append(out, tell(typeBotOutput, legacyOutputData{Text: words, Spoken: true, By: byWord}))
		}
	}
	r.heard, r.letters = heard, countLetters(heard)
	if n := len(r.segments); !r.grown && (n == 0 || r.letters > r.segments[n-1].from+r.segments[n-1].count) {
		// The voice is past the last sentence, and no more has come: the rest is one.
		out = append(out, r.add(r.pending)...)
		r.pending = ""
	}
	r.grown = false
	return append(out, r.progress()...)
}

// progress tells how far the voice has come in each segment, where that is news.
func (r *reply) progress() (out []message) {
	if r.legacy || r.unspoken {
		return nil
	}
	for i := range r.segments {
		s := &r.segments[i]
		heard := min(r.letters-s.from, s.count)
		if s.done || heard <= s.told {
			continue
		}
		s.told = heard
		if s.done = heard == s.count; s.done {
			out = append(out, r.output(i, statusCompleted, len(s.text)))
		} else {
			out = append(out, r.output(i, statusInProgress, afterLetters(s.text, heard)))
		}
	}
	return out
}

// complete takes the whole of the answer: what of it has not come in pieces, and that
// its last sentence is one.
func (r *reply) complete(text string) (out []message) {
	if rest, ok := strings.CutPrefix(text, strings.TrimSpace(r.written.String())); ok && strings.TrimSpace(rest) != "" {
		out = append(out, r.write(rest)...) // pieces that were lost on the way
	}
	out = append(out, r.add(r.pending)...)
	r.pending = ""
	return append(out, r.progress()...)
}

// finish takes the end of the answer: the whole of it, and what was heard.
func (r *reply) finish(text, heard string, interrupted bool) (out []message) {
	out = r.complete(text)
	if r.unspoken {
		return out
	}
	if len(heard) > len(r.heard) {
		out = append(out, r.speak(heard)...)
	}
	if interrupted || heard != text || r.legacy {
		return out
	}
	for i := range r.segments {
		if s := &r.segments[i]; !s.done {
			s.done = true
			out = append(out, r.output(i, statusCompleted, len(s.text)))
		}
	}
	return out
}

// cutSentence cuts the first whole sentence off a text. One is whole when something
// follows it, or when it ends in a sign that does nothing but end sentences.
func cutSentence(text string) (sentence, rest string, ok bool) {
	ending := false
	for i, r := range text {
		switch {
		case r == '\n' && strings.TrimSpace(text[:i]) != "":
			return text[:i], text[i+1:], true
		case strings.ContainsRune("。！？", r):
			i += utf8.RuneLen(r)
			return text[:i], text[i:], true
		case strings.ContainsRune(".!?…؟।", r):
			ending = true
		case ending && unicode.IsSpace(r):
			return text[:i], text[i:], true
		case ending && strings.ContainsRune(`"'”’)]*_`, r): // they belong to the sentence
		default:
			ending = false
		}
	}
	return "", text, false
}

// isLetter says whether a text is measured by r.
func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

func countLetters(s string) (n int) {
	for _, r := range s {
		if isLetter(r) {
			n++
		}
	}
	return n
}

// afterLetters is the place in a text behind its first n letters and the signs that
// belong to the last of them.
func afterLetters(s string, n int) int {
	for i, r := range s {
		if n == 0 && (isLetter(r) || unicode.IsSpace(r)) {
			return i
		}
		if isLetter(r) {
			n--
		}
	}
	return len(s)
}
