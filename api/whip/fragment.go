package whip

import (
	"errors"
	"fmt"
	"strings"

	"parley/room"
)

// Bounds of a fragment.
const (
	maxLines   = 400
	maxPerBody = 128
)

// fragment is what a client says of its ICE after its offer: the part of an SDP that
// RFC 8840 gives the type application/trickle-ice-sdpfrag.
type fragment struct {
	name, password string // "" when it has none
	candidates     []room.Candidate
}

// parseFragment reads a fragment. Attributes that are not about ICE mean nothing.
func parseFragment(text string) (fragment, error) {
	var f fragment
	var mid *string
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if len(lines) > maxLines {
		return f, fmt.Errorf("it has %d lines; at most %d are read", len(lines), maxLines)
	}
	for n, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return fragment{}, fmt.Errorf("line %d is no line of an SDP", n+1)
		}
		if line[0] == 'm' {
			mid = nil
			continue
		}
		attribute, ok := strings.CutPrefix(line, "a=")
		if !ok {
			continue
		}
		key, value, _ := strings.Cut(attribute, ":")
		switch key {
		case "ice-ufrag":
			f.name = value
		case "ice-pwd":
			f.password = value
		case "mid":
			mid = &value
		case "candidate":
			if len(f.candidates) == maxPerBody {
				return fragment{}, fmt.Errorf("it has more than %d candidates", maxPerBody)
			}
			f.candidates = append(f.candidates, room.Candidate{Text: attribute, Mid: mid})
		}
	}
	if (f.name == "") != (f.password == "") {
		return fragment{}, errors.New("ice-ufrag and ice-pwd come together")
	}
	if strings.ContainsAny(f.name+f.password, " \t") || len(f.name) > 256 || len(f.password) > 256 {
		return fragment{}, errors.New("ice-ufrag and ice-pwd have at most 256 characters, and no spaces")
	}
	for i := range f.candidates {
		f.candidates[i].Fragment = f.name
	}
	return f, nil
}

// restarts says whether the fragment has credentials that the offer has not.
func (f fragment) restarts(offer string) bool {
	return f.name != "" && !strings.Contains(offer, "a=ice-ufrag:"+f.name+"\r\n") && !strings.Contains(offer, "a=ice-ufrag:"+f.name+"\n")
}

// restarted is an offer with the fragment's credentials and candidates in place of its
// own: what the client would have offered had it made a whole offer.
func (f fragment) restarted(offer string) string {
	var out strings.Builder
	sections := 0
	for line := range strings.SplitSeq(strings.ReplaceAll(offer, "\r\n", "\n"), "\n") {
		switch {
		case line == "":
			continue
		case strings.HasPrefix(line, "a=ice-ufrag:"):
			line = "a=ice-ufrag:" + f.name
		case strings.HasPrefix(line, "a=ice-pwd:"):
			line = "a=ice-pwd:" + f.password
		case strings.HasPrefix(line, "a=candidate:"), line == "a=end-of-candidates":
			continue
		case strings.HasPrefix(line, "m="):
			if sections++; sections == 2 {
				f.write(&out)
			}
		}
		out.WriteString(line + "\r\n")
	}
	if sections == 1 {
		f.write(&out)
	}
	return out.String()
}

// write puts the candidates at the end of the first section: all share one transport.
func (f fragment) write(out *strings.Builder) {
	for _, c := range f.candidates {
		out.WriteString("a=" + c.Text + "\r\n")
	}
}

// fragmentOf is the part of an answer that is about ICE.
func fragmentOf(answer string) string {
	var out strings.Builder
	sections := 0
	seen := map[string]bool{}
	for line := range strings.SplitSeq(strings.ReplaceAll(answer, "\r\n", "\n"), "\n") {
		key, _, _ := strings.Cut(line, ":")
		if strings.HasPrefix(line, "m=") {
			sections++
		}
		switch {
		case sections > 1:
		case strings.HasPrefix(line, "m="):
			out.WriteString(line + "\r\n")
		case key == "a=ice-ufrag", key == "a=ice-pwd", key == "a=mid":
			if !seen[key] {
				out.WriteString(line + "\r\n")
			}
			seen[key] = true
		case key == "a=candidate", line == "a=end-of-candidates":
			out.WriteString(line + "\r\n")
		}
	}
	return out.String()
}
