package whip

import (
	"strings"
	"testing"
)

const offer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:old\r\na=ice-pwd:oldpassword\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n" +
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\na=ice-ufrag:old\r\na=ice-pwd:oldpassword\r\n"

func TestFragments(t *testing.T) {
	for name, c := range map[string]struct {
		text, err string
		count     int
		restarts  bool
	}{
		"candidates": {"a=ice-ufrag:old\r\na=ice-pwd:oldpassword\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.2 2 typ host\r\na=end-of-candidates\r\n", "", 1, false},
		"a restart":  {"a=ice-ufrag:new\na=ice-pwd:newpassword\nm=audio 9 x 0\na=mid:0\na=candidate:2 1 udp 1 192.0.2.2 2 typ host\n", "", 1, true},
		"a prefix":   {"a=ice-ufrag:ol\na=ice-pwd:newpassword\n", "", 0, true},
		"empty":      {"", "", 0, false},
		"half":       {"a=ice-ufrag:new\r\n", "together", 0, false},
		"no SDP":     {"hello", "line 1", 0, false},
		"two words":  {"a=ice-ufrag:a b\r\na=ice-pwd:c\r\n", "no spaces", 0, false},
		"too long":   {strings.Repeat("a=x\n", maxLines+1), "lines", 0, false},
		"too many":   {strings.Repeat("a=candidate:1\n", maxPerBody+1), "candidates", 0, false},
	} {
		f, err := parseFragment(c.text)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", name, err, c.err)
			}
			continue
		}
		if err != nil || len(f.candidates) != c.count || f.restarts(offer) != c.restarts {
			t.Errorf("%s: %d candidates, restarts %v, %v", name, len(f.candidates), f.restarts(offer), err)
		}
		if c.count > 0 && (f.candidates[0].Mid == nil || *f.candidates[0].Mid != "0") {
			t.Errorf("%s: the candidate's section is lost", name)
		}
	}
}

func TestARestartIsAWholeOffer(t *testing.T) {
	f, err := parseFragment("a=ice-ufrag:new\r\na=ice-pwd:newpassword\r\na=candidate:2 1 udp 1 192.0.2.2 2 typ host\r\n")
	if err != nil {
		t.Fatal(err)
	}
	got := f.restarted(offer)
	want := strings.NewReplacer("ufrag:old", "ufrag:new", "pwd:oldpassword", "pwd:newpassword", "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n", "").Replace(offer)
	want = strings.Replace(want, "m=application", "a=candidate:2 1 udp 1 192.0.2.2 2 typ host\r\nm=application", 1)
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if f.restarts(got) {
		t.Error("the same credentials restart again")
	}
	if answer := fragmentOf(offer); strings.Count(answer, "ice-ufrag") != 1 || !strings.Contains(answer, "candidate:1") || strings.Contains(answer, "m=application") {
		t.Errorf("%s", answer)
	}
}

func FuzzFragment(f *testing.F) {
	f.Add("a=ice-ufrag:new\r\na=ice-pwd:newpassword\r\nm=audio 9 x 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.2 2 typ host\r\n", offer)
	f.Fuzz(func(t *testing.T, text, offer string) {
		got, err := parseFragment(text)
		if err != nil {
			return
		}
		if len(got.candidates) > maxPerBody {
			t.Errorf("%d candidates", len(got.candidates))
		}
		if got.restarts(offer) {
			again := got.restarted(offer)
			if strings.Contains(offer, "m=") && strings.Contains(offer, "\na=ice-ufrag:") && got.restarts(again) {
				t.Errorf("%q restarts %q, which it made", text, again)
			}
		}
		fragmentOf(offer)
	})
}
