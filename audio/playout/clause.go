package playout

import (
	"time"

	"parley/audio"
)

const (
	// firstRate is how many weights a second are spoken until it has been learned:
	// 14 letters of English, which is 150 to 170 words a minute.
	firstRate = 14
	// learnRate is how much of the newest clause is learned.
	learnRate = 0.3
)

// clause is a Clause with its sound. Its memory is given up when it is gone from
// the queue; its words stay for the account.
type clause struct {
	Clause
	id       int64
	turn     *turn
	weights  []float64
	total    float64 // of weights
	finished bool    // no more sound comes
	gone     bool    // not in the queue any more
	done     bool    // all of it was sent

	// starts is where each word starts, and last where the last one ends: guessed
	// from the usual rate until it is aligned.
	starts  []int64
	aligned bool
	told    int // words whose start has been told

	pieces  [][]int16
	length  int64 // samples in pieces
	cursor  int64 // samples sent; what comes next
	piece   int   // where cursor is: in this piece …
	offset  int   // … at this sample
	broken  bool  // it was broken off at cursor and goes on with a ramp
	firstAt time.Time
}

func newClause(id int64, c Clause, t *turn, rate float64) *clause {
	k := &clause{Clause: c, id: id, turn: t}
	k.weights = make([]float64, len(c.Words))
	k.starts = make([]int64, 0, len(c.Words)+1)
	k.starts = append(k.starts, 0)
	for i, w := range c.Words {
		k.weights[i] = weight(w.Weight)
		k.total += k.weights[i]
		k.starts = append(k.starts, int64(k.total/rate*audio.SpeakRate))
	}
	return k
}

// take moves the next samples into dst; there must be as many.
func (c *clause) take(dst []int16) {
	c.cursor += int64(len(dst))
	for len(dst) > 0 {
		n := copy(dst, c.pieces[c.piece][c.offset:])
		dst = dst[n:]
		if c.offset += n; c.offset == len(c.pieces[c.piece]) {
			c.piece, c.offset = c.piece+1, 0
		}
	}
}

// peek copies what comes next without moving on and says how much there was.
func (c *clause) peek(dst []int16) (n int) {
	offset := c.offset
	for i := c.piece; i < len(c.pieces) && n < len(dst); i++ {
		n += copy(dst[n:], c.pieces[i][offset:])
		offset = 0
	}
	return n
}

// seek moves to a sample that is there.
func (c *clause) seek(to int64) {
	c.cursor, c.piece, c.offset = to, 0, 0
	for to > 0 && to >= int64(len(c.pieces[c.piece])) {
		to -= int64(len(c.pieces[c.piece]))
		c.piece++
	}
	c.offset = int(to)
}

// rewind goes back to the start of the word that was cut at the cursor. Between
// words there is nothing to go back for.
func (c *clause) rewind() {
	for i := range c.Words {
		if c.starts[i] > c.cursor {
			return
		}
		if c.cursor < c.starts[i+1] || i == len(c.Words)-1 && !c.aligned {
			c.seek(c.starts[i])
			c.told = min(c.told, i)
			return
		}
	}
}

// heard is how many words were sent to their end. As long as the length is not
// known, the last is not.
func (c *clause) heard() int {
	if c.done {
		return len(c.Words)
	}
	n := 0
	for n < len(c.Words) && c.starts[n+1] <= c.cursor {
		n++
	}
	if !c.aligned && n > 0 && n == len(c.Words) {
		n--
	}
	return n
}
