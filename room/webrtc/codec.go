package webrtc

import (
	"strings"

	pion "github.com/pion/webrtc/v4"

	"parley/audio"
)

// capability describes a codec as an SDP does.
func capability(codec audio.Codec) pion.RTPCodecCapability {
	c := pion.RTPCodecCapability{
		MimeType:  "audio/" + codec.Name,
		ClockRate: uint32(codec.ClockRate),
	}
	if isOpus(codec.Name) {
		// RFC 7587: always two channels in the SDP, whatever is inside; FEC is asked
		// for because the recording decoder uses it, and that silence is not sent (DTX)
		// because each packet that comes costs more than the silence made up for it.
		c.Channels = 2
		c.SDPFmtpLine = "minptime=10;useinbandfec=1;usedtx=1"
	}
	return c
}

// payloadType is the number of a codec in an SDP of our own. G.711 has numbers
// that never change (RFC 3551); the others are free from 96 on.
func payloadType(name string, i int) pion.PayloadType {
	switch strings.ToUpper(name) {
	case "PCMU":
		return 0
	case "PCMA":
		return 8
	}
	return pion.PayloadType(96 + i)
}

func isOpus(name string) bool { return strings.EqualFold(name, "opus") }
