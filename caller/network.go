package caller

import (
	"fmt"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	pion "github.com/pion/webrtc/v4"

	"parley/audio"
)

// newAPI sets pion up for calls that offer one codec. Every call has sockets of its
// own: an agent that serves all calls on one port tells them apart by ours.
func newAPI(options *Options) (*pion.API, error) {
	codec := options.Codec
	var settings pion.SettingEngine
	settings.LoggerFactory = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	// An agent that is gone should end a measurement soon.
	settings.SetICETimeouts(3*time.Second, 7*time.Second, 2*time.Second)
	settings.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4, pion.NetworkTypeTCP4})

	engine := &pion.MediaEngine{}
	offered := capability(codec)
	if options.Pauses && codec.Pause != nil {
		offered.SDPFmtpLine += ";usedtx=1" // RFC 7587
	}
	err := engine.RegisterCodec(pion.RTPCodecParameters{
		RTPCodecCapability: offered, PayloadType: payloadType(codec),
	}, pion.RTPCodecTypeAudio)
	if err != nil {
		return nil, fmt.Errorf("setting up codec %s: %w", codec.Name, err)
	}
	return pion.NewAPI(
		pion.WithSettingEngine(settings), pion.WithMediaEngine(engine),
		pion.WithInterceptorRegistry(&interceptor.Registry{}),
	), nil
}

func capability(codec audio.Codec) pion.RTPCodecCapability {
	c := pion.RTPCodecCapability{MimeType: "audio/" + codec.Name, ClockRate: uint32(codec.ClockRate)}
	if codec.ClockRate == 48000 {
		c.Channels, c.SDPFmtpLine = 2, "minptime=10;useinbandfec=1"
	}
	return c
}

func payloadType(codec audio.Codec) pion.PayloadType {
	switch codec.Name {
	case "PCMU":
		return 0
	case "PCMA":
		return 8
	}
	return 111 // what browsers use for Opus
}
