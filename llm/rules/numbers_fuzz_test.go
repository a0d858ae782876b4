package rules

import "testing"

// FuzzNumbers shows that every number stands in the words that it was read from,
// that numbers do not overlap, and that they are digits.
func FuzzNumbers(f *testing.F) {
	f.Add("double u one zero zero zero two", false)
	f.Add("W ten thousand and two, no, three", true)
	f.Add("order number 1 0 0, triple 0 7 not 10003", true)
	f.Add("one hundred oh two hundred thousands and", false)
	f.Fuzz(func(t *testing.T, text string, awaited bool) {
		words := tokens(text)
		end := 0
		for _, n := range numbers(words, awaited) {
			if n.from < end || n.to <= n.from || n.to > len(words) {
				t.Fatalf("%q: %+v does not stand after word %d of %d", text, n, end, len(words))
			}
			end = n.to
			if n.Digits == "" {
				t.Fatalf("%q: a number without digits", text)
			}
			for _, d := range n.Digits {
				if d < '0' || d > '9' {
					t.Fatalf("%q: %q are not digits", text, n.Digits)
				}
			}
		}
	})
}
