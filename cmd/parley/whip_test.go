package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	pion "github.com/pion/webrtc/v4"

	"parley/caller"
	"parley/config"
)

func TestACallByWHIP(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	var heard listener
	report, err := caller.Run(t.Context(), caller.Options{
		URL: a.url + "/v1/whip", Shape: caller.Raw, Codec: a.engines.opus.Codec(), Speeches: []*caller.Speech{a.speech(t, "Where is my order W one zero zero zero two?")},
		Turns: 1, Sessions: 1, Greeting: caller.DefaultGreeting, Gap: caller.DefaultGap, Timeout: caller.DefaultTimeout, Record: heard.record,
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := a.understand(t, &heard); report.Turns.Answered != 1 || !strings.Contains(text, "way") {
		t.Errorf("answered %d, heard %q", report.Turns.Answered, text)
	}
}

// whipClient follows RFC 9725 with candidates that come later.
type whipClient struct {
	t    *testing.T
	peer *pion.PeerConnection
	url  string // of the call
	tag  string

	changes chan struct{}
}

func (c *whipClient) ask(method, url, kind, match, body string, want int) (string, http.Header) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if match != "" {
		r.Header.Set("If-Match", match)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		c.t.Fatalf("%s %s: %s %s %v, want %d", method, url, response.Status, text, err, want)
	}
	return string(text), response.Header
}

const fragmentType = "application/trickle-ice-sdpfrag"

// iceLines are the lines of an SDP that are about ICE.
var iceLines = regexp.MustCompile(`(?m)^(?:m=|a=(?:ice-ufrag|ice-pwd|mid|candidate|end-of-candidates)).*\r\n`)

// until waits for the connection, which tells of each change.
func (c *whipClient) until(what string) {
	c.t.Helper()
	late := time.After(15 * time.Second)
	for c.peer.ICEConnectionState() != pion.ICEConnectionStateConnected {
		select {
		case <-c.changes:
		case <-late:
			c.t.Fatalf("%s: the connection is %s", what, c.peer.ICEConnectionState())
		}
	}
}

func TestWHIPWithCandidatesThatComeLater(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	c := &whipClient{t: t, peer: newPeer(t), changes: make(chan struct{}, 16)}
	c.peer.OnICEConnectionStateChange(func(pion.ICEConnectionState) { c.changes <- struct{}{} })
	t.Cleanup(func() { _ = c.peer.GracefulClose() })
	if _, err := c.peer.AddTransceiverFromKind(pion.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	sound := make(chan struct{})
	c.peer.OnTrack(func(track *pion.TrackRemote, _ *pion.RTPReceiver) {
		if _, _, err := track.ReadRTP(); err == nil {
			close(sound)
		}
	})
	offer, err := c.peer.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := pion.GatheringCompletePromise(c.peer)
	if err := c.peer.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	if _, header := c.ask(http.MethodOptions, a.url+"/v1/whip", "", "", "", http.StatusNoContent); header.Get("Accept-Post") != "application/sdp" {
		t.Errorf("%v", header)
	}
	// The offer is posted before a candidate is known.
	answer, header := c.ask(http.MethodPost, a.url+"/v1/whip", "application/sdp", "", offer.SDP, http.StatusCreated)
	c.url, c.tag = a.url+header.Get("Location"), header.Get("ETag")
	if err := c.peer.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	<-gathered
	candidates := strings.Join(iceLines.FindAllString(c.peer.LocalDescription().SDP, -1), "")
	c.ask(http.MethodPatch, c.url, fragmentType, "", candidates, http.StatusPreconditionRequired)
	c.ask(http.MethodPatch, c.url, fragmentType, `"another"`, candidates, http.StatusPreconditionFailed)
	c.ask(http.MethodPatch, c.url, "text/plain", c.tag, candidates, http.StatusUnsupportedMediaType)
	c.ask(http.MethodPatch, c.url, fragmentType, c.tag, "a=candidate:nonsense\r\n", http.StatusBadRequest)
	c.ask(http.MethodPatch, c.url, fragmentType, c.tag, candidates, http.StatusNoContent)
	c.until("the call")
	select {
	case <-sound:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is heard")
	}

	// ICE restarts, as on another network.
	again, err := c.peer.CreateOffer(&pion.OfferOptions{ICERestart: true})
	if err != nil {
		t.Fatal(err)
	}
	gathered = pion.GatheringCompletePromise(c.peer)
	if err := c.peer.SetLocalDescription(again); err != nil {
		t.Fatal(err)
	}
	<-gathered
	fragment, header := c.ask(http.MethodPatch, c.url, fragmentType, "*", strings.Join(iceLines.FindAllString(c.peer.LocalDescription().SDP, -1), ""), http.StatusOK)
	if tag := header.Get("ETag"); tag == "" || tag == c.tag {
		t.Errorf("the ETag %q names two sessions", tag)
	}
	restarted := withICE(answer, fragment)
	if err := c.peer.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: restarted}); err != nil {
		t.Fatalf("%v\n%s", err, restarted)
	}
	c.until("the restart")

	c.ask(http.MethodDelete, c.url, "", "", "", http.StatusOK)
	c.ask(http.MethodDelete, c.url, "", "", "", http.StatusNotFound)
}

// withICE is an answer with the credentials and candidates of a fragment.
func withICE(answer, fragment string) string {
	var out strings.Builder
	ours := regexp.MustCompile(`(?m)^a=(?:ice-ufrag|ice-pwd|candidate|end-of-candidates).*\r\n`)
	fresh := strings.Join(ours.FindAllString(fragment, -1), "")
	for line := range strings.SplitAfterSeq(answer, "\r\n") {
		if ours.MatchString(line) {
			continue
		}
		out.WriteString(line)
		if strings.HasPrefix(line, "a=mid:") {
			out.WriteString(fresh)
		}
	}
	return out.String()
}

// TestAnUnmodifiedWHIPClient: a published client talks from a browser.
func TestAnUnmodifiedWHIPClient(t *testing.T) {
	chromium(t)
	a := startAgent(t, func(*config.Config) {})
	dir := a.npmInstall(t, "api/whip/testdata/client")
	a.example(t, dir, filepath.Join(dir, "node_modules/.bin/esbuild"), "whip.mjs", "--bundle", "--outfile=bundle.js")
	bundle, err := os.ReadFile(filepath.Join(dir, "bundle.js"))
	if err != nil {
		t.Fatal(err)
	}
	// The page is the agent's own: without keys it answers to no other.
	p := openPage(t, a.url, hearing(a.microphone(t, 8*time.Second, "Where is my order W one zero zero zero two?", 30*time.Second)))
	p.do("loading the client", chromedp.Evaluate(string(bundle), nil))
	p.do("calling", chromedp.Evaluate(`ingest(location.origin + '/v1/whip').then(() => { window.called = true; }, (err) => { window.failed = String(err); }); 0`, nil))
	p.until("the call", `window.called || window.failed`)
	if failed := ask[string](p, `window.failed ?? ''`); failed != "" {
		t.Fatal(failed)
	}
	for deadline := time.After(patience); !strings.Contains(get(t, a.url+"/metrics"), `parley_turns_total{cause="done"} 2`); {
		select {
		case <-time.After(200 * time.Millisecond):
		case <-deadline:
			t.Fatalf("the question was not answered:\n%s", get(t, a.url+"/metrics"))
		}
	}
	p.do("hanging up", chromedp.Evaluate(`client.destroy().then(() => { window.gone = true; }); 0`, nil))
	p.until("the end", `window.gone`)
	if metrics := get(t, a.url+"/metrics"); !strings.Contains(metrics, "parley_conversations 0") {
		t.Error("the conversation goes on after the client has gone")
	}
}
