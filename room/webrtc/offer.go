package webrtc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"parley/audio"
)

// Bounds of an offer. A browser's offer with everything in it is about 8 kB.
const (
	// MaxOffer is the longest offer in bytes that is looked at.
	MaxOffer      = 64 << 10
	maxSections   = 32
	maxCandidates = 128
)

func malformed(format string, args ...any) error {
	return &OfferError{Message: fmt.Sprintf(format, args...)}
}

// offer is what matters of a client's offer.
type offer struct {
	// codecs are those of the first audio section that is not rejected.
	codecs []offeredCodec
}

// offeredCodec is one codec of an offer.
type offeredCodec struct {
	name      string
	clockRate int
	// pauses says that the client prefers not to be sent silence (usedtx=1, RFC 7587).
	pauses bool
}

// parseOffer checks that pion will have a chance with an offer and finds what it
// offers. All its errors are [*OfferError].
func parseOffer(text string) (*offer, error) {
	trimmed := strings.TrimSpace(text)
	switch {
	case len(text) > MaxOffer:
		return nil, malformed("The offer has %d bytes; at most %d are read.", len(text), MaxOffer)
	case trimmed == "":
		return nil, malformed("The offer is empty. Expected is an SDP, a text that begins with v=0.")
	case trimmed[0] == '{' || trimmed[0] == '"':
		return nil, malformed("The offer looks like JSON. Expected is the SDP itself, a text that begins with v=0.")
	case !strings.HasPrefix(trimmed, "v="):
		return nil, malformed("The offer is no SDP: it begins with %q instead of v=0.", firstLine(trimmed))
	}
	var session sdp.SessionDescription
	if err := session.UnmarshalString(text); err != nil {
		return nil, malformed("The offer is no valid SDP: %s.", shorten(err.Error(), 200))
	}
	if len(session.MediaDescriptions) > maxSections {
		return nil, malformed("The offer has %d media sections; at most %d are read.", len(session.MediaDescriptions), maxSections)
	}

	var first *sdp.MediaDescription
	rejected := false
	candidates := 0
	for _, section := range session.MediaDescriptions {
		for _, attribute := range section.Attributes {
			if attribute.IsICECandidate() {
				candidates++
			}
		}
		if section.MediaName.Media != "audio" {
			continue
		}
		if section.MediaName.Port.Value == 0 && !bundleOnly(section) {
			rejected = true
			continue
		}
		if first == nil {
			first = section
		}
	}
	switch {
	case candidates > maxCandidates:
		return nil, malformed("The offer has %d ICE candidates; at most %d are read.", candidates, maxCandidates)
	case first == nil && rejected:
		return nil, malformed("The only audio section of the offer is switched off (port 0).")
	case first == nil:
		return nil, malformed("The offer has no audio section (m=audio). Add a microphone track or an audio transceiver before making the offer.")
	}
	for _, key := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
		if !has(&session, key) {
			return nil, malformed("The offer has no a=%s, which WebRTC needs. Was it made by an RTCPeerConnection?", key)
		}
	}
	return &offer{codecs: codecsOf(first)}, nil
}

// bundleOnly says that a section has port 0 only because it shares another's
// (RFC 8843), not because it is rejected.
func bundleOnly(section *sdp.MediaDescription) bool {
	_, ok := section.Attribute("bundle-only")
	return ok
}

// has says whether the session or one of its sections carries an attribute with a value.
func has(session *sdp.SessionDescription, key string) bool {
	if value, ok := session.Attribute(key); ok && value != "" {
		return true
	}
	for _, section := range session.MediaDescriptions {
		if value, ok := section.Attribute(key); ok && value != "" {
			return true
		}
	}
	return false
}

// codecsOf lists the codecs of a section in its order.
func codecsOf(section *sdp.MediaDescription) []offeredCodec {
	byNumber := map[string]offeredCodec{
		// RFC 3551 lets these two go without an rtpmap.
		"0": {name: "PCMU", clockRate: 8000},
		"8": {name: "PCMA", clockRate: 8000},
	}
	for _, attribute := range section.Attributes {
		if attribute.Key != "rtpmap" {
			continue
		}
		// "111 opus/48000/2"
		number, encoding, ok := strings.Cut(attribute.Value, " ")
		if !ok {
			continue
		}
		parts := strings.Split(strings.TrimSpace(encoding), "/")
		if len(parts) < 2 {
			continue
		}
		rate, err := strconv.Atoi(parts[1])
		if err != nil {
			continue
		}
		byNumber[number] = offeredCodec{name: parts[0], clockRate: rate}
	}
	for _, attribute := range section.Attributes {
		if attribute.Key != "fmtp" {
			continue
		}
		// "111 minptime=10;useinbandfec=1;usedtx=1"
		number, parameters, _ := strings.Cut(attribute.Value, " ")
		if codec, ok := byNumber[number]; ok {
			codec.pauses = wantsPauses(parameters)
			byNumber[number] = codec
		}
	}
	var codecs []offeredCodec
	for _, number := range section.MediaName.Formats {
		if codec, ok := byNumber[number]; ok {
			codecs = append(codecs, codec)
		}
	}
	return codecs
}

func wantsPauses(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		if strings.EqualFold(strings.TrimSpace(parameter), "usedtx=1") {
			return true
		}
	}
	return false
}

// choose picks the first of the server's codecs that is offered.
func (o *offer) choose(understood []audio.Codec) (audio.Codec, error) {
	for _, codec := range understood {
		if o.offers(codec) {
			return codec, nil
		}
	}
	e := &OfferError{Unacceptable: true}
	for _, codec := range o.codecs {
		e.Offered = append(e.Offered, fmt.Sprintf("%s/%d", shorten(codec.name, 32), codec.clockRate))
	}
	for _, codec := range understood {
		e.Understood = append(e.Understood, fmt.Sprintf("%s/%d", codec.Name, codec.ClockRate))
	}
	offered := strings.Join(e.Offered, ", ")
	if offered == "" {
		offered = "none"
	}
	e.Message = fmt.Sprintf("No audio codec in common: offered are %s; understood are %s.",
		shorten(offered, 300), strings.Join(e.Understood, ", "))
	return audio.Codec{}, e
}

func (o *offer) offers(codec audio.Codec) bool { return slices.ContainsFunc(o.codecs, is(codec)) }

// pauses says whether the client prefers not to be sent a codec's silence.
func (o *offer) pauses(codec audio.Codec) bool {
	i := slices.IndexFunc(o.codecs, is(codec))
	return i >= 0 && o.codecs[i].pauses
}

func is(codec audio.Codec) func(offeredCodec) bool {
	return func(offered offeredCodec) bool {
		return strings.EqualFold(offered.name, codec.Name) && offered.clockRate == codec.ClockRate
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return shorten(strings.TrimSpace(line), 40)
}

// shorten keeps what someone else wrote to a length that fits a message.
func shorten(text string, limit int) string {
	text = strings.ToValidUTF8(text, "?")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}
