package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"image"
	"iter"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/config"
	"parley/llm"
)

// appBrain is the embedded brain, but that it uses a tool of the app's when it is asked
// to open a page.
type appBrain struct{ llm.Brain }

var pageWanted = regexp.MustCompile(`open the page about (\w+)`)

func (b appBrain) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	last := r.Messages[len(r.Messages)-1]
	offered := slices.ContainsFunc(r.Tools, func(t llm.Tool) bool { return t.Name == "open_page" })
	wanted := pageWanted.FindStringSubmatch(last.Text)
	return func(yield func(llm.Delta, error) bool) {
		switch {
		case last.Role == llm.User && offered && wanted != nil:
			arguments, err := json.Marshal(map[string]string{"page": wanted[1]})
			yield(llm.Delta{Text: "One moment. ", ToolCall: &llm.ToolCall{ID: "c1", Name: "open_page", Arguments: arguments}, Finish: llm.FinishTools}, err)
		case last.Role == llm.ToolRole && last.ToolName == "open_page":
			yield(llm.Delta{Text: "Done: " + strings.Trim(last.Text, `"`) + ".", Finish: llm.FinishStop}, nil)
		default:
			b.Brain.Generate(ctx, r)(yield)
		}
	}
}

// clientTime bounds a foreign client's run, with what it installs.
const clientTime = 2 * time.Minute

// packages installs the clients' packages where they stay from test to test, and
// returns the folder with the clients.
func packages(t *testing.T, fingerprint string, install func(dir string)) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	from := os.DirFS("testdata/realtime")
	wanted, err := os.ReadFile(filepath.Join("testdata/realtime", fingerprint))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "parley", "test-realtime", fingerprint)
	done := filepath.Join(dir, "installed")
	if have, err := os.ReadFile(done); err != nil || string(have) != string(wanted) {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(dir, from); err != nil {
			t.Fatal(err)
		}
		install(dir)
		if err := os.WriteFile(done, wanted, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"agents.mjs", "openai.mjs", "client.py", "browser.mjs"} { // which may have changed since
		text, err := os.ReadFile(filepath.Join("testdata/realtime", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// outside runs a program in a folder.
func outside(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clientTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "OPENAI_AGENTS_DISABLE_TRACING=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func nodePackages(t *testing.T) string {
	t.Helper()
	npm := program(t, "npm")
	return packages(t, "package.json", func(dir string) {
		outside(t, dir, npm, "install", "--no-audit", "--no-fund", "--no-package-lock")
	})
}

// npmInstall installs what a folder's package.json names, in a copy of the folder.
func (a *shopAgent) npmInstall(t *testing.T, folder string) (dir string) {
	t.Helper()
	npm := program(t, "npm")
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, folder))); err != nil {
		t.Fatal(err)
	}
	a.example(t, dir, npm, "install", "--no-audit", "--no-fund", "--no-package-lock")
	return dir
}

// recording is a file of what the embedded voice says, 16-bit samples at 24 kHz.
func (a *shopAgent) recording(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "speech.pcm")
	if err := os.WriteFile(path, littleEndian(a.say(t, text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheAgentsPackageOverAWebSocket(t *testing.T) {
	node := program(t, "node")
	dir := nodePackages(t)
	a := startAppAgent(t)
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(photo, packed(t, image.NewGray(image.Rect(0, 0, 64, 48))), 0o600); err != nil {
		t.Fatal(err)
	}
	out := outside(t, dir, node, "agents.mjs", a.url, a.recording(t, "Where is my order W one zero zero zero two?"), a.recording(t, "Wait. Where is my order W one zero zero zero two?"), photo)
	t.Log(out)
	if !strings.Contains(out, "all is well") {
		t.Error("it did not come to its end")
	}
}

func TestTheOpenAIPackageOfNPM(t *testing.T) {
	node := program(t, "node")
	dir := nodePackages(t)
	a := startAgent(t, func(*config.Config) {})
	// The package takes nothing but TLS.
	at, err := url.Parse(a.url)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(at))
	t.Cleanup(front.Close)
	authority := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NODE_EXTRA_CA_CERTS", authority)
	if out := outside(t, dir, node, "openai.mjs", front.URL, a.recording(t, "Where is my order W one zero zero zero two?")); !strings.Contains(out, "on its way") {
		t.Error(out)
	}
}

// pythonPackages installs what the clients in Python need.
func pythonPackages(t *testing.T) (dir string) {
	t.Helper()
	python := program(t, "python3")
	return packages(t, "requirements.txt", func(dir string) {
		outside(t, dir, python, "-m", "venv", "venv")
		outside(t, dir, filepath.Join(dir, "venv/bin/pip"), "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt")
	})
}

func TestTheExampleInPython(t *testing.T) {
	dir := pythonPackages(t)
	for _, name := range []string{"testdata/realtime", filepath.Join(root, "examples/python")} { // what was tried is what is installed
		want, err := os.ReadFile(filepath.Join(dir, "requirements.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if have, err := os.ReadFile(filepath.Join(name, "requirements.txt")); err != nil || string(have) != string(want) {
			t.Errorf("%s/requirements.txt: %s, %v", name, have, err)
		}
	}
	a := startAgent(t, func(c *config.Config) { c.Server.Keys = []config.Secret{exampleKey} })
	script, err := filepath.Abs(filepath.Join(root, "examples/python/ask.py"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if out := a.example(t, folder, filepath.Join(dir, "venv/bin/python"), script, "Do you sell headphones?"); !strings.Contains(out, "headphones") {
		t.Error(out)
	}
	if file, err := os.Stat(filepath.Join(folder, "answer.wav")); err != nil || file.Size() < 48_000 {
		t.Errorf("the voice: %v, %v", file, err)
	}
}

func TestTheOpenAIPackageOfPyPI(t *testing.T) {
	dir := pythonPackages(t)
	a := startAgent(t, func(*config.Config) {})
	if out := outside(t, dir, filepath.Join(dir, "venv/bin/python"), "client.py", a.url, a.recording(t, "Where is my order W one zero zero zero two?")); !strings.Contains(out, "on its way") {
		t.Error(out)
	}
}

// startAppAgent starts an agent whose brain knows an app's tool.
func startAppAgent(t *testing.T) *shopAgent {
	t.Helper()
	cfg, e, log := openAgent(t, func(*config.Config) {})
	e.brain = appBrain{e.brain}
	return serveAgent(t, cfg, e, log)
}
