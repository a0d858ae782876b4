package local

import "strings"

// clean removes what Moonshine tiny is known to make up for sound that is no
// speech: notes ("♪♪♪") for tones and digital silence, and a bare "You", without
// the full stop that spoken words get, for noise, ringing, coughs and claps.
func clean(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "♪", ""))
	if text == "You" {
		return ""
	}
	return text
}
