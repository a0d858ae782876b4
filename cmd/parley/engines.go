package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"parley/agent"
	"parley/asr"
	asrlocal "parley/asr/local"
	asropenai "parley/asr/openai"
	"parley/audio"
	"parley/audio/g711"
	"parley/audio/opus"
	"parley/config"
	"parley/llm"
	"parley/llm/meter"
	"parley/photo/keep"
	"parley/photo/look"
	"parley/photo/text"
	"parley/prompts"
	"parley/record"
	"parley/recording"
	"parley/shop"
	"parley/tools/folder"
	"parley/tools/httptool"
	"parley/tools/mcptool"
	"parley/tts"
	ttslocal "parley/tts/local"
	ttsopenai "parley/tts/openai"
	"parley/vad"
	"parley/vad/silero"
	"parley/vad/smartturn"
)

// engines is all that conversations share.
type engines struct {
	cfg *config.Config
	log *slog.Logger

	book   *prompts.Book
	store  *shop.Store
	tools  *folder.Folder
	silero *silero.Model
	turns  vad.TurnModel
	asr    asr.Recognizer
	brain  llm.Brain
	meter  *meter.Meter
	http   *httptool.Client
	mcp    *mcptool.Servers
	spent  *brainMetrics
	voice  tts.Voice
	spare  tts.Voice
	eyes   *look.Eyes
	photos *keep.Folder
	// recordings is nil where calls are not recorded, stories where conversations are
	// kept nowhere.
	recordings *recording.Folder
	stories    *record.Store
	reader     *text.Reader // nil where no print is read
	opus       *opus.Library

	warming  sync.WaitGroup
	stopWarm context.CancelFunc
	closers  []func() error // in the order of opening
}

// openEngines opens what the config names. What the embedded default needs and
// is not there is an error that says what to do; what only makes it better is
// left out with a warning.
func openEngines(ctx context.Context, cfg *config.Config, models string, log *slog.Logger) (_ *engines, err error) {
	e := &engines{cfg: cfg, log: log}
	warm, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stopWarm = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if err = e.openMind(ctx); err != nil {
		return nil, err
	}
	if e.silero, err = silero.Load(filepath.Join(models, "silero", "silero_vad_16k_op15.onnx")); err != nil {
		return nil, fetchFirst("voice-activity detection", err)
	}
	e.opus = opus.Open(filepath.Join(models, "opus", "simd.wasm"), opusCache(), log)
	e.closers = append(e.closers, e.opus.Close)
	if err = e.openASR(models); err != nil {
		return nil, err
	}
	if err = e.openTTS(models); err != nil {
		return nil, err
	}
	e.openTurnModel(models)
	if err = e.openRecordings(); err != nil {
		return nil, err
	}
	if err = e.openRecord(); err != nil {
		return nil, err
	}
	if err = e.openEyes(ctx, models); err != nil {
		return nil, err
	}
	e.warm(warm)
	return e, nil
}

// openMind opens what a conversation needs by text: phrases, shop, tools, brain.
func (e *engines) openMind(ctx context.Context) (err error) {
	if e.book, err = prompts.Load(nil); err != nil {
		return fmt.Errorf("loading the phrases: %w", err)
	}
	if err = e.openShop(ctx); err != nil {
		return err
	}
	if err = e.openTools(ctx); err != nil {
		return err
	}
	return e.openBrain()
}

func (e *engines) close() error {
	if e.stopWarm != nil {
		e.stopWarm()
	}
	e.warming.Wait()
	var failures []error
	for i := len(e.closers) - 1; i >= 0; i-- {
		failures = append(failures, e.closers[i]())
	}
	return errors.Join(failures...)
}

// fetchFirst adds what to do about a model that is not there.
func fetchFirst(what string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w\nfetch it with: parley models pull", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// openShop opens the store and makes the demo shop in it.
func (e *engines) openShop(ctx context.Context) error {
	rules, err := shopRules(e.cfg.Shop)
	if err != nil {
		return err
	}
	place := e.cfg.Shop.DSN.Reveal()
	if place == "" {
		if place, err = shopFile(e.cfg.Shop.Data); err != nil {
			return err
		}
	}
	if e.store, err = shop.Open(ctx, place, e.log); err != nil {
		return fmt.Errorf("opening the shop's store: %w", err)
	}
	e.closers = append(e.closers, e.store.Close)
	e.store.SetRules(rules)
	if e.cfg.Shop.Demo == "off" {
		return nil
	}
	if err := e.store.SeedDemo(ctx, time.Now()); err != nil {
		return fmt.Errorf("making the demo shop: %w", err)
	}
	return nil
}

// shopRules reads the shop's own policy and lanes; those that the config does not
// name are the ones that come with the program.
func shopRules(c config.Shop) (shop.Rules, error) {
	rules, err := shop.DefaultRules()
	if err == nil && c.Policy != "" {
		rules.Policy, err = readPolicy(c.Policy)
	}
	if err == nil && c.Lanes != "" {
		rules.Lanes, err = readLanes(c.Lanes)
	}
	return rules, err
}

// shopFile is the store's file in the data folder, which is made when it is absent;
// "" is the user's.
func shopFile(dir string) (string, error) {
	if dir == "" {
		data, err := userData()
		if err != nil {
			return "", err
		}
		dir = data
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	return filepath.Join(dir, "shop.db"), nil
}

// userData is the user's folder for data, after the XDG base directory rules.
func userData() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "parley"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding a folder for the shop's data: %w; name one with --data", err)
	}
	return filepath.Join(home, ".local", "share", "parley"), nil
}

func (e *engines) openASR(models string) error {
	c := e.cfg.ASR
	if c.Engine == config.OpenAI {
		r, err := asropenai.New(asropenai.Options{
			BaseURL: c.BaseURL, Model: c.Model, APIKey: c.APIKey.Reveal(), Timeout: c.Timeout,
			Partials: c.Partials, Verbose: c.DetectLanguage, Prompt: c.Prompt, Log: e.log,
		})
		if err != nil {
			return fmt.Errorf("opening the recogniser: %w", err)
		}
		e.asr = r
		e.closers = append(e.closers, r.Close)
		return nil
	}
	dir := c.Dir
	if dir == "" {
		dir = filepath.Join(models, "moonshine-tiny-en")
	}
	r, err := asrlocal.Load(asrlocal.Options{Dir: dir, Threads: c.Threads, Parallel: c.Parallel})
	if err != nil {
		return fetchFirst("loading the recogniser", err)
	}
	e.asr = r
	e.closers = append(e.closers, r.Close)
	return nil
}

func (e *engines) openTTS(models string) error {
	c := e.cfg.TTS
	local, err := e.localVoice(models)
	if c.Engine != config.OpenAI {
		if err != nil {
			return fetchFirst("loading the voice", err)
		}
		e.voice = local
		return nil
	}
	if err == nil {
		e.spare = local // says sorry when the provider cannot
	} else {
		e.log.Info("no spare voice: when the provider fails, the apology is only written", "err", err)
	}
	v, err := ttsopenai.New(ttsopenai.Options{
		BaseURL: c.BaseURL, Model: c.Model, Voice: c.Voice, APIKey: c.APIKey.Reveal(), Format: ttsopenai.Format(c.Format),
		Rate: c.Rate, Instructions: c.Instructions, Speed: c.Speed, FirstByte: c.FirstByte, Between: c.Between, Log: e.log,
	})
	if err != nil {
		return fmt.Errorf("opening the voice: %w", err)
	}
	e.voice = v
	e.closers = append(e.closers, v.Close)
	return nil
}

func (e *engines) localVoice(models string) (*ttslocal.Voice, error) {
	c := e.cfg.TTS
	dir := c.Dir
	if dir == "" {
		dir = filepath.Join(models, "piper-en-us-joe")
	}
	v, err := ttslocal.Load(ttslocal.Options{
		Dir: dir, EspeakData: filepath.Join(models, "espeak", "espeak-ng-data"),
		Language: c.Language, Threads: c.Threads, Parallel: c.Parallel, Speed: c.Speed, Steadiness: c.Steadiness, Log: e.log,
	})
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, v.Close)
	return v, nil
}

// openTurnModel opens the end-of-turn model; without one, words and silence decide.
func (e *engines) openTurnModel(models string) {
	m, err := smartturn.Load(filepath.Join(models, "smart-turn", "smart-turn-v3.2-cpu.onnx"), smartturn.Options{})
	if err != nil {
		e.log.Info("no end-of-turn model: words and silence decide", "err", err)
		return
	}
	e.turns = m
	e.closers = append(e.closers, m.Close)
}

// warm has what will be needed made ready, in the background.
func (e *engines) warm(ctx context.Context) {
	if v, ok := e.voice.(*ttslocal.Voice); ok {
		e.warming.Go(func() { e.warmVoice(ctx, v) })
	} else if v, ok := e.spare.(*ttslocal.Voice); ok {
		e.warming.Go(func() { e.warmVoice(ctx, v) })
	}
}

// warmVoice keeps the sound of what is said in every call.
func (e *engines) warmVoice(ctx context.Context, v *ttslocal.Voice) {
	book := phrasebook{e.book, e.cfg.Shop.Name}
	var spoken []string
	for _, key := range []string{agent.PhraseApology, agent.PhraseGreeting, agent.PhraseResumed} {
		text, err := book.Phrase(e.cfg.Shop.Language, key, demoCaller(ctx, e.store))
		if err != nil {
			continue
		}
		for _, clause := range tts.Split(text) {
			spoken = append(spoken, tts.JoinSpoken(tts.Spoken(clause, e.cfg.Shop.Language)))
		}
	}
	if err := v.Warm(ctx, spoken); err != nil && ctx.Err() == nil {
		e.log.Warn("warming the voice", "err", err)
	}
}

// codecs are those that callers may use, the best first.
func (e *engines) codecs() []audio.Codec {
	return []audio.Codec{e.opus.Codec(), g711.MuLaw(), g711.ALaw()}
}
