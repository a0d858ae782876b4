package main

import (
	"bufio"
	"context"
	"errors"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parley/config"
	"parley/models/modeltest"
)

// program finds a program that an example needs beside Go. Where it is missing the
// test is skipped, or fails where nothing may be.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv(modeltest.AllVariable) == "1":
		t.Fatalf("there is no %s on this machine", name)
	default:
		t.Skipf("there is no %s on this machine", name)
	}
	return path
}

// example runs a command of an example against the agent, to its end.
func (a *shopAgent) example(t *testing.T, dir string, command ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PARLEY_URL="+a.url, "PARLEY_KEY="+exampleKey)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

const exampleKey = "a-key-for-the-examples-0123456789"

const root = "../.."

func TestTheExamplesInATerminal(t *testing.T) {
	a := startAgent(t, func(c *config.Config) { c.Server.Keys = []config.Secret{exampleKey} })
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(photo, packed(t, image.NewGray(image.Rect(0, 0, 64, 48))), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command []string
		want    string
	}{
		{[]string{program(t, "go"), "run", "./examples/go", "Do you sell headphones?"}, "headphones"},
		{[]string{program(t, "sh"), "examples/curl/ask.sh", "Do you sell headphones?"}, `"type":"reply.done"`},
		{[]string{program(t, "sh"), "examples/curl/ask.sh", "Is this in stock?", photo}, `"images":[`},
	} {
		if out := a.example(t, root, c.command...); !strings.Contains(out, c.want) {
			t.Errorf("%s said:\n%s", strings.Join(c.command, " "), out)
		}
	}
}

// serveExample runs the shop's own server of the examples, and returns its address.
func serveExample(t *testing.T, agent, folder string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program(t, "node"), filepath.Join(root, "examples/page/server.mjs"))
	cmd.Env = append(os.Environ(), "PARLEY_URL="+agent, "PARLEY_KEY="+exampleKey, "PORT="+strings.TrimPrefix(exampleOrigin, "http://127.0.0.1:"), "FOLDER="+folder)
	cmd.Stderr = testLog{t}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := cmd.Wait(); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
			t.Error(err)
		}
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("the example's server said nothing: %v", lines.Err())
	}
	return lines.Text()
}

// exampleOrigin is where the examples' server is: its port is known before it starts,
// for the agent's config names it.
const exampleOrigin = "http://127.0.0.1:3999"

func TestTheExamplesInABrowser(t *testing.T) {
	chromium(t)
	npm := program(t, "npm")
	a := startAgent(t, func(c *config.Config) {
		c.Server.Keys = []config.Secret{exampleKey}
		c.Access.Origins = []string{exampleOrigin}
	})
	t.Run("page", func(t *testing.T) {
		folder, err := filepath.Abs(filepath.Join(root, "examples/page"))
		if err != nil {
			t.Fatal(err)
		}
		p := openPage(t, serveExample(t, a.url, folder))
		p.untilInside("the button", "#launcher", "ask us")
		p.press("launcher")
		p.say("Where is my order W10002?")
		p.untilInside("the answer", ".log .agent", "on its way")
	})
	t.Run("react", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "examples/react"))); err != nil {
			t.Fatal(err)
		}
		a.example(t, dir, npm, "install", "--no-audit", "--no-fund", "--no-package-lock")
		a.example(t, dir, npm, "run", "build")
		p := openPage(t, serveExample(t, a.url, filepath.Join(dir, "site")))
		p.until("the element", inside+` !== null`)
		p.do("pressing the app's button", chromedp.Click("#ask", chromedp.ByQuery))
		p.untilText("the answer in the app", "#said", "on its way")
	})
}
