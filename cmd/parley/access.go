package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"parley/access"
	"parley/config"
)

// entrance is who may come in, and how much they may take.
type entrance struct {
	keys   *access.Keys
	tokens *access.Tokens
	limits *access.Limits
}

func openAccess(cfg *config.Config) (entrance, error) {
	keys, err := openKeys(cfg)
	if err != nil {
		return entrance{}, err
	}
	dir, err := dataFolder(cfg.Shop.Data)
	if err != nil {
		return entrance{}, err
	}
	tokens, err := access.OpenTokens(filepath.Join(dir, "token.secret"))
	if err != nil {
		return entrance{}, err
	}
	bounds := func(b config.Bounds) access.Bounds {
		return access.Bounds{Calls: b.Calls, CallsMinute: b.CallsMinute, Requests: b.Requests, Day: b.Day, Bytes: int64(b.BytesDay)}
	}
	a := cfg.Access
	return entrance{keys, tokens, access.NewLimits(bounds(a.Key), bounds(a.Customer), bounds(a.Address))}, nil
}

// secured gives a server the certificates of the config; false without any.
func secured(cfg *config.Config, server *http.Server) (bool, error) {
	s := cfg.Server
	switch {
	case s.CertFile != "":
		pair, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
		if err != nil {
			return false, fmt.Errorf("reading the certificate: %w", err)
		}
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	case len(s.ACME.Domains) > 0:
		dir, err := dataFolder(cfg.Shop.Data)
		if err != nil {
			return false, err
		}
		m := &autocert.Manager{
			Prompt: autocert.AcceptTOS, Email: s.ACME.Email,
			HostPolicy: autocert.HostWhitelist(s.ACME.Domains...), // else strangers have certificates fetched
			Cache:      autocert.DirCache(filepath.Join(dir, "certificates")),
		}
		if s.ACME.URL != "" {
			m.Client = &acme.Client{DirectoryURL: s.ACME.URL}
		}
		server.TLSConfig = m.TLSConfig()
		server.TLSConfig.MinVersion = tls.VersionTLS12
	default:
		return false, nil
	}
	return true, nil
}
