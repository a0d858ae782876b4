// Command standin serves a stand-in for a provider of speech and language, for
// benchmarks: see package parley/internal/standin. It prints the base URL to put
// into a config and serves until it is told to stop.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"parley/audio"
	"parley/audio/resample"
	"parley/audio/wav"
	"parley/internal/standin"
)

type flags struct {
	Addr          string        `default:"127.0.0.1:9100" help:"Where to listen; port 0 takes a free one."`
	Transcript    time.Duration `default:"0ms" help:"Time from an upload to its transcript."`
	FirstToken    time.Duration `default:"0ms" help:"Time to the first piece of a reply; 0 means half of --first-sentence."`
	FirstSentence time.Duration `default:"200ms" help:"Time until the first sentence of a reply is complete."`
	FirstAudio    time.Duration `default:"50ms" help:"Time to the first sound of a clause."`
	Speed         float64       `default:"10" help:"How much faster than it plays sound is sent."`
	Hear          []string      `sep:"none" help:"A transcript to give; several are given in turn. Without any, the length of the sound."`
	Say           []string      `sep:"none" help:"A reply to give; several are given in turn."`
	WAV           string        `name:"wav" type:"existingfile" help:"A WAV file to serve as the voice."`
	Orders        bool          `help:"Ask for get_order_details when an order number is said."`
	Key           string        `env:"STANDIN_KEY" help:"Bearer token that requests must carry."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It writes the base URL to out.
func run(ctx context.Context, args []string, out io.Writer) error {
	var f flags
	parser, err := kong.New(&f, kong.Name("standin"), kong.Description("A provider that is none, with fixed delays."))
	if err != nil {
		return fmt.Errorf("building the command line: %w", err)
	}
	if _, err := parser.Parse(args); err != nil {
		return err
	}
	o := standin.Options{
		TranscriptDelay: f.Transcript, Transcripts: f.Hear,
		FirstToken: f.FirstToken, FirstSentence: f.FirstSentence, Replies: f.Say,
		FirstAudio: f.FirstAudio, Speed: f.Speed, Key: f.Key,
	}
	if f.WAV != "" {
		if o.Voice, err = readVoice(f.WAV); err != nil {
			return err
		}
	}
	if f.Orders {
		o.Tools = append(o.Tools, standin.OrderRule())
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.Addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", f.Addr, err)
	}
	if _, err := fmt.Fprintf(out, "http://%s/v1\n", listener.Addr()); err != nil {
		return errors.Join(fmt.Errorf("printing the address: %w", err), listener.Close())
	}
	server := &http.Server{Handler: standin.New(o), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		server.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// maxVoice bounds the WAV file that is served, in samples: ten minutes at 48 kHz.
const maxVoice = 10 * 60 * 48000

// readVoice reads a WAV file and brings it to the rate that is served.
func readVoice(path string) ([]int16, error) {
	pcm, rate, err := wav.ReadFile(path, maxVoice)
	if err != nil {
		return nil, fmt.Errorf("reading the voice: %w", err)
	}
	return resample.All(pcm, rate, audio.SpeakRate)
}
