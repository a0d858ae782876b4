package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/audio"
	"parley/audio/g711"
	"parley/audio/opus"
	"parley/audio/resample"
	"parley/audio/wav"
	"parley/caller"
	"parley/models"
)

// callCmd calls a voice agent and measures it.
type callCmd struct {
	URL string `arg:"" help:"Where the agent takes offers, such as http://127.0.0.1:8080/v1/realtime/calls."`

	Shape    string        `enum:"raw,json,livekit" default:"raw" help:"How offers are posted: raw SDP (application/sdp) or JSON ({sdp,type}); livekit measures through a room of a LiveKit server, whose address at the agent is the URL (…/v1/rooms/NAME)."`
	Prepare  *bool         `negatable:"" help:"With --shape livekit: have the agent go into the room ahead of the caller, or not. Default: as the agent does."`
	DTX      bool          `name:"dtx" help:"Ask the agent to send nothing while it is silent, as Parley's page does (not through a room)."`
	WAV      []string      `name:"wav" type:"existingfile" placeholder:"FILE" help:"A question; again for more, which are asked in turn. Without one, phrases of the speech samples among the models are spoken."`
	Turns    int           `placeholder:"N" help:"How many questions each call asks. Default: each file once."`
	BargeIn  time.Duration `placeholder:"AFTER" help:"Begin the next question so long after the beginning of an answer, such as 1.2s."`
	Sessions int           `default:"1" placeholder:"N" help:"How many calls to make at once. Default: 1."`
	JSON     bool          `name:"json" help:"Print the report as JSON."`

	Codec    string            `enum:"auto,opus,pcmu,pcma" default:"auto" help:"The codec to offer: auto (Opus where its encoder is on this machine, else PCMU), opus, pcmu or pcma."`
	Timeout  time.Duration     `default:"15s" help:"How long a connection and an answer may take."`
	Gap      time.Duration     `default:"500ms" help:"The pause between an answer and the next question."`
	Greeting time.Duration     `default:"1.5s" help:"How long to wait for a greeting of the agent before the first question; one that comes is heard out."`
	Stagger  time.Duration     `default:"100ms" help:"The time between the beginnings of two calls."`
	Header   map[string]string `placeholder:"NAME=VALUE" help:"A header for every request, such as Authorization='Bearer …'."`
	Record   string            `type:"path" placeholder:"FILE" help:"Write what the first call hears to a WAV file."`
	Verbose  bool              `short:"v" help:"Say what happens while it happens."`
}

// maxQuestion bounds a question, in samples: a minute at the highest rate there is.
const maxQuestion = 60 * 384000

// Run makes the calls and prints the report. It ends with status 1 when a question
// was not answered or a barge-in was not heard.
func (c *callCmd) Run(ctx context.Context) error {
	codec, done, err := c.codec(ctx)
	if err != nil {
		return err
	}
	defer done()
	speeches, err := c.speeches(codec)
	if err != nil {
		return err
	}
	options := caller.Options{
		URL: c.URL, Shape: caller.Shape(c.Shape), Prepared: c.Prepare, Pauses: c.DTX, Codec: codec, Speeches: speeches,
		Turns: c.Turns, BargeIn: c.BargeIn, Sessions: c.Sessions,
		Greeting: c.Greeting, Gap: c.Gap, Timeout: c.Timeout, Stagger: c.Stagger, Header: http.Header{},
	}
	for name, value := range c.Header {
		options.Header.Set(name, value)
	}
	var heard []int16
	if c.Record != "" {
		options.Record = func(pcm []int16) { heard = append(heard, pcm...) }
	}
	if c.Verbose {
		options.Progress = func(session int, message string) {
			fmt.Fprintf(os.Stderr, "call %d: %s\n", session+1, message)
		}
	}
	report, err := caller.Run(ctx, options)
	if c.Record != "" && len(heard) > 0 {
		err = errors.Join(err, wav.WriteFile(c.Record, heard, audio.HearRate))
	}
	if err != nil && (report == nil || !c.JSON) {
		return err // a program that reads JSON finds it in the report
	}
	if err := c.print(report); err != nil {
		return err
	}
	if !report.OK() {
		return exitCode(1)
	}
	return nil
}

func (c *callCmd) print(report *caller.Report) error {
	if !c.JSON {
		return report.Print(os.Stdout)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("printing the report: %w", err)
	}
	return nil
}

// codec finds the codec to offer; done frees it.
func (c *callCmd) codec(ctx context.Context) (codec audio.Codec, done func(), err error) {
	switch c.Codec {
	case "pcmu":
		return g711.MuLaw(), func() {}, nil
	case "pcma":
		return g711.ALaw(), func() {}, nil
	}
	library := opus.Open(filepath.Join(models.Dir(), "opus", "simd.wasm"), opusCache(), slog.New(slog.DiscardHandler))
	done = func() { _ = library.Close() }
	err = library.Ready(ctx)
	switch {
	case err == nil:
		return library.Codec(), done, nil
	case c.Codec == "auto" && errors.Is(err, fs.ErrNotExist):
		done()
		fmt.Fprintln(os.Stderr, "parley: calling with PCMU, because the Opus encoder is not on this machine (parley models pull opus)")
		return g711.MuLaw(), func() {}, nil
	}
	done()
	return audio.Codec{}, nil, err
}

// opusCache is where compiled code is kept between runs, "" for nowhere.
func opusCache() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "parley", "wazero")
}

// speeches reads the questions, or makes some of the samples among the models.
func (c *callCmd) speeches(codec audio.Codec) ([]*caller.Speech, error) {
	paths, samples := c.WAV, false
	if len(paths) == 0 {
		samples = true
		for _, name := range []string{"beckett.wav", "two_cities.wav"} {
			path := filepath.Join(models.Dir(), "speech-samples", name)
			if _, err := os.Stat(path); err == nil {
				paths = append(paths, path)
			}
		}
	}
	if len(paths) == 0 {
		return nil, errors.New("there is nothing to say: give a question with --wav FILE (or fetch samples: parley models pull speech-samples)")
	}
	speeches := make([]*caller.Speech, 0, len(paths))
	for _, path := range paths {
		pcm, err := readWAV(path)
		if err != nil {
			return nil, err
		}
		if samples {
			pcm = caller.FirstPhrase(pcm)
		}
		speech, err := caller.NewSpeech(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), pcm, codec)
		if err != nil {
			return nil, err
		}
		speeches = append(speeches, speech)
	}
	return speeches, nil
}

// readWAV reads a recording at audio.SpeakRate.
func readWAV(path string) ([]int16, error) {
	pcm, rate, err := wav.ReadFile(path, maxQuestion)
	if err != nil {
		return nil, err
	}
	if pcm, err = resample.All(pcm, rate, audio.SpeakRate); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return pcm, nil
}
