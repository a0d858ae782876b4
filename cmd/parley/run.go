package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"parley/agent"
	"parley/api"
	"parley/api/realtime"
	"parley/api/rtvi"
	"parley/api/whip"
	"parley/config"
	"parley/metrics"
	"parley/models"
	"parley/room"
	"parley/web"
)

// runCmd starts the agent.
type runCmd struct {
	Addr   string `placeholder:"HOST:PORT" help:"Listen here (127.0.0.1:8080)."`
	Config string `placeholder:"FILE" help:"Read this config; without one all is embedded."`
	Data   string `placeholder:"DIR" help:"Keep the shop's data here."`
}

// drain is how long calls may take to end at shutdown.
const drain = 10 * time.Second

// Run serves until ctx ends, then hangs up and waits for what is under way.
func (r *runCmd) Run(ctx context.Context) error {
	cfg, err := r.config()
	if err != nil {
		return err
	}
	log := newLog(cfg.Log)
	if err := fetchMissing(ctx, cfg); err != nil {
		return err
	}
	engines, err := openEngines(ctx, cfg, models.Dir(), log)
	if err != nil {
		return err
	}
	err = serve(ctx, cfg, engines, log, announce)
	return errors.Join(err, engines.close())
}

// fetchMissing fetches the models that the config uses and that are not here. One
// that only makes the agent better may fail to come: the agent says so and does
// without.
func fetchMissing(ctx context.Context, cfg *config.Config) error {
	required, err := models.Missing(models.Dir(), models.Required)
	if err != nil {
		return fmt.Errorf("looking for the models: %w", err)
	}
	used := modelsFor(cfg)
	required = slices.DeleteFunc(required, func(name string) bool { return !slices.Contains(used, name) })
	err = fetchModels(ctx, models.Options{Names: used}, os.Stderr)
	if err != nil && len(required) == 0 {
		fmt.Fprintln(os.Stderr, "parley: going on without:", err)
		return nil
	}
	return err
}

// config reads the config file and lets the flags have the last word.
func (r *runCmd) config() (*config.Config, error) {
	cfg, err := loadConfig(r.Config, r.Data)
	if err != nil {
		return nil, err
	}
	if r.Addr != "" {
		cfg.Server.Addr = r.Addr
	}
	if config.Loopback(cfg.Server.Addr) {
		return cfg, nil
	}
	keys, err := openKeys(cfg)
	if err != nil {
		return nil, err
	}
	if !keys.Any() {
		return nil, fmt.Errorf("%s can be reached from other machines, and there are no keys: make one with parley keys create, or listen on 127.0.0.1", cfg.Server.Addr)
	}
	return cfg, nil
}

// loadConfig reads a config file, or is the default for ""; a folder for the data
// that is not "" has the last word.
func loadConfig(path, data string) (*config.Config, error) {
	cfg := config.Default()
	if path != "" {
		var err error
		if cfg, err = config.Load(path, os.LookupEnv); err != nil {
			return nil, err
		}
	}
	if data != "" {
		cfg.Shop.Data = data
	}
	return cfg, nil
}

func newLog(c config.Log) *slog.Logger {
	level := slog.LevelInfo
	_ = level.UnmarshalText([]byte(c.Level)) // the config has been checked
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// announce tells the person who started the program where to go.
func announce(url, notice string) {
	fmt.Println("Talk to it:", url)
	if notice != "" {
		fmt.Println(notice)
	}
}

// serve runs the server until ctx ends. It calls started once it listens.
func serve(ctx context.Context, cfg *config.Config, e *engines, log *slog.Logger, started func(url, notice string)) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Server.Addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", cfg.Server.Addr, err)
	}
	defer listener.Close()
	rooms, err := openRooms(cfg, e, log)
	if err != nil {
		return err
	}
	page, err := web.Handler()
	if err != nil {
		return err
	}
	host := agent.NewHost(cfg.Limits.Calls)
	door, worker, err := openLiveKit(cfg, e, host.Count, log)
	if err != nil {
		return err
	}
	counts, err := e.counts(host.Count, worker)
	if err != nil {
		return err
	}
	defer e.inBackground(ctx)()
	access, err := openAccess(cfg)
	if err != nil {
		return err
	}
	about := aboutAnswer{Shop: cfg.Shop.Name, Language: cfg.Shop.Language, Version: version, Languages: e.book.Languages(), Photos: e.eyes != nil, Recorded: e.recordings != nil}
	if !access.keys.Any() {
		about.Notice = demoNotice(demoCaller(ctx, e.store))
	}
	protocols := []api.Protocol{realtime.New(log), rtvi.New(rtvi.Config{STUN: cfg.WebRTC.STUN, Program: version, Log: log}), whip.New(whip.Config{STUN: cfg.WebRTC.STUN, Log: log})}
	if door != nil {
		protocols = append(protocols, door)
	}
	handler := api.New(api.Config{
		Host:       host,
		Rooms:      rooms,
		NewOptions: func(ctx context.Context) (agent.Options, error) { return e.conversation(ctx, about.Notice), nil },
		Watch:      counts.Watch,
		About:      about,
		Protocols:  protocols,
		Ready:      func() []string { return append(e.missing(ctx), unregistered(worker)...) },
		Agents:     func() []api.Agent { return []api.Agent{e.presented(about)} },
		Recordings: e.played(),
		Eyes:       e.eyes,
		Page:       page,
		Metrics:    counts.Handler(),
		Keys:       access.keys,
		Tokens:     access.tokens,
		Limits:     access.limits,
		Origins:    cfg.Access.Origins,
		Proxies:    cfg.Access.Proxies,
		Version:    version,
		Log:        log,
	})
	server := newServer(handler, log)
	secure, err := secured(cfg, server)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	scheme := "http://"
	if secure {
		scheme = "https://"
		go func() { failed <- server.ServeTLS(listener, "", "") }() // the certificates are in its config
	} else {
		go func() { failed <- server.Serve(listener) }()
	}
	leaveRooms := work(ctx, worker)
	takeNone := e.takeUp(ctx, door, worker, func() int { return cfg.Limits.Calls - host.Count() })
	started(scheme+listener.Addr().String(), about.Notice)

	select {
	case err = <-failed:
		err = fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
		log.Info("shutting down")
	}
	takeNone()
	leaveRooms()
	return errors.Join(err, shutdown(ctx, server, rooms, host, handler, counts))
}

// newServer is the HTTP server, with bounds on what a client may take its time for.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// inBackground runs what the engines do beside conversations until stop is called, which
// waits for it: it goes on while the server shuts down.
func (e *engines) inBackground(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { e.photos.Run(ctx) })
	if e.recordings != nil {
		running.Go(func() { e.recordings.Run(ctx) })
	}
	if e.stories != nil {
		running.Go(func() { e.stories.Run(ctx) })
	}
	return func() { cancel(); running.Wait() }
}

// shutdown ends everything in the order in which callers notice least: no new
// requests, calls hung up, conversations ended, streams closed.
func shutdown(ctx context.Context, server *http.Server, rooms *rooms, host *agent.Host, handler *api.Server, counts *metrics.Metrics) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	hung := rooms.server.Close(ctx)
	ended := host.Close(ctx, room.ErrShutdown)
	stopped := server.Shutdown(ctx)
	closed := handler.Close(ctx)
	if ended == nil {
		counts.Wait()
	}
	return errors.Join(hung, ended, stopped, closed)
}

// aboutAnswer is what GET /v1/about says.
type aboutAnswer struct {
	Shop     string `json:"shop"`
	Language string `json:"language"`
	Notice   string `json:"notice,omitempty"`
	Version  string `json:"version"`
	// Languages are those that a conversation can begin in.
	Languages []string `json:"languages"`
	// Photos says that messages may hold photos.
	Photos bool `json:"photos"`
	// Recorded says that calls are recorded.
	Recorded bool `json:"recorded"`
}
