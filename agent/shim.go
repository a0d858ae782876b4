package agent

import "strings"

type sw struct {
	Display, Spoken string
	Weight          float64
}

func spokenWords(text, _ string) []sw {
	var out []sw
	for _, w := range strings.Fields(text) {
		out = append(out, sw{w, w, float64(len(w))})
	}
	return out
}
