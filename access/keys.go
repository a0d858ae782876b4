package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// keyPrefix begins every key, so that scanners for leaked secrets can find one.
const keyPrefix = "parley_"

const (
	secretBytes = 32   // 256 random bits
	maxKeys     = 1000 // files that are read
	maxKeyText  = 256  // bytes of a key that is presented
)

// Key is an API key as it is kept: without the secret.
type Key struct {
	ID     string   `json:"id"`
	Name   string   `json:"name,omitempty"`
	Scopes []string `json:"scopes"`
	// Hash is SHA-256 of the secret. A slow, salted hash (argon2, bcrypt) protects
	// passwords because people choose them from few; a key is 256 random bits,
	// which nobody can try through, so a fast hash gives away nothing and costs
	// nothing on each request.
	Hash    []byte    `json:"hash"`
	Created time.Time `json:"created"`
	// Revoked is when the key stopped working; zero while it works.
	Revoked time.Time `json:"revoked,omitzero"`
	// Before is the hash that a rotation replaced; it works until Until.
	Before []byte    `json:"before,omitempty"`
	Until  time.Time `json:"until,omitzero"`
}

// May says whether the key has a scope.
func (k Key) May(scope string) bool { return slices.Contains(k.Scopes, scope) }

// Keys are the keys of a server: those of a folder, which commands may change
// while the server runs, and those of its config. It is safe for many goroutines.
type Keys struct {
	dir   string
	fixed []Key

	mu      sync.Mutex
	looked  time.Time // when the folder was last read
	kept    map[string]Key
	problem error // why the folder could not be read
}

// stale is how long a change of the folder may go unnoticed.
const stale = time.Second

// OpenKeys opens the keys in a folder, which need not exist yet. configured are
// keys of the config, as they are presented; they have every scope. A folder that
// cannot be read is an error.
func OpenKeys(dir string, configured ...string) (*Keys, error) {
	k := &Keys{dir: dir}
	for i, text := range configured {
		hash := sha256.Sum256([]byte(text))
		k.fixed = append(k.fixed, Key{ID: fmt.Sprintf("config-%d", i+1), Name: "config", Scopes: Scopes(), Hash: hash[:]})
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refresh()
	return k, k.problem
}

// refresh reads the folder again when that was long ago. The caller holds mu. A
// folder that cannot be read lets nobody through: what is in it may have been
// revoked.
func (k *Keys) refresh() {
	if now := time.Now(); k.looked.IsZero() || now.Sub(k.looked) >= stale {
		k.looked = now
		k.kept, k.problem = readKeys(k.dir)
	}
}

// Any says whether there is any key, were it revoked: a server that had one does
// not open itself when the last is taken away. It is true when that is not known.
func (k *Keys) Any() bool {
	if len(k.fixed) > 0 {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refresh()
	return len(k.kept) > 0 || k.problem != nil
}

// Check returns the key that was presented, [ErrUnknown] if it is none.
func (k *Keys) Check(text string) (Key, error) {
	if text == "" || len(text) > maxKeyText {
		return Key{}, ErrUnknown
	}
	hash := sha256.Sum256([]byte(text))
	// Every configured key is compared, so that the time tells nothing of which was
	// near; what is compared are hashes, of which a client cannot choose the bytes.
	found := -1
	for i := range k.fixed {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(k.fixed[i].Hash, hash[:]), i, found)
	}
	if found >= 0 {
		return k.fixed[found], nil
	}
	id, ok := idOf(text)
	if !ok {
		return Key{}, ErrUnknown
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refresh()
	key, ok := k.kept[id]
	if !ok || !key.Revoked.IsZero() {
		return Key{}, ErrUnknown
	}
	good := subtle.ConstantTimeCompare(key.Hash, hash[:])
	if time.Now().Before(key.Until) {
		good |= subtle.ConstantTimeCompare(key.Before, hash[:])
	}
	if good != 1 {
		return Key{}, ErrUnknown
	}
	return key, nil
}

// Works says whether the key of this id is in force, for tokens that it minted.
func (k *Keys) Works(id string) bool {
	for _, f := range k.fixed {
		if f.ID == id {
			return true
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refresh()
	key, ok := k.kept[id]
	return ok && key.Revoked.IsZero()
}

// List returns the keys of the folder, oldest first.
func (k *Keys) List() ([]Key, error) {
	kept, err := readKeys(k.dir)
	out := make([]Key, 0, len(kept))
	for _, key := range kept {
		out = append(out, key)
	}
	slices.SortFunc(out, func(a, b Key) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, err
}

// Create makes a key and keeps its hash. text is the key itself, which cannot be
// had again.
func (k *Keys) Create(name string, scopes []string) (key Key, text string, err error) {
	if len(scopes) == 0 {
		return Key{}, "", fmt.Errorf("creating a key: it needs a scope: %s", strings.Join(Scopes(), ", "))
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes(), s) {
			return Key{}, "", fmt.Errorf("creating a key: there is no scope %q; there are %s", s, strings.Join(Scopes(), ", "))
		}
	}
	kept, err := readKeys(k.dir)
	if err != nil {
		return Key{}, "", err
	}
	if len(kept) >= maxKeys {
		return Key{}, "", fmt.Errorf("creating a key: there are %d in %s already; delete files of revoked ones", maxKeys, k.dir)
	}
	id := strings.ToLower(rand.Text()[:10])
	text = newSecret(id)
	hash := sha256.Sum256([]byte(text))
	key = Key{ID: id, Name: name, Scopes: slices.Clone(scopes), Hash: hash[:], Created: time.Now().UTC().Truncate(time.Second)}
	return key, text, k.write(key, os.O_EXCL)
}

// Rotate gives a key a new secret; the old one works for grace more.
func (k *Keys) Rotate(id string, grace time.Duration) (text string, err error) {
	key, err := readKey(k.dir, id)
	if err != nil {
		return "", err
	}
	if !key.Revoked.IsZero() {
		return "", fmt.Errorf("rotating the key %s: it was revoked on %s; create another", id, key.Revoked.Format(time.DateOnly))
	}
	text = newSecret(id)
	hash := sha256.Sum256([]byte(text))
	key.Before, key.Hash, key.Until = key.Hash, hash[:], time.Now().UTC().Add(grace)
	return text, k.write(key, 0)
}

// Revoke ends a key and with it the tokens that it minted. Revoking twice is once.
func (k *Keys) Revoke(id string) error {
	key, err := readKey(k.dir, id)
	if err != nil || !key.Revoked.IsZero() {
		return err
	}
	key.Revoked, key.Before, key.Until = time.Now().UTC().Truncate(time.Second), nil, time.Time{}
	return k.write(key, 0)
}

func (k *Keys) write(key Key, flag int) error {
	if err := writeKey(k.dir, key, flag); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = time.Time{} // see it at once
	return nil
}

func newSecret(id string) string {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // it never fails
	return keyPrefix + id + "_" + base64.RawURLEncoding.EncodeToString(secret)
}

// idOf takes the id out of a key that was presented.
func idOf(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, keyPrefix)
	id, _, cut := strings.Cut(rest, "_")
	return id, ok && cut && validID(id)
}

// validID keeps an id from naming another file.
func validID(id string) bool {
	if id == "" || len(id) > 32 {
		return false
	}
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}

// IsKey says whether a text has the shape of a key of [Keys.Create], to tell it
// from a token.
func IsKey(text string) bool { return strings.HasPrefix(text, keyPrefix) }
