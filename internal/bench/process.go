package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parley/caller"
	"parley/internal/livekittest"
)

// workshop is what all scenarios share: the programs, and the questions as WAVs.
type workshop struct {
	dir       string
	parley    string
	standin   string
	questions []string
}

func newWorkshop(ctx context.Context, binary string) (*workshop, error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder to work in: %w", err)
	}
	w := &workshop{dir: dir, parley: binary, standin: filepath.Join(dir, "standin")}
	build := exec.CommandContext(ctx, "go", "build", "-o", w.standin, "./internal/standin/cmd/standin")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		w.close()
		return nil, fmt.Errorf("building the stand-in providers: %w", err)
	}
	if w.questions, err = speakQuestions(ctx, dir); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *workshop) close() { _ = os.RemoveAll(w.dir) }

// server is a running Parley, with or without stand-in providers beside it.
type server struct {
	w       *workshop
	url     string
	process *exec.Cmd
	beside  []*exec.Cmd
	rooms   *livekittest.Server // nil for a server without
}

const config = `
asr: {engine: openai, base_url: "%[1]s", model: stand-in}
llm: [{engine: openai, base_url: "%[1]s", model: stand-in}]
tts: {engine: openai, base_url: "%[1]s", model: stand-in, voice: stand-in}
limits: {calls: 300, connecting: 300}
log: {level: warn}
`

// inRooms adds a LiveKit server, whose secret is in the environment, to config.
const inRooms = `
livekit: {url: "%s", api_key: "%s", api_secret: "${LIVEKIT_API_SECRET}", grace: 2s}
`

// start starts Parley and waits until it is ready.
func (w *workshop) start(ctx context.Context, providers bool) (*server, error) {
	return w.startBeside(ctx, providers, nil)
}

// startBeside is start with a LiveKit server, if it is not nil, whose rooms Parley joins;
// stop ends that as well.
func (w *workshop) startBeside(ctx context.Context, providers bool, rooms *livekittest.Server) (*server, error) {
	s := &server{w: w, rooms: rooms}
	args := []string{"run", "--addr", "127.0.0.1:0", "--data", filepath.Join(w.dir, "data")}
	if providers {
		base, err := s.startStandin(ctx)
		if err != nil {
			s.stop()
			return nil, err
		}
		file := filepath.Join(w.dir, "parley.yaml")
		text := fmt.Appendf(nil, config, base)
		if rooms != nil {
			text = fmt.Appendf(text, inRooms, rooms.URL(), livekittest.Key)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			s.stop()
			return nil, fmt.Errorf("writing the config: %w", err)
		}
		args = append(args, "--config", file)
	}
	s.process = exec.CommandContext(ctx, w.parley, args...)
	s.process.Env = append(os.Environ(), "LIVEKIT_API_SECRET="+livekittest.Secret)
	line, err := s.launch(s.process)
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("starting parley: %w", err)
	}
	s.url = line[strings.Index(line, "http://"):]
	if err := s.waitReady(ctx); err != nil {
		s.stop()
		return nil, err
	}
	if err := s.waitIdle(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// waitIdle waits until Parley has nothing to do of its own any more: after the
// start it prepares phrases in the background.
func (s *server) waitIdle(ctx context.Context) error {
	const idle = 0.005 // processor seconds a second
	for range 60 {
		before, err := cpuSeconds(s.process.Process.Pid)
		if err != nil {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		after, err := cpuSeconds(s.process.Process.Pid)
		if err != nil {
			return err
		}
		if after-before <= idle {
			return nil
		}
	}
	return errors.New("parley is at work although nobody calls")
}

// startStandin starts the providers. The replies are some seconds long, so that
// there is something to interrupt.
func (s *server) startStandin(ctx context.Context) (base string, err error) {
	cmd := exec.CommandContext(ctx, s.w.standin, "--addr", "127.0.0.1:0", "--first-sentence", "200ms", "--first-audio", "50ms",
		"--hear", "Where is my order?", "--hear", "What can you do?",
		"--say", "Your order is on its way to you. It left the warehouse yesterday and should be with you by the end of the week.")
	s.beside = append(s.beside, cmd)
	line, err := s.launch(cmd)
	if err != nil {
		return "", fmt.Errorf("starting the stand-in providers: %w", err)
	}
	return line, nil
}

// launch starts a program and returns the first line that it prints.
func (s *server) launch(cmd *exec.Cmd) (string, error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return "", fmt.Errorf("%s said nothing", filepath.Base(cmd.Path))
	}
	first := lines.Text()
	go func() { // so that it never waits for a reader; ends with the program
		for lines.Scan() {
		}
	}()
	return first, nil
}

func (s *server) waitReady(ctx context.Context) error {
	for range 100 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return fmt.Errorf("parley at %s did not become ready", s.url)
}

// stop ends the programs, Parley first.
func (s *server) stop() {
	for _, cmd := range append([]*exec.Cmd{s.process}, s.beside...) {
		if cmd == nil || cmd.Process == nil {
			continue
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // how it ended does not matter here
	}
	if s.rooms != nil {
		s.rooms.Kill()
	}
}

// call is one run of parley call.
type call struct {
	sessions, turns int
	bargeIn         time.Duration
	questions       []string
	room            string   // the name of a LiveKit room to talk in; "" calls directly
	flags           []string // more of parley call's
}

func (s *server) call(ctx context.Context, c call) (*caller.Report, error) {
	args := []string{"call", "--json", "--dtx", "--sessions", strconv.Itoa(c.sessions), "--turns", strconv.Itoa(c.turns)}
	for _, q := range c.questions {
		args = append(args, "--wav", q)
	}
	if c.bargeIn > 0 {
		args = append(args, "--barge-in", c.bargeIn.String())
	}
	address := s.url + "/v1/realtime/calls"
	if c.room != "" {
		args, address = append(args, "--shape", "livekit"), s.url+"/v1/rooms/"+c.room
	}
	args = append(append(args, c.flags...), address)
	cmd := exec.CommandContext(ctx, s.w.parley, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var report caller.Report
	if jsonErr := json.Unmarshal(out, &report); jsonErr != nil {
		return nil, fmt.Errorf("reading the report of parley call: %w", errorOr(err, jsonErr))
	}
	return &report, nil // a missed turn is a figure, not a failure of the benchmark
}

func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// load is a call with what it cost the server.
type load struct {
	report    *caller.Report
	perMinute float64 // processor seconds per minute and call
	peak      float64 // highest resident memory while the calls went on, bytes
}

func (s *server) load(ctx context.Context, c call) (*load, error) {
	pid := s.process.Process.Pid
	sampling, stop := context.WithCancel(ctx)
	peak := make(chan float64, 1)
	go func() { peak <- peakMemory(sampling, pid) }()
	before, err := cpuSeconds(pid)
	if err != nil {
		stop()
		return nil, err
	}
	report, err := s.call(ctx, c)
	stop()
	highest := <-peak
	if err != nil {
		return nil, err
	}
	after, err := cpuSeconds(pid)
	if err != nil {
		return nil, err
	}
	return &load{report, (after - before) / (report.Seconds / 60) / float64(c.sessions), highest}, nil
}

// ticksPerSecond is USER_HZ, which is 100 on every Linux.
const ticksPerSecond = 100

// cpuSeconds is the processor time of a process so far, user and system; proc(5).
func cpuSeconds(pid int) (float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the processor time: %w", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var total float64
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the processor time: %w", err)
		}
		total += n
	}
	return total / ticksPerSecond, nil
}

// peakMemory samples the resident memory until ctx ends.
func peakMemory(ctx context.Context, pid int) (highest float64) {
	every := time.NewTicker(500 * time.Millisecond)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			if statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid)); err == nil {
				if fields := strings.Fields(string(statm)); len(fields) > 1 {
					pages, _ := strconv.ParseFloat(fields[1], 64)
					highest = max(highest, pages*float64(os.Getpagesize()))
				}
			}
		case <-ctx.Done():
			return highest
		}
	}
}
