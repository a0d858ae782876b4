package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"parley/api"
	"parley/config"
	"parley/room"
	"parley/room/webrtc"
)

// rooms gives the API calls of package webrtc.
type rooms struct{ server *webrtc.Server }

func openRooms(cfg *config.Config, e *engines, log *slog.Logger) (*rooms, error) {
	host, _, err := net.SplitHostPort(cfg.Server.Addr)
	if err != nil {
		return nil, fmt.Errorf("the address %q: %w", cfg.Server.Addr, err)
	}
	c := webrtc.Config{
		UDP: cfg.WebRTC.UDP, TCP: cfg.WebRTC.TCP, PublicIPs: cfg.WebRTC.PublicIPs,
		Codecs: e.codecs(), MaxCalls: cfg.Limits.Calls, MaxConnecting: cfg.Limits.Connecting, Log: log,
	}
	if c.UDP == "" {
		c.UDP = net.JoinHostPort(host, "0")
	}
	if c.TCP == "" {
		c.TCP = net.JoinHostPort(host, "0")
	}
	if len(cfg.WebRTC.STUN) > 0 {
		c.ICEServers = append(c.ICEServers, webrtc.ICEServer{URLs: cfg.WebRTC.STUN})
	}
	for _, t := range cfg.WebRTC.TURN {
		c.ICEServers = append(c.ICEServers, webrtc.ICEServer{URLs: t.URLs, Username: t.Username, Credential: t.Credential.Reveal()})
	}
	server, err := webrtc.New(c)
	if err != nil {
		return nil, fmt.Errorf("opening the ports for calls: %w", err)
	}
	return &rooms{server}, nil
}

// Answer implements api.Rooms.
func (r *rooms) Answer(ctx context.Context, offer string, guest room.Guest) (string, api.Call, error) {
	answer, call, err := r.server.Answer(ctx, offer, guest)
	if err != nil {
		return "", nil, err // what the client should hear says so itself
	}
	return answer, call, nil
}
