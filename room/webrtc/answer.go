package webrtc

import (
	"strings"

	"parley/audio"
)

// withPreferences returns an answer that says of the codec what this side prefers to be
// sent. pion repeats what the offer says, which is what the client prefers (RFC 7587,
// section 7).
func withPreferences(answer string, codec audio.Codec) string {
	preferred := capability(codec).SDPFmtpLine
	if preferred == "" {
		return answer
	}
	const mapped = "a=rtpmap:"
	_, found, _ := strings.Cut(answer, mapped) // the only codec of the answer
	number, encoding, _ := strings.Cut(found, " ")
	if name, _, _ := strings.Cut(encoding, "/"); !isOpus(name) {
		return answer
	}
	var b strings.Builder
	for line := range strings.Lines(answer) {
		if strings.HasPrefix(line, "a=fmtp:"+number+" ") {
			continue
		}
		b.WriteString(line)
		if strings.HasPrefix(line, mapped+number+" ") {
			b.WriteString("a=fmtp:" + number + " " + preferred + "\r\n")
		}
	}
	return b.String()
}
