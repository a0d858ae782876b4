package rules

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/lang"
	"parley/llm"
)

// sample is one utterance of the sets in testdata: what is said, after what was said
// before, and what may come of it.
type sample struct {
	ID     string   `json:"id"`
	Lang   string   `json:"lang"`
	Text   string   `json:"text"`
	Turns  []string `json:"turns"`
	Expect []struct {
		Tool      string         `json:"tool"`
		Arguments map[string]any `json:"arguments"`
	} `json:"expect"`
}

// readSet reads the samples of a folder.
func readSet(t testing.TB, dir string) []sample {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "utterances_*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var set []sample
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if strings.TrimSpace(lines.Text()) == "" {
				continue
			}
			var s sample
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				t.Fatalf("%s: %v in %s", path, err, lines.Text())
			}
			set = append(set, s)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return set
}

// outcome is what the brain did in the last turn: the calls of tools, those that wait
// for a yes among them, and the writes that ran or wait.
type outcome struct {
	calls  []llm.ToolCall
	writes int
	reply  string
}

// play speaks a sample's turns and gives what came of the last.
func play(d *dialogue, s sample) outcome {
	detector := lang.New()
	language := english
	var out outcome
	for _, text := range append(slices.Clone(s.Turns), s.Text) {
		if tag, sure := detector.Detect(text, language); sure {
			language = tag
		}
		d.language = language
		before, ran := len(d.messages), len(d.ran)
		reply := d.say(text)
		out = outcome{reply: reply, writes: len(d.ran) - ran}
		for _, m := range d.messages[before:] {
			out.calls = append(out.calls, m.ToolCalls...)
			if m.Role == llm.ToolRole && strings.Contains(m.Text, confirmationRequired) {
				out.writes++
			}
		}
	}
	return out
}

// right says whether an outcome is one of those that are expected.
func (s sample) right(o outcome) bool {
	if len(s.Expect) == 0 {
		return o.writes == 0
	}
	for _, want := range s.Expect {
		for _, call := range o.calls {
			if call.Name == want.Tool && holds(call.Arguments, want.Arguments) {
				return true
			}
		}
	}
	return false
}

// holds says whether arguments have all that is wanted.
func holds(raw json.RawMessage, wanted map[string]any) bool {
	var got map[string]any
	if json.Unmarshal(raw, &got) != nil {
		return false
	}
	for name, want := range wanted {
		if !alikeValue(name, got[name], want) {
			return false
		}
	}
	return true
}

func alikeValue(name string, got, want any) bool {
	switch want := want.(type) {
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for _, w := range want {
			if !slices.ContainsFunc(list, func(g any) bool { return alikeValue("", g, w) }) {
				return false
			}
		}
		return true
	case map[string]any:
		inner, ok := got.(map[string]any)
		if !ok {
			return false
		}
		for key, w := range want {
			if !alikeValue("", inner[key], w) {
				return false
			}
		}
		return true
	}
	a, b := strings.TrimPrefix(strings.ToLower(fmt.Sprint(got)), "#"), strings.TrimPrefix(strings.ToLower(fmt.Sprint(want)), "#")
	if known := newCountries(); name == "country" && known.code[known.named(a)] != "" {
		a = strings.ToLower(known.code[known.named(a)])
	}
	if name == "query" || name == "product" || name == "summary" || name == "note" {
		return got != nil && (strings.Contains(a, b) || strings.Contains(b, a))
	}
	return a == b
}

// table counts right answers by language.
func table(t testing.TB, set []sample, tell bool) (right, all map[string]int) {
	right, all = make(map[string]int), make(map[string]int)
	d := newDialogue(t)
	for _, s := range set {
		d = d.again()
		o := play(d, s)
		all[s.Lang]++
		if s.right(o) {
			right[s.Lang]++
			continue
		}
		if tell {
			var calls []string
			for _, c := range o.calls {
				calls = append(calls, c.Name+string(c.Arguments))
			}
			t.Logf("%s %v %q: %v (%d writes) %q, want %v", s.ID, s.Turns, s.Text, calls, o.writes, o.reply, s.Expect)
		}
	}
	return right, all
}

// TestSetAside plays the third of the set that was put aside. It tells how many are
// right and never which: whoever mends the rules must not know these sentences.
func TestSetAside(t *testing.T) {
	set := readSet(t, filepath.Join("testdata", "aside"))
	right, all := table(t, set, false)
	sum, of := 0, 0
	for _, tag := range slices.Sorted(maps.Keys(all)) {
		t.Logf("%s: %d of %d right (%d %%)", tag, right[tag], all[tag], 100*right[tag]/all[tag])
		sum, of = sum+right[tag], of+all[tag]
	}
	if of < 150 || sum*10 < of*9 {
		t.Errorf("%d of %d utterances have the right tool and arguments, fewer than nine in ten", sum, of)
	}
}

// TestSet plays the open set. With PARLEY_SET another folder is played, and what is
// wrong is told.
func TestSet(t *testing.T) {
	dir := os.Getenv("PARLEY_SET")
	folder := cmp.Or(dir, "testdata")
	set := readSet(t, folder)
	if len(set) == 0 {
		t.Skip("there is no set of utterances in " + folder)
	}
	right, all := table(t, set, dir != "" || testing.Verbose())
	for _, tag := range slices.Sorted(maps.Keys(all)) {
		t.Logf("%s: %d of %d right (%d %%)", tag, right[tag], all[tag], 100*right[tag]/all[tag])
		if float64(right[tag]) < 0.9*float64(all[tag]) {
			t.Errorf("%s: %d of %d utterances have the right tool and arguments, fewer than nine in ten", tag, right[tag], all[tag])
		}
	}
}
