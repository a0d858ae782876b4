package access

import "testing"

// What each request pays for being let in.
func BenchmarkCheck(b *testing.B) {
	keys, err := OpenKeys(b.TempDir(), "a key of the config")
	if err != nil {
		b.Fatal(err)
	}
	_, text, err := keys.Create("", Scopes())
	if err != nil {
		b.Fatal(err)
	}
	tokens := newTokens(b)
	token, g, err := tokens.Mint(ann, 0)
	if err != nil {
		b.Fatal(err)
	}
	limits := NewLimits(Bounds{Requests: 1 << 30}, Bounds{Requests: 1 << 30}, Bounds{Requests: 1 << 30})
	for name, f := range map[string]func() error{
		"key":    func() error { _, err := keys.Check(text); return err },
		"token":  func() error { _, err := tokens.Check(token); return err },
		"limits": func() error { return limits.Request(Who{g.Key, g.Customer, "192.0.2.1"}, 100) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
