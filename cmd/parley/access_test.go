package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/access"
	"parley/config"
)

// TestOutsideItStartsOnlyWithKeys: of the config, or of the data folder.
func TestOutsideItStartsOnlyWithKeys(t *testing.T) {
	r := &runCmd{Addr: "0.0.0.0:0", Data: t.TempDir()}
	if _, err := r.config(); err == nil || !strings.Contains(err.Error(), "parley keys create") {
		t.Errorf("without keys: %v", err)
	}
	cfg := config.Default()
	cfg.Shop.Data = r.Data
	keys, err := openKeys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := keys.Create("", access.Scopes()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.config(); err != nil {
		t.Errorf("with a key: %v", err)
	}
	t.Setenv("PARLEY_TEST_KEY", "a key")
	file := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(file, []byte("server: {keys: [\"${PARLEY_TEST_KEY}\"]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&runCmd{Addr: "0.0.0.0:0", Data: t.TempDir(), Config: file}).config(); err != nil {
		t.Errorf("with a key of the config: %v", err)
	}
}

func TestTLS(t *testing.T) {
	cfg := config.Default()
	cfg.Shop.Data = t.TempDir()
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.NotFoundHandler()}
	if secure, err := secured(cfg, server); secure || err != nil {
		t.Fatalf("without certificates: %v %v", secure, err)
	}
	cfg.Server.CertFile, cfg.Server.KeyFile = selfSigned(t)
	if secure, err := secured(cfg, server); !secure || err != nil {
		t.Fatalf("%v %v", secure, err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(listener, "", "") }()
	pemCert, err := os.ReadFile(cfg.Server.CertFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pemCert)
	for version, works := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		d := tls.Dialer{Config: &tls.Config{RootCAs: roots, MinVersion: version, MaxVersion: version}}
		conn, err := d.DialContext(t.Context(), "tcp", listener.Addr().String())
		if (err == nil) != works {
			t.Errorf("TLS %x: %v", version, err)
		}
		if err == nil {
			conn.Close()
		}
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	<-ended
	cfg.Server.KeyFile = cfg.Server.CertFile
	if _, err := secured(cfg, server); err == nil {
		t.Error("a certificate was taken for its key")
	}
}

// TestACMENames: strangers cannot have certificates fetched for other names.
func TestACMENames(t *testing.T) {
	cfg := config.Default()
	cfg.Shop.Data = t.TempDir()
	cfg.Server.ACME = config.ACME{Domains: []string{"voice.shop.example"}, URL: "http://127.0.0.1:1/directory"}
	server := &http.Server{ReadHeaderTimeout: time.Second}
	if secure, err := secured(cfg, server); !secure || err != nil {
		t.Fatalf("%v %v", secure, err)
	}
	_, err := server.TLSConfig.GetCertificate(&tls.ClientHelloInfo{ServerName: "evil.example", SupportedVersions: []uint16{tls.VersionTLS13}})
	if err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Errorf("for another name: %v", err)
	}
}

// selfSigned writes a certificate for 127.0.0.1 and its key.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, bytes []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)
}
