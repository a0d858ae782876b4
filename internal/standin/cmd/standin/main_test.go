package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"parley/audio/wav"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServesUntilTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--addr", "127.0.0.1:0", "--hear", "One, two.", "--first-audio", "5ms"}, out)
		out.Close()
	}()
	base, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		t.Fatalf("%v, %v", err, <-ended)
	}
	resp, err := http.Get(strings.TrimSpace(base) + "/models")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got %d", resp.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestVoiceFromFile serves a recording of another rate.
func TestVoiceFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "voice.wav")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := wav.Write(f, slices.Repeat([]int16{4000}, 8000), 16000); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	pcm, err := readVoice(path)
	if err != nil || len(pcm) != 12000 || pcm[6000] < 3900 || pcm[6000] > 4100 {
		t.Errorf("%d samples, %v", len(pcm), err)
	}
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{"--addr", "nowhere"}, {"--speed", "fast"}, {"--what"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
