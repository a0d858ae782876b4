package tts

// Splitter cuts a text that comes in pieces into clauses to be spoken one after
// the other. The first one is short, so that the voice begins early; later ones
// are longer, because a voice sounds better with more to go by. It cuts at the
// ends of sentences, at commas and the like, before joining words, and only
// where a clause grows too long between any two words; never inside a number, an
// abbreviation, an order number, an address of any kind, or a short quotation.
//
// The clauses, put together, are the text, byte for byte: markdown and emoji are
// left for [Spoken] to pass over. Where the text is cut does not depend on the
// pieces in which it came. A Splitter belongs to one goroutine.
type Splitter struct {
	text string // what is not yet part of a clause
	done int    // clauses cut since the start or the last Flush
}

// NewSplitter returns a Splitter at the beginning of an answer.
func NewSplitter() *Splitter { return &Splitter{} }

// Push takes the next piece of the text and returns the clauses that are now
// complete; often none.
func (s *Splitter) Push(delta string) []string {
	s.text += delta
	var clauses []string
	for {
		at := boundary(s.text, s.done)
		if at <= 0 {
			return clauses
		}
		clauses = append(clauses, s.text[:at])
		s.text = s.text[at:]
		s.done++
	}
}

// Flush returns what is left and begins anew: the next clause is a first one.
func (s *Splitter) Flush() []string {
	rest := s.text
	s.text, s.done = "", 0
	if rest == "" {
		return nil
	}
	return []string{rest}
}

// Split cuts a whole text into clauses.
func Split(text string) []string {
	var s Splitter
	return append(s.Push(text), s.Flush()...)
}
