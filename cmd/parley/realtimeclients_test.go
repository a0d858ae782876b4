package main

import (
	"encoding/binary"
	"image"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parley/audio"
	"parley/config"
	"parley/internal/standin"
)

// rawSpeech writes speech as 16-bit samples at 24 kHz, with quiet around it.
func (a *shopAgent) rawSpeech(t *testing.T, text string) string {
	t.Helper()
	quiet := make([]int16, audio.SpeakRate/2)
	var data []byte
	for _, part := range [][]int16{quiet, a.say(t, text), quiet} {
		for _, v := range part {
			data = binary.LittleEndian.AppendUint16(data, uint16(v))
		}
	}
	file, err := os.CreateTemp(t.TempDir(), "*.pcm")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(data); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// nodeClients installs the clients of the Realtime protocol, as they are published.
func (a *shopAgent) nodeClients(t *testing.T) (dir string) {
	t.Helper()
	program(t, "node")
	return a.npmInstall(t, "api/realtime/testdata/clients")
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

// TestUnmodifiedClientsOverWebSocket: what is published for the protocol works, as it is.
func TestUnmodifiedClientsOverWebSocket(t *testing.T) {
	a := startAgent(t, func(*config.Config) {})
	dir := a.nodeClients(t)
	question, interruption := a.rawSpeech(t, "Where is my order W one zero zero zero two?"), a.rawSpeech(t, "Wait. Where is my order W one zero zero zero four?")
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(photo, packed(t, image.NewGray(image.Rect(0, 0, 320, 240))), 0o600); err != nil {
		t.Fatal(err)
	}
	address := "ws" + strings.TrimPrefix(a.url, "http") + "/v1/realtime"
	if out := a.example(t, dir, "node", "agents.mjs", address, question, interruption, photo); !strings.Contains(out, "all went well") {
		t.Error(out)
	}
}

// TestTheOpenAIPackageOverTLS: it takes no other connection.
func TestTheOpenAIPackageOverTLS(t *testing.T) {
	var cert string
	a := startAgent(t, func(c *config.Config) {
		c.Server.CertFile, c.Server.KeyFile = selfSigned(t)
		cert = c.Server.CertFile
	})
	t.Setenv("NODE_EXTRA_CA_CERTS", cert)
	dir := a.nodeClients(t)
	if out := a.example(t, dir, "node", "openai.mjs", a.url+"/v1/realtime"); !strings.Contains(out, "all went well") {
		t.Error(out)
	}
}

// TestAToolOfAnUnmodifiedClient: a language model calls what the client runs itself.
func TestAToolOfAnUnmodifiedClient(t *testing.T) {
	brain := httptest.NewServer(standin.New(standin.Options{
		Tools: []standin.ToolRule{{Match: regexp.MustCompile(`coupon (\w+)`), Tool: "lookup_coupon", Arguments: `{"code":"$1"}`}},
	}))
	t.Cleanup(brain.Close)
	a := startAgent(t, func(c *config.Config) {
		c.LLM = []config.LLM{{Engine: config.OpenAI, BaseURL: brain.URL + "/v1", Model: "stand-in"}}
	})
	dir := a.nodeClients(t)
	if out := a.example(t, dir, "node", "tool.mjs", "ws"+strings.TrimPrefix(a.url, "http")+"/v1/realtime"); !strings.Contains(out, "all went well") {
		t.Error(out)
	}
}
