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
	"parley/internal/pythontest"
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

// nodePackages installs the clients' packages where they stay from test to test, and
// returns the folder with the clients.
func nodePackages(t *testing.T) string {
	t.Helper()
	npm := program(t, "npm")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	const from, list = "testdata/realtime", "package.json"
	wanted, err := os.ReadFile(filepath.Join(from, list))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "parley", "test-realtime", list)
	done := filepath.Join(dir, "installed")
	if have, err := os.ReadFile(done); err != nil || string(have) != string(wanted) {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		outside(t, dir, npm, "install", "--no-audit", "--no-fund", "--no-package-lock")
		if err := os.WriteFile(done, wanted, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"agents.mjs", "openai.mjs", "browser.mjs"} { // which may have changed since
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
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

// python is an interpreter that has what the clients in Python need.
func python(t *testing.T) string {
	t.Helper()
	wanted, err := os.ReadFile("testdata/realtime/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(pythontest.Programs(t, "openai", strings.Fields(string(wanted))...), "python")
}

func TestTheExampleInPython(t *testing.T) {
	interpreter := python(t)
	want, err := os.ReadFile("testdata/realtime/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.ReadFile(filepath.Join(root, "examples/python/requirements.txt")); err != nil || string(have) != string(want) { // what was tried is what is installed
		t.Errorf("the example's requirements.txt: %s, %v", have, err)
	}
	a := startAgent(t, func(c *config.Config) { c.Server.Keys = []config.Secret{exampleKey} })
	script, err := filepath.Abs(filepath.Join(root, "examples/python/ask.py"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if out := a.example(t, folder, interpreter, script, "Do you sell headphones?"); !strings.Contains(out, "headphones") {
		t.Error(out)
	}
	if file, err := os.Stat(filepath.Join(folder, "answer.wav")); err != nil || file.Size() < 48_000 {
		t.Errorf("the voice: %v, %v", file, err)
	}
}

func TestTheOpenAIPackageOfPyPI(t *testing.T) {
	interpreter := python(t)
	a := startAgent(t, func(*config.Config) {})
	if out := outside(t, "testdata/realtime", interpreter, "client.py", a.url, a.recording(t, "Where is my order W one zero zero zero two?")); !strings.Contains(out, "on its way") {
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
