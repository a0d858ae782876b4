package agent

import (
	"context"
	"strings"
	"testing"
	"time"

	"parley/llm"
)

func photo(name string) llm.Image {
	return llm.Image{MediaType: "image/jpeg", Data: []byte(name), Found: &llm.Found{Match: llm.MatchCertain, Products: []llm.FoundProduct{{Name: name}}}}
}

func TestImagesReachTheBrainAndTheHistory(t *testing.T) {
	byText := func(o *Options) { o.Engines.Detector, o.Engines.Recognizer, o.Engines.Voice = nil, nil, nil }
	inBubble(t, byText, func(t *testing.T, w *world) {
		show := func(text string, images ...llm.Image) error {
			_, err := w.conv.Show(context.Background(), text, images...)
			return err
		}
		if err := show("", photo("kettle"), photo("lamp")); err != nil {
			t.Fatal(err)
		}
		w.until("the answer", time.Second, w.has("turn.ended", "done"))
		if w.count("transcript.final", `"images":[{"match":"certain","products":[{"name":"kettle"}]},{`) != 1 {
			t.Errorf("events:\n%s", w.story())
		}
		if err := show("and these?", photo("shoes"), photo("bag"), photo("bottle")); err != nil {
			t.Fatal(err)
		}
		w.until("the second answer", time.Second, w.has("turn.ended", `"turn":2`, "done"))
		requests := w.brain.requests()
		var seen, found []string
		for _, m := range requests[len(requests)-1].Messages {
			for _, i := range m.Images {
				seen = append(seen, string(i.Data))
				found = append(found, i.Found.Products[0].Name)
			}
		}
		// The oldest of five is let go; what was found in it stays.
		if strings.Join(seen, ",") != ",lamp,shoes,bag,bottle" || strings.Join(found, ",") != "kettle,lamp,shoes,bag,bottle" {
			t.Errorf("saw %q, of which was found %q", seen, found)
		}
		first := requests[0].Messages
		if last := first[len(first)-1]; string(last.Images[0].Data) != "kettle" {
			t.Error("a request that was made before has lost its image")
		}
		if err := show("", photo("1"), photo("2"), photo("3"), photo("4"), photo("5")); err == nil || !strings.Contains(err.Error(), "at most 4") {
			t.Errorf("five images: %v", err)
		}
		if err := show(""); err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("nothing at all: %v", err)
		}
	})
}
