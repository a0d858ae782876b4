package webrtc

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"parley/audio"
	"parley/audio/g711"
)

// An offer as a browser writes it, cut to what matters.
const browserOffer = "v=0\r\n" +
	"o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
	"a=group:BUNDLE 0 1\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110\r\nc=IN IP4 0.0.0.0\r\n" +
	"a=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y\r\n" +
	"a=fingerprint:sha-256 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A:7F:B9:A3:F4:70:03:E7:43:91:73:23:5E\r\n" +
	"a=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=sendrecv\r\na=rtcp-mux\r\n" +
	"a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n" +
	"a=rtpmap:63 red/48000/2\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n" +
	"a=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\na=ssrc:2 cname:x\r\n" +
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n" +
	"a=ice-ufrag:EsAw\r\na=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y\r\n" +
	"a=fingerprint:sha-256 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A:7F:B9:A3:F4:70:03:E7:43:91:73:23:5E\r\n" +
	"a=setup:actpass\r\na=mid:1\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"

// videoSection is what a client with a camera adds.
const videoSection = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y\r\n" +
	"a=setup:actpass\r\na=mid:2\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"

func TestGarbageOffers(t *testing.T) {
	s := newTestServer(t, nil)
	replace := func(old, new string) string { return strings.ReplaceAll(browserOffer, old, new) }
	for _, c := range []struct{ name, offer, says string }{
		{"empty", "", "empty"},
		{"blank", " \r\n\t", "empty"},
		{"JSON", `{"type":"offer","sdp":"v=0"}`, "JSON"},
		{"a page", "<!doctype html><title>Hello</title>", `begins with "<!doctype html>`},
		{"binary", "v=\x00\xff\xfe", "no valid SDP"},
		{"endless", "v=0\r\n" + strings.Repeat("a=x\r\n", MaxOffer), "at most"},
		{"no section", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", "no audio section"},
		{"no audio", replace("m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110", "m=video 9 UDP/TLS/RTP/SAVPF 111"), "no audio section"},
		{"audio off", replace("m=audio 9", "m=audio 0"), "switched off"},
		{"no ICE", replace("a=ice-ufrag:EsAw\r\n", ""), "a=ice-ufrag"},
		{"no password", replace("a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y\r\n", ""), "a=ice-pwd"},
		{"no fingerprint", replace("a=fingerprint", "a=footprint"), "a=fingerprint"},
		{"a fingerprint that is none", replace("sha-256 49:66", "sha-256"), ""},
		{"no mid", replace("a=mid:0\r\n", ""), ""},
		{"many sections", browserOffer + strings.Repeat(videoSection, maxSections), "media sections"},
		{"many candidates", replace("a=mid:0\r\n", "a=mid:0\r\n"+strings.Repeat("a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n", maxCandidates+1)), "candidates"},
		{"a broken candidate", replace("a=mid:0\r\n", "a=mid:0\r\na=candidate:hello\r\n"), "cannot be used"},
		{"an answer", replace("a=setup:actpass", "a=setup:nonsense"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuest()
			answer, call, err := s.Answer(t.Context(), c.offer, g)
			if err == nil {
				// pion is more patient than we need to be; then it is a call like any other.
				if c.says != "" {
					t.Errorf("answered with\n%s", answer)
				}
				if err := call.Hangup(t.Context(), nil); err != nil {
					t.Error(err)
				}
				return
			}
			var e *OfferError
			if !errors.As(err, &e) || e.Unacceptable {
				t.Fatalf("got %T: %v", err, err)
			}
			if !strings.Contains(e.Message, c.says) || len(e.Message) > 500 {
				t.Errorf("the message %q should speak of %q", e.Message, c.says)
			}
			if len(g.left) != 0 {
				t.Error("the guest was told of a call that never was")
			}
		})
	}
	if stats := s.Stats(); stats != (Stats{}) {
		t.Errorf("the server still counts %+v", stats)
	}
}

func TestNoCommonCodec(t *testing.T) {
	s := newTestServer(t, nil)
	offer := strings.Replace(browserOffer, "SAVPF 111 63 9 0 8 13 110", "SAVPF 111 63 9", 1)
	_, _, err := s.Answer(t.Context(), offer, newGuest())
	var e *OfferError
	if !errors.As(err, &e) || !e.Unacceptable {
		t.Fatalf("got %v", err)
	}
	if want := []string{"opus/48000", "red/48000", "G722/8000"}; !reflect.DeepEqual(e.Offered, want) {
		t.Errorf("offered %v, want %v", e.Offered, want)
	}
	if want := []string{"PCMU/8000"}; !reflect.DeepEqual(e.Understood, want) {
		t.Errorf("understood %v, want %v", e.Understood, want)
	}
}

// The answer names one codec, the first that is understood, under the client's
// number, and switches off what is not wanted.
func TestAnswer(t *testing.T) {
	opus := g711.MuLaw()
	opus.Name, opus.ClockRate = "opus", 48000
	s := newTestServer(t, func(c *Config) {
		c.Codecs = []audio.Codec{opus, g711.MuLaw()}
		c.TCP = "127.0.0.1:0"
		c.PublicIPs = []string{"203.0.113.7"}
	})
	for _, c := range []struct{ name, offer, audio string }{
		{"all codecs", browserOffer + videoSection, "m=audio 9 UDP/TLS/RTP/SAVPF 111"},
		{"G.711 only", strings.Replace(browserOffer, "SAVPF 111 63 9 0", "SAVPF 0", 1), "m=audio 9 UDP/TLS/RTP/SAVPF 0"},
		{"G.711 without rtpmap", strings.NewReplacer("SAVPF 111 63 9 0", "SAVPF 0", "a=rtpmap:0 PCMU/8000\r\n", "").Replace(browserOffer), "m=audio 9 UDP/TLS/RTP/SAVPF 0"},
		{"another number", strings.NewReplacer("SAVPF 111", "SAVPF 96", "rtpmap:111", "rtpmap:96", "fmtp:111", "fmtp:96").Replace(browserOffer), "m=audio 9 UDP/TLS/RTP/SAVPF 96"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, call, err := s.Answer(t.Context(), c.offer, newGuest())
			if err != nil {
				t.Fatal(err)
			}
			defer call.Hangup(t.Context(), nil)
			if got := lines(answer, "m=audio"); len(got) != 1 || got[0] != c.audio {
				t.Errorf("audio is %q, want %q", got, c.audio)
			}
			if video := lines(answer, "m=video"); len(video) == 1 && !strings.HasPrefix(video[0], "m=video 0 ") {
				t.Errorf("video is %q", video)
			}
			if got := lines(answer, "a=max-message-size"); len(got) != 1 || got[0] != "a=max-message-size:262144" {
				t.Errorf("message size is %q", got)
			}
			candidates := strings.Join(lines(answer, "a=candidate"), "\n")
			for _, want := range []string{" udp ", " tcp ", "127.0.0.1", "203.0.113.7"} {
				if !strings.Contains(candidates, want) {
					t.Errorf("no %q in the candidates:\n%s", want, candidates)
				}
			}
			if strings.Contains(c.audio, "SAVPF 0") {
				return
			}
			if got := lines(answer, "a=fmtp"); len(got) != 1 || !strings.Contains(got[0], "useinbandfec=1") {
				t.Errorf("fmtp is %q", got)
			}
		})
	}
}

func FuzzParseOffer(f *testing.F) {
	f.Add(browserOffer)
	f.Add(browserOffer + videoSection)
	f.Add(strings.Replace(browserOffer, "a=rtpmap:111 opus/48000/2", "a=rtpmap:111 opus", 1))
	f.Add("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:\r\n")
	codecs := []audio.Codec{g711.MuLaw()}
	f.Fuzz(func(t *testing.T, text string) {
		var e *OfferError
		offered, err := parseOffer(text)
		if err == nil {
			_, err = offered.choose(codecs)
		}
		if err != nil && (!errors.As(err, &e) || e.Message == "" || len(e.Message) > 2000) {
			t.Fatalf("got %T: %v", err, err)
		}
	})
}

// FuzzAnswer lets whole offers through, down to pion, because a panic there would
// take every call along.
func FuzzAnswer(f *testing.F) {
	f.Add(browserOffer)
	f.Add(browserOffer + videoSection)
	s := newTestServer(f, nil)
	f.Fuzz(func(t *testing.T, text string) {
		_, call, err := s.Answer(t.Context(), text, newGuest())
		if err != nil {
			return
		}
		if err := call.Hangup(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	})
}
