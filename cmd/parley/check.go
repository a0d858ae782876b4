package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	asrlocal "parley/asr/local"
	"parley/config"
	"parley/models"
	ttslocal "parley/tts/local"
)

// checkCmd says what is ready on this machine and what is missing.
type checkCmd struct {
	Config string `placeholder:"FILE" help:"The config that the server is going to run with."`
	Addr   string `placeholder:"HOST:PORT" help:"The address that the server is going to listen on; without it, the config's."`
	LLM    bool   `name:"llm" help:"Ask each language model in the config a question, and see how it calls tools. This costs a few hundred tokens."`
	JSON   bool   `name:"json" help:"As JSON."`
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
	cfg, findings := checkConfig(c.Config)
	used := modelsFor(cfg)
	here := make(map[string]bool)
	lacking := make(map[models.Kind]models.Need)
	for _, s := range m.List(dir) {
		if !slices.Contains(used, s.Model.Name) {
			continue
		}
		findings = append(findings, checkModel(s))
		here[s.Model.Name] = s.State == models.Ready
		if kind := s.Package.Kind; s.State != models.Ready && lacking[kind] != models.Required {
			lacking[kind] = s.Model.Need
		}
	}
	findings = append(findings, checkClients(ctx, lacking)...)
	findings = append(findings, checkFolder(dir, len(lacking) > 0), checkLibraries())
	findings = append(findings, checkEngines(ctx, cfg, dir, here)...)
	findings = append(findings, checkReader(ctx, cfg), checkHEIC(cfg))
	if cfg.LiveKit.URL != "" {
		findings = append(findings, checkLiveKit(ctx, cfg.LiveKit))
	}
	if cfg.Record.DSN.Reveal() != "" {
		findings = append(findings, checkRecord(ctx, cfg.Record))
	}
	if c.LLM {
		findings = append(findings, checkBrains(ctx, cfg)...)
	}
	addr := cmp.Or(c.Addr, cfg.Server.Addr)
	return append(findings, checkPort(ctx, "tcp", addr), checkPort(ctx, "udp", addr)), nil
}

// checkEngines tries the engines that run on this machine and whose models are
// here: sherpa-onnx may end the process over a file that is not right.
func checkEngines(ctx context.Context, cfg *config.Config, dir string, here map[string]bool) []finding {
	var findings []finding
	if here["opus"] {
		findings = append(findings, checkOpus(ctx, dir))
	}
	if cfg.ASR.Engine == config.Local && (cfg.ASR.Dir != "" || here["moonshine-tiny-en"]) {
		findings = append(findings, checkRecognizer(asrlocal.Options{
			Dir: cmp.Or(cfg.ASR.Dir, filepath.Join(dir, "moonshine-tiny-en")),
		}))
	}
	if cfg.TTS.Engine == config.Local && (cfg.TTS.Dir != "" || here["piper-en-us-joe"]) && here["espeak"] {
		findings = append(findings, checkVoice(ttslocal.Options{
			Dir:        cmp.Or(cfg.TTS.Dir, filepath.Join(dir, "piper-en-us-joe")),
			EspeakData: filepath.Join(dir, "espeak", "espeak-ng-data"),
			Language:   cfg.TTS.Language,
		}))
	}
	return findings
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
