package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/models"
)

func TestModelsListWithoutAnyModel(t *testing.T) {
	rows, err := new(modelsListCmd).rows(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var table, text bytes.Buffer
	if err := printModels(&table, rows); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"moonshine-tiny-en   absent  required  44.2 MB", "smart-turn          absent  optional"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.String())
		}
	}
	if err := printJSON(&text, rows); err != nil {
		t.Fatal(err)
	}
	var parsed []map[string]any
	if err := json.Unmarshal(text.Bytes(), &parsed); err != nil {
		t.Fatal(err)
	}
	if len(parsed) != len(rows) || parsed[0]["name"] != "opus" || parsed[0]["state"] != "absent" {
		t.Errorf("the JSON says %v", parsed)
	}
}

func TestModelsListSaysHowToPutAModelRight(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "opus"), 0o755); err != nil {
		t.Fatal(err)
	}
	rows, err := (&modelsListCmd{Verify: true}).rows(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := printModels(&table, rows); err != nil {
		t.Fatal(err)
	}
	if rows[0].State != models.Damaged || !strings.Contains(table.String(), "`parley models pull opus` puts it right") {
		t.Errorf("an empty folder is listed as %s:\n%s", rows[0].State, table.String())
	}
}

func TestProgressInPlainLines(t *testing.T) {
	var out bytes.Buffer
	p := &plainProgress{w: &out}
	for _, e := range []models.Event{
		{Stage: models.Waiting},
		{Stage: models.Downloading, Total: 2e6},
		{Stage: models.Downloading, Bytes: 1e6, Total: 2e6}, // too soon for another line
		{Stage: models.Done, Models: []string{"a", "b"}, Bytes: 2e6, Total: 2e6},
	} {
		p.report(e)
	}
	want := waitingText + "\nFetching models: 0.0 MB of 2.0 MB (0 %)\nReady: a, b\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestProgressAsABar(t *testing.T) {
	var out bytes.Buffer
	b := &barProgress{w: &out}
	b.finish() // nothing was fetched: nothing is shown
	if out.Len() != 0 {
		t.Errorf("without any event it shows %q", out.String())
	}
	b.report(models.Event{Stage: models.Unpacking, Models: []string{"ears"}, Bytes: 2e6, Total: 2e6})
	b.finish()
	if !strings.Contains(out.String(), "Unpacking ears") || !strings.Contains(out.String(), "100%") {
		t.Errorf("it shows %q", out.String())
	}
}

func TestModelsPullTakesWhatTheConfigUses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.yaml")
	text := `tts: {engine: openai, base_url: "http://127.0.0.1:9100/v1", model: tts-1, voice: alloy}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		command modelsPullCmd
		want    []string
	}{
		{"default", modelsPullCmd{}, []string{"efficientnet-lite0", "espeak", "moonshine-tiny-en", "opus", "piper-en-us-joe", "silero", "smart-turn"}},
		{"a voice from a provider", modelsPullCmd{Config: path}, []string{"efficientnet-lite0", "moonshine-tiny-en", "opus", "silero", "smart-turn"}},
		{"names", modelsPullCmd{Names: []string{"opus"}, Config: path}, []string{"opus"}},
		{"all", modelsPullCmd{All: true}, []string{"efficientnet-lite0", "espeak", "moonshine-tiny-en", "opus", "piper-en-us-joe", "product-photos", "silero", "smart-turn", "speech-samples"}},
	} {
		got, err := tt.command.names()
		slices.Sort(got)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, %v; want %v", tt.name, got, err, tt.want)
		}
	}
}
