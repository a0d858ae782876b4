package rules

import "testing"

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		text, word string
		want       bool
	}{
		{"ส่งช้ามาก", "ช้า", true},
		{"สวัสดีตอนเช้า", "ช้า", false},
		{"กดไม่ลง", "ไม่", true},
		{"we ship to japan", "ship", true},
		{"shipping to japan", "ship", false},
		{"shipping to japan", "ship*", true},
		{"什么时候到", "时候", true},
	} {
		if got := within(flat(c.text), flat(c.word[:len(c.word)-stars(c.word)])+c.word[len(c.word)-stars(c.word):]); got != c.want {
			t.Errorf("%q within %q: %v, want %v", c.word, c.text, got, c.want)
		}
	}
}

// stars counts the signs for any ending at the end of a cue's word.
func stars(word string) int {
	if word[len(word)-1] == '*' {
		return 1
	}
	return 0
}

func TestTwoLetterStemWithAnyEndingIsACue(t *testing.T) {
	if got := foldAll([]string{"w1*", "rè"}, flat); len(got) != 1 || got[0] != "w1*" {
		t.Errorf("folded to %q, want w1* alone: two letters that have lost their marks can be anything", got)
	}
}

func TestShort(t *testing.T) {
	for text, want := range map[string]string{"whereeee is it": "where is it", "w10002": "w10002", "10000": "10000", "book": "book", "หนายยย": "หนาย", "": ""} {
		if got := short(text); got != want {
			t.Errorf("%q is %q in short, want %q", text, got, want)
		}
	}
}
