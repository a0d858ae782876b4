package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newTokens(t testing.TB) *Tokens {
	t.Helper()
	tokens, err := NewTokens([]byte(strings.Repeat("s", secretBytes)))
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

var ann = Grant{Key: "k1", Customer: "C-1", Name: "Ann", Language: "id", Viewing: "the red kettle", Tools: []string{"track_parcel"}, Origin: "https://shop.example", Begins: 2}

func TestATokensLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t)
		text, minted, err := tokens.Mint(ann, 0)
		if err != nil || minted.ID == "" || time.Until(minted.Expires) != DefaultLife {
			t.Fatalf("%+v %v", minted, err)
		}
		got, err := tokens.Check(text)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Expires.Equal(minted.Expires) {
			t.Errorf("expires %s, not %s", got.Expires, minted.Expires)
		}
		got.Expires = minted.Expires
		if !reflect.DeepEqual(got, minted) {
			t.Errorf("%+v, not %+v", got, minted)
		}
		undo, err := tokens.Begin(got)
		if err != nil {
			t.Fatal(err)
		}
		undo()
		undo() // once
		for i := range 3 {
			if _, err := tokens.Begin(got); (i == 2) != errors.Is(err, ErrSpent) {
				t.Errorf("conversation %d: %v", i+1, err)
			}
		}
		<-time.After(DefaultLife)
		if _, err := tokens.Check(text); !errors.Is(err, ErrExpired) {
			t.Errorf("at its end: %v", err)
		}
		// What was counted is forgotten when it cannot come again.
		other := minted
		other.ID, other.Expires = "other", time.Now().Add(time.Hour)
		<-time.After(time.Minute)
		if _, err := tokens.Begin(other); err != nil || len(tokens.begun) != 1 {
			t.Errorf("%v, %d remembered", err, len(tokens.begun))
		}
	})
}

func TestForgedTokens(t *testing.T) {
	tokens := newTokens(t)
	good, _, err := tokens.Mint(ann, 0)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	whole := func() claims {
		return claims{Grant: ann, RegisteredClaims: jwt.RegisteredClaims{
			ID: "x", Issuer: issuer, Audience: jwt.ClaimStrings{issuer}, Subject: ann.Customer,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute)),
		}}
	}
	sign := func(m jwt.SigningMethod, key any, change func(*claims)) string {
		c := whole()
		change(&c)
		text, err := jwt.NewWithClaims(m, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if _, err := tokens.Check(sign(jwt.SigningMethodHS256, tokens.secret, func(*claims) {})); err != nil {
		t.Fatalf("the model of the forgeries is itself refused: %v", err)
	}
	parts := strings.Split(good, ".")
	for name, text := range map[string]string{
		"empty":           "",
		"no signature":    parts[0] + "." + parts[1] + ".",
		"two parts":       parts[0] + "." + parts[1],
		"other payload":   parts[0] + "." + strings.Split(sign(jwt.SigningMethodHS256, tokens.secret, func(c *claims) { c.Customer = "C-2" }), ".")[1] + "." + parts[2],
		"other secret":    sign(jwt.SigningMethodHS256, []byte("another"), func(*claims) {}),
		"no algorithm":    sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, func(*claims) {}),
		"other algorithm": sign(jwt.SigningMethodHS512, tokens.secret, func(*claims) {}),
		"no end":          sign(jwt.SigningMethodHS256, tokens.secret, func(c *claims) { c.ExpiresAt = nil }),
		"other issuer":    sign(jwt.SigningMethodHS256, tokens.secret, func(c *claims) { c.Issuer = "shop" }),
		"other audience":  sign(jwt.SigningMethodHS256, tokens.secret, func(c *claims) { c.Audience = jwt.ClaimStrings{"shop"} }),
		"from tomorrow":   sign(jwt.SigningMethodHS256, tokens.secret, func(c *claims) { c.IssuedAt = jwt.NewNumericDate(now.Add(time.Hour)) }),
		"no id":           sign(jwt.SigningMethodHS256, tokens.secret, func(c *claims) { c.RegisteredClaims.ID = "" }),
		"two customers":   sign(jwt.SigningMethodHS256, tokens.secret, func(c *claims) { c.Subject = "C-2" }),
		"without end":     sign(jwt.SigningMethodHS256, tokens.secret, func(c *claims) { c.Begins = 1 << 30 }),
		"long":            good + strings.Repeat("A", maxToken),
	} {
		if g, err := tokens.Check(text); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %+v %v", name, g, err)
		}
	}
	old := sign(jwt.SigningMethodHS256, []byte("another"), func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(now.Add(-time.Hour)) })
	if _, err := tokens.Check(old); !errors.Is(err, ErrUnknown) {
		t.Errorf("a forged one that has expired is told so: %v", err)
	}
}

func TestWhatIsNotMinted(t *testing.T) {
	tokens := newTokens(t)
	for name, change := range map[string]func(*Grant, *time.Duration){
		"too long a life":  func(_ *Grant, d *time.Duration) { *d = MaxLife + 1 },
		"too short a life": func(_ *Grant, d *time.Duration) { *d = -time.Second },
		"long customer":    func(g *Grant, _ *time.Duration) { g.Customer = strings.Repeat("c", maxField+1) },
		"bad UTF-8":        func(g *Grant, _ *time.Duration) { g.Name = "\xff" },
		"long viewing":     func(g *Grant, _ *time.Duration) { g.Viewing = strings.Repeat("v", maxLookAt+1) },
		"many tools":       func(g *Grant, _ *time.Duration) { g.Tools = make([]string, maxTools+1) },
		"nameless tool":    func(g *Grant, _ *time.Duration) { g.Tools = []string{""} },
		"too many":         func(g *Grant, _ *time.Duration) { g.Begins = MaxBegins + 1 },
		"too big": func(g *Grant, _ *time.Duration) {
			g.Tools = nil
			for range maxTools {
				g.Tools = append(g.Tools, strings.Repeat("t", 64))
			}
		},
	} {
		g, life := ann, time.Minute
		change(&g, &life)
		if _, _, err := tokens.Mint(g, life); err == nil {
			t.Errorf("%s: minted", name)
		}
	}
}

func TestTheSecretStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "token.secret")
	one, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := one.Mint(ann, 0)
	if err != nil {
		t.Fatal(err)
	}
	two, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Check(text); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if _, err := NewTokens([]byte("short")); err == nil {
		t.Error("a short secret is taken")
	}
}

// FuzzTokens gives the parser whatever comes; only what is signed is taken.
func FuzzTokens(f *testing.F) {
	tokens := newTokens(f)
	good, _, err := tokens.Mint(ann, MaxLife)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "..", good, good + ".", good[:40], strings.Replace(good, ".", "..", 1), "eyJhbGciOiJub25lIn0.e30."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := tokens.Check(text)
		if err == nil { // then it is signed, says the standard library
			cut := max(strings.LastIndexByte(text, '.'), 0)
			mac := hmac.New(sha256.New, tokens.secret)
			mac.Write([]byte(text[:cut]))
			if "."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != text[cut:] {
				t.Errorf("%q was taken for %+v", text, g)
			}
		}
		if err != nil && !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrExpired) {
			t.Errorf("%q: an error of another kind: %v", text, err)
		}
	})
}
