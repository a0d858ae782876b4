// Package webrtc is the room that a browser, an app or any other WebRTC client
// walks into directly, without a media server between. It stands on pion.
//
// A [Server] owns one UDP port (and, if wanted, one TCP port) that all calls
// share. [Server.Answer] turns an offer into an answer and a [Call]. Each call has
// an owner goroutine, one that reads sound and one that sends it; whoever wants to
// end it cancels its context with a cause, and everything else follows from that.
package webrtc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	pion "github.com/pion/webrtc/v4"

	"parley/audio"
	"parley/room"
)

// Defaults of [Config].
const (
	DefaultMaxCalls       = 250
	DefaultMaxConnecting  = 100
	DefaultConnectTimeout = 15 * time.Second
	DefaultGatherTimeout  = time.Second
	// DefaultLostAfter outlasts a change from Wi-Fi to mobile, which a client heals
	// with an ICE restart, and frees the line soon after.
	DefaultLostAfter = 12 * time.Second
	// DefaultMuteAfter outlasts a person's look at the question whether the page may
	// use the microphone.
	DefaultMuteAfter = 30 * time.Second
)

// keepalive is how often a connection without other traffic shows a sign of life.
const keepalive = 2 * time.Second

// ICEServer is a STUN or TURN server.
type ICEServer struct {
	// URLs are of the forms "stun:host:port" and "turn:host:port?transport=udp".
	URLs []string
	// Username and Credential are for TURN only.
	Username, Credential string
}

// Config says how a [Server] is reached and how much it takes on.
type Config struct {
	// UDP and TCP are the addresses, host and port, that all calls share. A port of
	// 0 takes a free one. At least one is needed. On a loopback or unspecified
	// address, loopback candidates are offered too. An unspecified address means
	// those that the machine has when the server starts.
	UDP, TCP string
	// ICEServers are used on this side only. A client needs its own.
	ICEServers []ICEServer
	// PublicIPs are offered beside the local addresses, for a server behind a 1:1 NAT.
	PublicIPs []string
	// Codecs that are understood, in order of preference.
	Codecs []audio.Codec
	// MaxCalls bounds the calls at once, MaxConnecting those among them that are not
	// connected yet. 0 takes the default, a negative number is no bound.
	MaxCalls, MaxConnecting int
	// ConnectTimeout is how long a client may take from answer to connection.
	ConnectTimeout time.Duration
	// LostAfter is how long nothing at all may come from a client before it is lost.
	LostAfter time.Duration
	// MuteAfter is how long a client may be connected without a single packet of sound
	// or message on a channel: such a call serves nobody. Later silence is a person's.
	MuteAfter time.Duration
	// GatherTimeout bounds the wait for STUN and TURN servers; an answer goes out
	// without what they would have added.
	GatherTimeout time.Duration
	// Log takes what an operator should know; pion's own messages come at debug level.
	Log *slog.Logger
}

// Server answers offers. Its methods may be called from any goroutine.
type Server struct {
	config Config
	log    *slog.Logger
	// engines holds one for each codec, so that an answer names exactly the codec
	// that was chosen and a client cannot switch in mid-call.
	engines  map[string]*pion.MediaEngine
	settings pion.SettingEngine
	ice      pion.Configuration

	udpAddr, tcpAddr net.Addr
	closers          []func() error

	mu         sync.Mutex
	calls      map[*Call]struct{}
	connecting int
	closing    bool
}

// Stats counts calls.
type Stats struct {
	// Calls is how many there are, Connecting how many of them are not connected yet.
	Calls, Connecting int
}

// New opens the ports and returns a server that answers on them.
func New(config Config) (*Server, error) { return newServer(config, net.ListenPacket) }

// newServer takes the function that opens the UDP port, so that a test can put a
// bad network there.
func newServer(config Config, listen listenPacket) (*Server, error) {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if len(config.Codecs) == 0 {
		return nil, errors.New("a room needs at least one codec")
	}
	if config.UDP == "" && config.TCP == "" {
		return nil, errors.New("a room needs a UDP or a TCP address")
	}
	config.MaxCalls = orDefault(config.MaxCalls, DefaultMaxCalls)
	config.MaxConnecting = orDefault(config.MaxConnecting, DefaultMaxConnecting)
	config.ConnectTimeout = orDefault(config.ConnectTimeout, DefaultConnectTimeout)
	config.LostAfter = orDefault(config.LostAfter, DefaultLostAfter)
	config.MuteAfter = orDefault(config.MuteAfter, DefaultMuteAfter)
	config.GatherTimeout = orDefault(config.GatherTimeout, DefaultGatherTimeout)

	s := &Server{
		config:  config,
		log:     config.Log,
		engines: make(map[string]*pion.MediaEngine, len(config.Codecs)),
		calls:   make(map[*Call]struct{}),
	}
	for _, server := range config.ICEServers {
		s.ice.ICEServers = append(s.ice.ICEServers, pion.ICEServer{
			URLs: server.URLs, Username: server.Username, Credential: server.Credential,
		})
	}

	if err := errors.Join(s.setUpCodecs(), s.listen(listen)); err != nil {
		return nil, errors.Join(err, s.closePorts())
	}
	return s, nil
}

func orDefault[T int | time.Duration](value, fallback T) T {
	if value == 0 {
		return fallback
	}
	return value
}

// listen opens the ports and puts them into pion's settings.
func (s *Server) listen(listen listenPacket) error {
	settings := &s.settings
	var networks []pion.NetworkType
	loopback := false
	var loggers logging.LoggerFactory = slogFactory{s.log}

	if s.config.UDP != "" {
		mux, addr, err := listenUDP(listen, s.config.UDP, loggers.NewLogger("udpmux"))
		if err != nil {
			return fmt.Errorf("opening the room's UDP port: %w", err)
		}
		s.udpAddr = addr
		s.closers = append(s.closers, mux.Close)
		settings.SetICEUDPMux(mux)
		networks = append(networks, pion.NetworkTypeUDP4, pion.NetworkTypeUDP6)
		loopback = loopback || reachesLoopback(s.udpAddr)
	}
	if s.config.TCP != "" {
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.config.TCP)
		if err != nil {
			return fmt.Errorf("opening the room's TCP port: %w", err)
		}
		s.tcpAddr = listener.Addr()
		mux := ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: listener,
			Logger:   loggers.NewLogger("tcpmux"),
			// In packets. Sound that waits behind more than this is too old to hear.
			ReadBufferSize: 32,
			// In bytes, per connection: some seconds of sound.
			WriteBufferSize:              64 << 10,
			FirstStunBindTimeout:         10 * time.Second,
			AliveDurationForConnFromStun: s.config.ConnectTimeout,
		})
		s.closers = append(s.closers, mux.Close)
		settings.SetICETCPMux(mux)
		networks = append(networks, pion.NetworkTypeTCP4, pion.NetworkTypeTCP6)
		loopback = loopback || reachesLoopback(s.tcpAddr)
		if bound := addrIP(s.tcpAddr); bound != nil && !bound.IsUnspecified() {
			// pion offers TCP on every interface unless told where it listens.
			settings.SetIPFilter(func(ip net.IP) bool { return ip.Equal(bound) })
		}
	}

	settings.LoggerFactory = loggers
	settings.SetNetworkTypes(networks)
	settings.SetIncludeLoopbackCandidate(loopback)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.DisableActiveTCP(true)
	doubtAfter := s.config.LostAfter / 3
	settings.SetICETimeouts(doubtAfter, s.config.LostAfter-doubtAfter, min(keepalive, doubtAfter/2))
	settings.SetSTUNGatherTimeout(s.config.GatherTimeout)
	settings.DetachDataChannels()
	settings.SetSCTPMaxMessageSize(maxMessage)
	settings.SetSCTPMaxReceiveBufferSize(2 * maxMessage)
	if len(s.config.PublicIPs) > 0 {
		err := settings.SetICEAddressRewriteRules(pion.ICEAddressRewriteRule{
			External:        s.config.PublicIPs,
			AsCandidateType: pion.ICECandidateTypeHost,
			Mode:            pion.ICEAddressRewriteAppend,
		})
		if err != nil {
			return fmt.Errorf("offering the public addresses %v: %w", s.config.PublicIPs, err)
		}
	}
	return nil
}

// setUpCodecs prepares pion for each codec.
func (s *Server) setUpCodecs() error {
	for i, codec := range s.config.Codecs {
		engine := &pion.MediaEngine{}
		err := engine.RegisterCodec(pion.RTPCodecParameters{
			RTPCodecCapability: capability(codec),
			PayloadType:        payloadType(codec.Name, i),
		}, pion.RTPCodecTypeAudio)
		if err != nil {
			return fmt.Errorf("setting up codec %s: %w", codec.Name, err)
		}
		s.engines[codec.Name] = engine
	}
	return nil
}

// api is pion for one call: buffers makes what holds its packets until they are read.
func (s *Server) api(codec audio.Codec, buffers bufferFactory) *pion.API {
	settings := s.settings
	settings.BufferFactory = buffers
	return pion.NewAPI(
		pion.WithMediaEngine(s.engines[codec.Name]),
		pion.WithSettingEngine(settings),
		// No interceptor at all: a call has one small stream each way, in which
		// nothing is worth sending twice, and its reports are written in report.go.
		pion.WithInterceptorRegistry(&interceptor.Registry{}),
	)
}

// UDPAddr is where the server takes UDP, nil if it does not.
func (s *Server) UDPAddr() net.Addr { return s.udpAddr }

// TCPAddr is where the server takes TCP, nil if it does not.
func (s *Server) TCPAddr() net.Addr { return s.tcpAddr }

// Stats counts the calls.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Calls: len(s.calls), Connecting: s.connecting}
}

// Answer takes a client's offer and returns the answer to send back, with all
// candidates in it, and the call. It fails with an [*OfferError] for an offer that
// cannot be used, [ErrBusy], [room.ErrShutdown] (these three have a method
// OfferStatus, with the HTTP status that fits) or ctx's error. When it fails, no
// method of guest has been called and none will be.
func (s *Server) Answer(ctx context.Context, offerSDP string, guest room.Guest) (string, *Call, error) {
	offered, err := parseOffer(offerSDP)
	if err != nil {
		return "", nil, err
	}
	codec, err := offered.choose(s.config.Codecs)
	if err != nil {
		return "", nil, err
	}
	call := newCall(s, guest, codec)
	call.pauses = offered.pauses(codec)
	if err := s.admit(call); err != nil {
		return "", nil, err
	}
	answer, err := call.open(ctx, offerSDP)
	if err != nil {
		call.abandon()
		return "", nil, err
	}
	return answer, call, nil
}

// admit counts a call in, as connecting, or says why not.
func (s *Server) admit(call *Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return shuttingDown()
	case s.config.MaxCalls > 0 && len(s.calls) >= s.config.MaxCalls,
		s.config.MaxConnecting > 0 && s.connecting >= s.config.MaxConnecting:
		return busy()
	}
	s.calls[call] = struct{}{}
	s.connecting++
	call.counted = true
	return nil
}

// connected moves a call out of those that are connecting.
func (s *Server) connected(call *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if call.counted {
		call.counted = false
		s.connecting--
	}
}

// release counts a call out.
func (s *Server) release(call *Call) {
	s.connected(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, call)
}

// Close hangs up every call with [room.ErrShutdown], waits until all have ended or
// ctx does, and closes the ports. No call is answered once it has begun.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	calls := make([]*Call, 0, len(s.calls))
	for call := range s.calls {
		calls = append(calls, call)
	}
	s.mu.Unlock()

	for _, call := range calls {
		call.end(room.ErrShutdown)
	}
	var err error
	for _, call := range calls {
		select {
		case <-call.done:
		case <-ctx.Done():
			err = fmt.Errorf("waiting for calls to end: %w", context.Cause(ctx))
		}
	}
	return errors.Join(err, s.closePorts())
}

// closePorts closes what listen opened, newest first, once.
func (s *Server) closePorts() error {
	s.mu.Lock()
	closers := s.closers
	s.closers = nil
	s.mu.Unlock()
	var errs []error
	for i := len(closers) - 1; i >= 0; i-- {
		errs = append(errs, closers[i]())
	}
	return errors.Join(errs...)
}

// reachesLoopback says whether a client on this machine reaches addr by loopback.
func reachesLoopback(addr net.Addr) bool {
	ip := addrIP(addr)
	return ip == nil || ip.IsLoopback() || ip.IsUnspecified()
}

func addrIP(addr net.Addr) net.IP {
	switch addr := addr.(type) {
	case *net.UDPAddr:
		return addr.IP
	case *net.TCPAddr:
		return addr.IP
	}
	return nil
}
