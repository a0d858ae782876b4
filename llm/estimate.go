package llm

import "unicode/utf8"

const (
	// imageTokens is what providers count for a picture scaled down for them: OpenAI
	// 765 and Anthropic about 1,000 for one of 1024 by 1024.
	imageTokens = 1000
	// messageTokens is what stands around a message.
	messageTokens = 4
)

// Estimate guesses how many tokens a request has, before any provider has counted
// them. Real counts differ by model; this is meant for bounds and is rather too high
// than too low.
func Estimate(r Request) int {
	n := 0
	for _, m := range r.Messages {
		n += EstimateMessage(m)
	}
	for _, t := range r.Tools {
		n += messageTokens + EstimateText(t.Name) + EstimateText(t.Description) + EstimateText(string(t.Parameters))
	}
	return n
}

// EstimateMessage guesses how many tokens a message has.
func EstimateMessage(m Message) int {
	n := messageTokens + EstimateText(m.Content())
	for _, i := range m.Images {
		if len(i.Data) > 0 {
			n += imageTokens
		}
	}
	for _, c := range m.ToolCalls {
		n += messageTokens + EstimateText(c.Name) + EstimateText(string(c.Arguments))
	}
	return n
}

// EstimateText guesses how many tokens a text has: one for four bytes of plain
// letters, one for three of punctuation and digits, which tokenizers cut finer, and
// one for each letter of another script.
func EstimateText(s string) int {
	plain, other, letters := 0, 0, 0
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == ' ':
			plain++
		case r < utf8.RuneSelf:
			other++
		default:
			letters++
		}
	}
	return (plain+3)/4 + (other+2)/3 + letters
}
