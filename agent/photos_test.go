package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/llm"
	"parley/tools"
)

// TestToolsAreToldOfThePhotos shows photos over several turns. The brain, which names
// hashes in its arguments, has no say in what the tools get.
func TestToolsAreToldOfThePhotos(t *testing.T) {
	var got [][]string
	report := tools.Definition{Name: "report", Effect: tools.Write, OnDuplicate: tools.Allow, Timeout: time.Second}
	byText := func(o *Options) {
		o.Engines.Detector, o.Engines.Recognizer, o.Engines.Voice = nil, nil, nil
		shopWith(report, func(_ context.Context, c tools.Call) (string, error) {
			got = append(got, c.Conversation.Photos)
			return `"reported"`, nil
		})(o)
	}
	inBubble(t, byText, func(t *testing.T, w *world) {
		w.brain.answer = func(r llm.Request) []llm.Delta {
			if told := llm.Transcript("", r.Messages); strings.Contains(told, "hash-") {
				t.Errorf("the brain is told a hash: %s", told)
			}
			if r.Messages[len(r.Messages)-1].Role == llm.ToolRole {
				return says("Done.")
			}
			return calls("c", "report", `{"photos":["made-up"]}`)
		}
		turn := 0
		show := func(text string, hashes ...string) {
			t.Helper()
			var images []llm.Image
			for _, h := range hashes {
				images = append(images, llm.Image{MediaType: "image/jpeg", Data: []byte(h), Hash: h})
			}
			if _, err := w.conv.Show(context.Background(), text, images...); err != nil {
				t.Fatal(err)
			}
			turn++
			w.until("the answer", time.Second, w.has("turn.ended", fmt.Sprintf(`"turn":%d`, turn), "done"))
		}
		show("hello")
		show("it is broken", "hash-1", "", "hash-2")
		show("see", "hash-2", "hash-3")
		for i := range 3 {
			show("more", fmt.Sprint("hash-", 4+4*i), fmt.Sprint("hash-", 5+4*i), fmt.Sprint("hash-", 6+4*i), fmt.Sprint("hash-", 7+4*i))
		}
		want := [][]string{nil, {"hash-1", "hash-2"}, {"hash-1", "hash-2", "hash-3"}}
		for i, w := range want {
			if !slices.Equal(got[i], w) {
				t.Errorf("turn %d: the tool was told of %q, want %q", i+1, got[i], w)
			}
		}
		if last := got[len(got)-1]; len(got) != 6 || len(last) != maxPhotos || last[0] != "hash-4" || last[maxPhotos-1] != "hash-15" {
			t.Errorf("after %d turns: %q", len(got), last)
		}
	})
}
