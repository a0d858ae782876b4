package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	asrlocal "parley/asr/local"
	"parley/audio/opus"
	"parley/models"
)

// checkCmd says what is ready on this machine and what is missing.
type checkCmd struct {
	Addr string `default:"127.0.0.1:8080" help:"The address that the server is going to listen on."`
	JSON bool   `name:"json" help:"As JSON."`
}

// outcome is what a check found.
type outcome string

const (
	ready   outcome = "ready"
	missing outcome = "missing" // the program does not work without it
	limited outcome = "limited" // the program works, but not as well
)

// finding is one line of the check's answer.
type finding struct {
	Name    string  `json:"name"`
	Outcome outcome `json:"outcome"`
	Detail  string  `json:"detail"`           // what was found, in plain words
	Advice  string  `json:"advice,omitempty"` // what to do about it
}

// checkAnswer is the output of check --json.
type checkAnswer struct {
	Ready    bool      `json:"ready"` // nothing that is required is missing
	Version  string    `json:"version"`
	Findings []finding `json:"findings"`
}

// checkWait bounds each try at an engine.
const checkWait = 30 * time.Second

// Run prints the findings; the exit status is 1 when something required is
// missing.
func (c *checkCmd) Run(ctx context.Context) error {
	findings, err := c.examine(ctx, models.Dir())
	if err != nil {
		return err
	}
	answer := checkAnswer{Ready: true, Version: version, Findings: findings}
	for _, f := range findings {
		answer.Ready = answer.Ready && f.Outcome != missing
	}
	if c.JSON {
		err = printJSON(os.Stdout, answer)
	} else {
		err = printCheck(os.Stdout, answer)
	}
	if err != nil {
		return fmt.Errorf("printing what was found: %w", err)
	}
	if !answer.Ready {
		return exitCode(1)
	}
	return nil
}

// examine looks at everything, in the order in which things are needed.
func (c *checkCmd) examine(ctx context.Context, dir string) ([]finding, error) {
	m, err := models.Default()
	if err != nil {
		return nil, err
	}
	var findings []finding
	here := make(map[string]bool)
	lacking := make(map[models.Kind]models.Need)
	for _, s := range m.List(dir) {
		if s.Model.Need == models.Tests {
			continue
		}
		findings = append(findings, checkModel(s))
		here[s.Model.Name] = s.State == models.Ready
		if kind := s.Package.Kind; s.State != models.Ready && lacking[kind] != models.Required {
			lacking[kind] = s.Model.Need
		}
	}
	findings = append(findings, checkClients(ctx, lacking)...)
	findings = append(findings, checkFolder(dir, len(lacking) > 0))
	if here["opus"] {
		findings = append(findings, checkOpus(ctx, dir))
	}
	if here["moonshine-tiny-en"] {
		findings = append(findings, checkSpeech(dir))
	}
	return append(findings, checkPort(ctx, "tcp", c.Addr), checkPort(ctx, "udp", c.Addr)), nil
}

// lackOf is the outcome when something that is needed so much is not there.
func lackOf(need models.Need) outcome {
	if need == models.Required {
		return missing
	}
	return limited
}

func checkModel(s models.Status) finding {
	f := finding{Name: "model " + s.Model.Name, Outcome: ready, Detail: s.Model.Purpose}
	if s.State != models.Ready {
		f.Outcome = lackOf(s.Model.Need)
		f.Detail = fmt.Sprintf("%s: %s", s.Model.Purpose, s.Problem)
		f.Advice = "parley models pull " + s.Model.Name
	}
	return f
}

// checkClients looks for the programs that download what is lacking. They are
// not needed when all is here.
func checkClients(ctx context.Context, lacking map[models.Kind]models.Need) []finding {
	var findings []finding
	for _, kind := range []models.Kind{models.Pip, models.Npm} {
		f := finding{Name: string(kind), Outcome: ready, Detail: "downloads models"}
		need, needed := lacking[kind]
		if err := models.CheckClient(ctx, kind); err != nil {
			f.Detail = err.Error()
			f.Outcome = lackOf(need)
			if !needed {
				f.Outcome, f.Detail = ready, "not on this machine, and not needed: its models are here"
			}
		}
		findings = append(findings, f)
	}
	return findings
}

// checkFolder looks whether models can be put into the folder, or into the one
// that it will be made in.
func checkFolder(dir string, needed bool) finding {
	f := finding{Name: "models' folder", Outcome: ready, Detail: dir}
	at := dir
	for {
		err := unix.Access(at, unix.W_OK)
		if err == nil {
			return f
		}
		if !errors.Is(err, unix.ENOENT) || at == filepath.Dir(at) {
			f.Detail = fmt.Sprintf("%s cannot be written to: %v", at, err)
			break
		}
		at = filepath.Dir(at)
	}
	if needed {
		f.Outcome = missing
		f.Advice = "set " + models.DirVariable + " to a folder that you may write to"
	}
	return f
}

// checkOpus compiles the codec and makes an encoder.
func checkOpus(ctx context.Context, dir string) finding {
	f := finding{Name: "Opus", Outcome: ready, Detail: "compiles"}
	ctx, cancel := context.WithTimeout(ctx, checkWait)
	defer cancel()
	library := opus.Open(filepath.Join(dir, "opus", "simd.wasm"), "", slog.New(slog.DiscardHandler))
	err := library.Ready(ctx)
	if err == nil {
		_, err = library.Codec().NewEncoder()
	}
	if err = errors.Join(err, library.Close()); err != nil {
		f.Outcome, f.Detail = limited, fmt.Sprintf("%v; calls use G.711, which sounds like a telephone", err)
		f.Advice = "parley models list --verify"
	}
	return f
}

// checkSpeech loads the recogniser, and so the speech libraries that this
// program is linked with.
func checkSpeech(dir string) finding {
	f := finding{Name: "speech engines", Outcome: ready}
	recognizer, err := asrlocal.Load(asrlocal.Options{Dir: filepath.Join(dir, "moonshine-tiny-en")})
	if err == nil {
		err = recognizer.Close()
	}
	if err != nil {
		f.Outcome, f.Detail, f.Advice = missing, err.Error(), "parley models list --verify"
		return f
	}
	f.Detail = "loaded " + strings.Join(loadedLibraries("/proc/self/maps"), ", ")
	return f
}

// loadedLibraries lists the shared libraries of the speech engines that the
// process has mapped, from the kernel's list at path.
func loadedLibraries(path string) []string {
	maps, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var libraries []string
	seen := make(map[string]bool)
	for line := range strings.Lines(string(maps)) {
		at := strings.IndexByte(line, '/')
		if at < 0 {
			continue
		}
		name := strings.TrimSpace(line[at:])
		base := filepath.Base(name)
		if (strings.HasPrefix(base, "libsherpa-onnx") || strings.HasPrefix(base, "libonnxruntime")) && !seen[name] {
			seen[name] = true
			libraries = append(libraries, name)
		}
	}
	return libraries
}

// checkPort looks whether the server could listen there.
func checkPort(ctx context.Context, network, addr string) finding {
	f := finding{Name: network + " port", Outcome: ready, Detail: addr + " is free"}
	var listen net.ListenConfig
	var listening io.Closer
	var err error
	if network == "udp" {
		listening, err = listen.ListenPacket(ctx, network, addr)
	} else {
		listening, err = listen.Listen(ctx, network, addr)
	}
	if err == nil {
		err = listening.Close()
	}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		f.Outcome, f.Detail = limited, addr+" is taken, perhaps by a server that runs already"
		f.Advice = "parley run --addr with another port"
	case err != nil:
		f.Outcome, f.Detail = missing, err.Error()
		f.Advice = "parley run --addr with an address of this machine"
	}
	return f
}

// printCheck prints the findings for people.
func printCheck(w io.Writer, answer checkAnswer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range answer.Findings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Outcome, f.Name, f.Detail)
		if f.Advice != "" {
			fmt.Fprintf(table, "\t\tto do: %s\n", f.Advice)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	last := "Ready: `parley run` starts."
	if !answer.Ready {
		last = "Not ready: what is marked missing is needed."
	}
	_, err := fmt.Fprintf(w, "\n%s\n", last)
	return err
}
