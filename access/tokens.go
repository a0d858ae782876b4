package access

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// The life of a token.
const (
	DefaultLife = 10 * time.Minute
	MaxLife     = time.Hour
	// DefaultBegins lets a page be loaded again and a call be tried again.
	DefaultBegins = 5
	MaxBegins     = 100
)

const (
	issuer    = "parley"
	maxToken  = 8 << 10 // bytes
	maxField  = 256     // bytes of an id, a name or an origin
	maxLookAt = 2 << 10 // bytes
	maxTools  = 100
	maxSeen   = 100_000 // tokens whose conversations are counted at once
)

// Grant is what a token lets its bearer do. All of it comes from the shop's
// server, and none of it from the bearer.
type Grant struct {
	// ID names the token, Key the API key that minted it.
	ID  string `json:"-"`
	Key string `json:"key"`
	// Customer is the shop's id of the customer; "" is a visitor who is not signed in.
	Customer string `json:"customer,omitempty"`
	Name     string `json:"name,omitempty"`
	// Language is a BCP 47 tag, "" for the shop's own.
	Language string `json:"language,omitempty"`
	// Viewing says in words what the customer is looking at.
	Viewing string `json:"viewing,omitempty"`
	// Tools are the only ones that may be used; nil allows all.
	Tools []string `json:"tools,omitempty"`
	// Origin is the only web origin that may use the token; "" is any allowed one.
	Origin string `json:"origin,omitempty"`
	// Begins is how many conversations the token may begin.
	Begins  int       `json:"begins"`
	Expires time.Time `json:"-"`
}

// check bounds what goes into a token.
func (g Grant) check() error {
	for name, s := range map[string]string{"customer": g.Customer, "name": g.Name, "language": g.Language, "origin": g.Origin} {
		if len(s) > maxField || !utf8.ValidString(s) {
			return fmt.Errorf("%s may have at most %d bytes of UTF-8", name, maxField)
		}
	}
	if len(g.Viewing) > maxLookAt || !utf8.ValidString(g.Viewing) {
		return fmt.Errorf("viewing may have at most %d bytes of UTF-8", maxLookAt)
	}
	if len(g.Tools) > maxTools {
		return fmt.Errorf("tools may name at most %d", maxTools)
	}
	for _, t := range g.Tools {
		if t == "" || len(t) > 64 {
			return fmt.Errorf("%q is no tool's name", t)
		}
	}
	if g.Begins < 1 || g.Begins > MaxBegins {
		return fmt.Errorf("begins is from 1 to %d", MaxBegins)
	}
	return nil
}

// claims are a token's content on the wire.
type claims struct {
	jwt.RegisteredClaims
	Grant
}

// Tokens makes and reads tokens: JSON Web Tokens (RFC 7519), because every
// language's tools can read when one expires, by a library that is well kept. What
// JWT is known to go wrong by is shut off: one algorithm, HMAC-SHA256, whatever the
// header says; issuer, audience and expiry are demanded; size is bounded. It is safe
// for many goroutines.
type Tokens struct {
	secret []byte
	parser *jwt.Parser

	mu    sync.Mutex
	begun map[string]*uses // by token id
	swept time.Time
}

type uses struct {
	n       int
	expires time.Time
}

// NewTokens signs with a secret of at least 32 bytes.
func NewTokens(secret []byte) (*Tokens, error) {
	if len(secret) < secretBytes {
		return nil, fmt.Errorf("access: the secret that signs tokens has %d bytes; it needs %d", len(secret), secretBytes)
	}
	return &Tokens{
		secret: secret,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
			jwt.WithIssuer(issuer), jwt.WithAudience(issuer), jwt.WithStrictDecoding()),
		begun: make(map[string]*uses),
	}, nil
}

// OpenTokens signs with the secret in a file, which it makes if there is none.
// Deleting the file ends every token.
func OpenTokens(path string) (*Tokens, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("making the folder for the secret that signs tokens: %w", err)
		}
		secret := make([]byte, secretBytes)
		_, _ = rand.Read(secret) // it never fails
		text = []byte(base64.StdEncoding.EncodeToString(secret) + "\n")
		if err := writeWhole(path, text); err != nil {
			return nil, fmt.Errorf("keeping the secret that signs tokens: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("reading the secret that signs tokens: %w", err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("the file %s holds no secret; delete it for a new one, which ends all tokens", path)
	}
	return NewTokens(secret)
}

// Mint makes a token that lives for life, [DefaultLife] for 0. The grant that it
// returns has the token's id and end. The error says what the shop's server has to
// mend.
func (t *Tokens) Mint(g Grant, life time.Duration) (text string, minted Grant, err error) {
	if life == 0 {
		life = DefaultLife
	}
	if life < time.Second || life > MaxLife {
		return "", Grant{}, fmt.Errorf("a token lives from 1 second to %d minutes", int(MaxLife.Minutes()))
	}
	if g.Begins == 0 {
		g.Begins = DefaultBegins
	}
	if err := g.check(); err != nil {
		return "", Grant{}, err
	}
	now := time.Now().Truncate(time.Second)
	g.ID, g.Expires = rand.Text(), now.Add(life)
	text, err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			ID: g.ID, Issuer: issuer, Audience: jwt.ClaimStrings{issuer}, Subject: g.Customer,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(g.Expires),
		},
		Grant: g,
	}).SignedString(t.secret)
	if err != nil {
		return "", Grant{}, fmt.Errorf("signing a token: %w", err)
	}
	if len(text) > maxToken {
		return "", Grant{}, fmt.Errorf("the token would have more than %d bytes; name fewer tools", maxToken)
	}
	return text, g, nil
}

// Check reads a token: [ErrExpired] for one that was good, [ErrUnknown] for
// everything else that is none.
func (t *Tokens) Check(text string) (Grant, error) {
	if len(text) > maxToken {
		return Grant{}, ErrUnknown
	}
	var c claims
	_, err := t.parser.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return t.secret, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid) || errors.Is(err, jwt.ErrTokenUnverifiable):
		return Grant{}, ErrUnknown
	case errors.Is(err, jwt.ErrTokenExpired):
		return Grant{}, ErrExpired
	case err != nil || c.RegisteredClaims.ID == "" || c.Subject != c.Customer || c.Grant.check() != nil:
		return Grant{}, ErrUnknown
	}
	c.Grant.ID, c.Grant.Expires = c.RegisteredClaims.ID, c.ExpiresAt.Time
	return c.Grant, nil
}

// Begin counts a conversation against a token: [ErrSpent] when it has begun as many
// as it may. undo takes the count back when nothing came of it. The counts are in
// memory: a server that starts anew counts anew.
func (t *Tokens) Begin(g Grant) (undo func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if now.Sub(t.swept) > time.Minute || len(t.begun) >= maxSeen {
		t.swept = now
		for id, u := range t.begun {
			if now.After(u.expires) {
				delete(t.begun, id)
			}
		}
	}
	u := t.begun[g.ID]
	if u == nil {
		if len(t.begun) >= maxSeen {
			return nil, &Exceeded{Of: "server", What: "tokens in use", Retry: time.Minute}
		}
		u = &uses{expires: g.Expires}
		t.begun[g.ID] = u
	}
	if u.n >= g.Begins {
		return nil, ErrSpent
	}
	u.n++
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		u.n--
	}), nil
}
