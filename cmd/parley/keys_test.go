package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"parley/access"
	"parley/config"
)

func TestKeysCommands(t *testing.T) {
	place := keyPlace{Data: t.TempDir()}
	var out bytes.Buffer
	read := func(err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer out.Reset()
		return strings.TrimSpace(out.String())
	}
	if got := read((&keysListCmd{place}).run(&out)); !strings.Contains(got, "no keys") {
		t.Error(got)
	}
	text := read((&keysCreateCmd{place, "web-shop", []string{access.Mint}}).run(&out, io.Discard))
	cfg := config.Default()
	cfg.Shop.Data = place.Data
	keys, err := openKeys(cfg) // as the server does
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Check(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := read((&keysListCmd{place}).run(&out)); !strings.Contains(got, key.ID) || !strings.Contains(got, "web-shop") || strings.Contains(got, text) {
		t.Error(got)
	}
	next := read((&keysRotateCmd{place, key.ID, time.Hour}).run(&out, io.Discard))
	if next == text || !access.IsKey(next) {
		t.Error(next)
	}
	if err := (&keysRotateCmd{place, key.ID, -1}).run(io.Discard, io.Discard); err == nil {
		t.Error("a grace that is over")
	}
	read((&keysRevokeCmd{place, key.ID}).run(&out))
	if got := read((&keysListCmd{place}).run(&out)); !strings.Contains(got, "revoked") {
		t.Error(got)
	}
	if err := (&keysRevokeCmd{place, "nobody"}).run(io.Discard); err == nil {
		t.Error("nobody was revoked")
	}
}
