package main

import (
	"encoding/binary"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/asr"
	"parley/caller"
	"parley/config"
)

// TestCallsAreRecorded has a call recorded, gets a turn's sound by the API, and
// recognises what either side says in it.
func TestCallsAreRecorded(t *testing.T) {
	var data string
	a := startAgent(t, func(c *config.Config) {
		c.Recording.Enabled = true
		data = c.Shop.Data
	})
	_, heard := a.ask(t, caller.Options{Turns: 1}, "Where is my order W one zero zero zero two?")
	if !strings.Contains(heard, "record") {
		t.Errorf("the caller is not told of the recording: %q", heard)
	}
	calls, err := os.ReadDir(filepath.Join(data, "recordings"))
	if err != nil || len(calls) != 1 {
		t.Fatalf("the folder of recordings holds %v, %v", calls, err)
	}
	address := a.url + "/v1/conversations/" + calls[0].Name() + "/turns/"
	left, right := a.hearTurn(t, address+"2/audio")
	if !holdsAll(left, "order") || !strings.Contains(right, "way") || strings.Contains(left, "way") {
		t.Errorf("the caller is heard saying %q, the agent %q", left, right)
	}
	if left, right := a.hearTurn(t, address+"1/audio"); left != "" || !holdsAll(right, "record") {
		t.Errorf("in the greeting the caller is heard saying %q, the agent %q", left, right)
	}
	for path, want := range map[string]int{"99/audio": http.StatusNotFound, "x/audio": http.StatusUnprocessableEntity} {
		if r := fetch(t, address+path); r.StatusCode != want {
			t.Errorf("%s is answered with %d", path, r.StatusCode)
		}
	}
}

// hearTurn recognises both sides of a recorded turn, in lower case. It waits a moment
// for the recording, which is written after the turn.
func (a *shopAgent) hearTurn(t *testing.T, url string) (caller, agent string) {
	t.Helper()
	wav := fetch(t, url)
	for deadline := time.Now().Add(10 * time.Second); wav.StatusCode == http.StatusNotFound && time.Now().Before(deadline); wav = fetch(t, url) {
		<-time.After(100 * time.Millisecond)
	}
	if wav.StatusCode != http.StatusOK || wav.Header.Get("Content-Type") != "audio/wav" || len(wav.body) < 44 {
		t.Fatalf("%s is answered with %d %s", url, wav.StatusCode, wav.Header)
	}
	sides := [2][]int16{}
	for i, samples := 0, wav.body[44:]; len(samples) >= 2; i, samples = i+1, samples[2:] {
		sides[i%2] = append(sides[i%2], int16(binary.LittleEndian.Uint16(samples)))
	}
	words := [2]string{}
	for i, pcm := range sides {
		loud := false
		for _, s := range pcm {
			loud = loud || s > 500
		}
		if !loud {
			continue // recognisers make words up for silence
		}
		got, err := a.engines.asr.Transcribe(t.Context(), asr.Utterance{PCM: pcm, Language: "en"})
		if err != nil {
			t.Fatal(err)
		}
		words[i] = strings.ToLower(got.Text)
	}
	return words[0], words[1]
}
