package access

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAKeysLife(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	synctest.Test(t, func(t *testing.T) {
		server, err := OpenKeys(dir)
		if err != nil || server.Any() {
			t.Fatal(err, server.Any())
		}
		admin, err := OpenKeys(dir) // another process
		if err != nil {
			t.Fatal(err)
		}
		key, text, err := admin.Create("shop", []string{Mint})
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(stale)
		got, err := server.Check(text)
		if err != nil || got.ID != key.ID || !got.May(Mint) || got.May(Converse) || !server.Any() {
			t.Fatalf("%+v %v", got, err)
		}
		next, err := admin.Rotate(key.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(stale)
		for _, k := range []string{text, next} {
			if _, err := server.Check(k); err != nil {
				t.Errorf("within grace: %v", err)
			}
		}
		<-time.After(time.Hour)
		if _, err := server.Check(text); !errors.Is(err, ErrUnknown) {
			t.Errorf("after grace the old one: %v", err)
		}
		if _, err := server.Check(next); err != nil || !server.Works(key.ID) {
			t.Errorf("after grace the new one: %v", err)
		}
		if err := admin.Revoke(key.ID); err != nil {
			t.Fatal(err)
		}
		<-time.After(stale)
		if _, err := server.Check(next); !errors.Is(err, ErrUnknown) || server.Works(key.ID) {
			t.Errorf("revoked: %v", err)
		}
		if !server.Any() {
			t.Error("a server that had a key is open")
		}
		if _, err := admin.Rotate(key.ID, 0); err == nil {
			t.Error("a revoked key was rotated")
		}
	})
	list, err := (&Keys{dir: dir}).List()
	if err != nil || len(list) != 1 || list[0].Revoked.IsZero() {
		t.Errorf("%+v %v", list, err)
	}
}

func TestNoSecretIsKept(t *testing.T) {
	dir := t.TempDir()
	k, err := OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	key, text, err := k.Create("", Scopes())
	if err != nil {
		t.Fatal(err)
	}
	path := keyFile(dir, key.ID)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if secret := text[strings.LastIndex(text, key.ID)+len(key.ID)+1:]; len(secret) < 43 || strings.Contains(string(data), secret) {
		t.Errorf("%q is in the file, or too short", secret)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestWhatIsNoKey(t *testing.T) {
	k, err := OpenKeys(t.TempDir(), "from the config")
	if err != nil {
		t.Fatal(err)
	}
	key, text, err := k.Create("", Scopes())
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{
		"", "x", text[:len(text)-1], text + "A", "parley_" + key.ID, "parley_" + key.ID + "_", "parley_../../etc_x", "parley__x",
		strings.ToUpper(text), "from the confi", strings.Repeat("a", maxKeyText+1),
	} {
		if _, err := k.Check(wrong); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if got, err := k.Check("from the config"); err != nil || !got.May(Converse) || !got.May(Mint) {
		t.Errorf("%+v %v", got, err)
	}
	for _, id := range []string{"", "../x", "a/b", "A", "nobody"} {
		if err := k.Revoke(id); !errors.Is(err, ErrNoKey) {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, scopes := range [][]string{nil, {"everything"}} {
		if _, _, err := k.Create("", scopes); err == nil {
			t.Errorf("a key with scopes %q", scopes)
		}
	}
}

// A folder that cannot be understood lets nobody through.
func TestABrokenFolderIsClosed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broken.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := OpenKeys(dir)
	if err == nil || !strings.Contains(err.Error(), "broken.json") || !k.Any() {
		t.Errorf("%v, any %v", err, k.Any())
	}
}

func TestKeysAtOnce(t *testing.T) {
	k, err := OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			key, text, err := k.Create("", Scopes())
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := k.Check(text); err != nil {
				t.Error(err)
			}
			if err := k.Revoke(key.ID); err != nil {
				t.Error(err)
			}
			if _, err := k.Check(text); !errors.Is(err, ErrUnknown) {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
