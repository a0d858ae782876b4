package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/models"
	"parley/models/modeltest"
)

// find returns the finding with the name.
func find(t *testing.T, findings []finding, name string) finding {
	t.Helper()
	i := slices.IndexFunc(findings, func(f finding) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("nothing is said of %s in %+v", name, findings)
	}
	return findings[i]
}

func TestCheckOfABareMachine(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // neither python3 nor npm
	findings, err := (&checkCmd{Addr: "127.0.0.1:0"}).examine(t.Context(), filepath.Join(t.TempDir(), "not", "there"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]finding{
		"model opus":       {Outcome: missing, Advice: "parley models pull opus"},
		"model smart-turn": {Outcome: limited, Advice: "parley models pull smart-turn"},
		"pip":              {Outcome: missing},
		"npm":              {Outcome: missing},
		"models' folder":   {Outcome: ready},
		"print in photos":  {Outcome: limited, Advice: "install it (Debian: apt-get install tesseract-ocr), or write photos: {text: off}"},
		"HEIC photos":      {Outcome: limited, Advice: "install it (Debian: apt-get install libheif-examples), or write photos: {heic: off}"},
		"tcp port":         {Outcome: ready},
		"udp port":         {Outcome: ready},
	} {
		if got := find(t, findings, name); got.Outcome != want.Outcome || got.Advice != want.Advice {
			t.Errorf("%s: got %+v, want %s with advice %q", name, got, want.Outcome, want.Advice)
		}
	}
	if f := find(t, findings, "pip"); !strings.Contains(f.Detail, "apt-get install python3") {
		t.Errorf("of Python it says %q", f.Detail)
	}
	var out bytes.Buffer
	if err := printCheck(&out, checkAnswer{Findings: findings}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "to do: parley models pull opus") || !strings.Contains(out.String(), "Not ready") {
		t.Errorf("it prints:\n%s", out.String())
	}
}

func TestCheckOfThisMachine(t *testing.T) {
	for _, name := range []string{"opus", "silero", "moonshine-tiny-en", "piper-en-us-joe", "espeak"} {
		modeltest.Path(t, name)
	}
	lacking, err := models.Missing(models.Dir(), models.Required)
	if err != nil {
		t.Fatal(err)
	}
	if len(lacking) > 0 {
		t.Skipf("of other versions or not verified: %v; `make models` puts them right", lacking)
	}
	t.Setenv("PATH", t.TempDir()) // nothing is lacking, so no client is needed
	findings, err := (&checkCmd{Addr: "127.0.0.1:0"}).examine(t.Context(), models.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Outcome == missing {
			t.Errorf("%s is missing: %s", f.Name, f.Detail)
		}
	}
	for _, name := range []string{"Opus", "recogniser", "voice"} {
		find(t, findings, name)
	}
	if f := find(t, findings, "speech libraries"); !strings.Contains(f.Detail, "libsherpa-onnx") || !strings.Contains(f.Detail, "libonnxruntime") {
		t.Errorf("of the speech libraries it says %q", f.Detail)
	}
}

func TestCheckPortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if f := checkPort(t.Context(), "tcp", taken.Addr().String()); f.Outcome != limited || !strings.Contains(f.Advice, "--addr") {
		t.Errorf("a taken port: %+v", f)
	}
	if f := checkPort(t.Context(), "tcp", "192.0.2.1:80"); f.Outcome != missing {
		t.Errorf("an address of another machine: %+v", f)
	}
}

func TestCheckFolderThatIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if f := checkFolder(filepath.Join(file, "models"), true); f.Outcome != missing || !strings.Contains(f.Advice, models.DirVariable) {
		t.Errorf("got %+v", f)
	}
}

func TestCheckOfAConfig(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	outside := file("outside.yaml", `
server: {addr: "127.0.0.1:0"}
asr: {engine: openai, base_url: "http://127.0.0.1:9100/v1", model: whisper-1}
tts: {engine: openai, base_url: "http://127.0.0.1:9100/v1", model: tts-1, voice: alloy}
`)
	findings, err := (&checkCmd{Config: outside}).examine(t.Context(), filepath.Join(dir, "models"))
	if err != nil {
		t.Fatal(err)
	}
	if f := find(t, findings, "config"); f.Outcome != ready {
		t.Errorf("a right config: %+v", f)
	}
	find(t, findings, "model silero")
	for _, f := range findings {
		if strings.Contains(f.Name, "moonshine") || strings.Contains(f.Name, "piper") || strings.Contains(f.Name, "espeak") {
			t.Errorf("with speech from a provider it asks for %s", f.Name)
		}
	}

	findings, err = (&checkCmd{Config: file("wrong.yaml", "asr: {engine: ears}\nnothing: 1\n"), Addr: "127.0.0.1:0"}).examine(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var faults []finding
	for _, f := range findings {
		if f.Name == "config" {
			faults = append(faults, f)
		}
	}
	if len(faults) != 2 || faults[0].Outcome != missing || !strings.Contains(faults[0].Detail, "wrong.yaml:1:") || faults[1].Advice == "" {
		t.Errorf("of a config with two faults it says %+v", faults)
	}
}
