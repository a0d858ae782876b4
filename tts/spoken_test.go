package tts

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSpokenInEnglish(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		// order and parcel numbers
		{"Your order W10002 is here.", "Your order W, one zero zero, zero two, is here."},
		{"order #W10002, please", "order W, one zero zero, zero two, please"},
		{"is it w10003?", "is it W, one zero zero, zero three?"},
		{"parcel 1Z999AA10123456784", "parcel one, Z, nine nine nine, A A, one zero one, two three four, five six seven, eight four"},
		{"TRK-4711", "T R K, four seven, one one"},
		{"code 1234", "code one two, three four"},
		{"the card ending in 4242.", "the card ending in four two, four two."},
		{"number 10002", "number one zero zero, zero two"},
		{"No. 5 and #7", "number five and number seven"},
		{"No. Yes.", "No. Yes."},
		// money
		{"It costs $12.50.", "It costs twelve dollars and fifty cents."},
		{"$1,299", "one thousand two hundred ninety-nine dollars"},
		{"$1", "one dollar"},
		{"$0.99", "ninety-nine cents"},
		{"€5.01", "five euros and one cent"},
		{"12€", "twelve euros"},
		{"£3.20", "three pounds and twenty pence"},
		{"S$8.90", "eight Singapore dollars and ninety cents"},
		{"RM25", "twenty-five ringgit"},
		{"RM 25.10", "twenty-five ringgit and ten sen"},
		{"¥1200", "one thousand two hundred yen"},
		{"Rp 150,000", "one hundred fifty thousand rupiah"},
		{"12.50 USD.", "twelve US dollars and fifty cents."},
		{"USD 12.50", "twelve US dollars and fifty cents"},
		{"-$3", "minus three dollars"},
		{"$1.2M", "one point two million dollars"},
		// dates and times
		{"on 2026-11-23.", "on November twenty-third, twenty twenty-six."},
		{"2026-11-23T10:30:00Z", "November twenty-third, twenty twenty-six, at ten thirty"},
		{"on Nov 23, 2026, at noon", "on November twenty-third, twenty twenty-six, at noon"},
		{"Nov. 3 or December 1st", "November third or December first"},
		{"Mon, Nov 23", "Monday, November twenty-third"},
		{"Mon. or Fri Nov 27", "Monday or Friday November twenty-seventh"},
		{"23 November 2026", "twenty-third November twenty twenty-six"},
		{"May I help?", "May I help?"},
		{"11/23/2026", "November twenty-third, twenty twenty-six"},
		{"at 10:30, 14:05 and 9:00", "at ten thirty, fourteen oh five and nine o'clock"},
		{"9am to 5:15pm", "nine A M to five fifteen P M"},
		{"between 9 a.m. and 5 p.m.", "between nine A M and five P M."},
		{"since 2019", "since twenty nineteen"},
		// numbers
		{"3.5 cm", "three point five centimetres"},
		{"1 kg or 2kg", "one kilogram or two kilograms"},
		{"20% off", "twenty percent off"},
		{"3-5 days", "three to five days"},
		{"3–5 days", "three to five days"},
		{"the 1st and 22nd", "the first and twenty-second"},
		{"1,000 items", "one thousand items"},
		{"1.299.000 in all", "one million two hundred ninety-nine thousand in all"},
		{"Thanks, Max.", "Thanks, Max."},
		{"007", "zero zero seven"},
		{"5 in stock", "five in stock"},
		{"2x", "two times"},
		{"24/7", "twenty-four seven"},
		{"-5 degrees", "minus five degrees"},
		// telephone numbers and addresses
		{"Call +1 555 123 4567.", "Call plus one, five five five, one two three, four five six seven."},
		{"555-123-4567", "five five five, one two three, four five six seven"},
		{"(555) 123-4567", "five five five, one two three, four five six seven"},
		{"sarah.jones@example.com", "sarah dot jones at example dot com"},
		{"max_2@a-b.org!", "max underscore two at a dash b dot org!"},
		{"See https://www.example.com/returns?x=1.", "See example dot com slash returns."},
		{"example.com", "example dot com"},
		// signs and short forms
		{"salt & pepper", "salt and pepper"},
		{"e.g. a kettle", "for example a kettle"},
		{"Dr. Smith", "doctor Smith"},
		{"your ID", "your I D"},
		{"AT&T", "AT and T"},
		{"he/she", "he she"},
		// markup and pictures
		{"**Great!** 😊 Your `order`", "Great! Your order"},
		{"# Title", "Title"},
		{"- a kettle", "a kettle"},
		{"* a kettle", "a kettle"},
		{"[our page](https://example.com/x), now", "our page, now"},
		{"\"Hello,\" she said", "Hello, she said"},
		{"wait — what", "wait , what"},
		{"(in blue)", "in blue"},
		{"👍🏽", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := JoinSpoken(Spoken(tt.text, "en-US")); got != tt.want {
			t.Errorf("Spoken(%q)\n got %q\nwant %q", tt.text, got, tt.want)
		}
	}
}

func TestSpokenInOtherLanguagesLeavesWordsAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, language, want string }{
		{"Harganya Rp 150.000, **murah** 😊", "id-ID", "Harganya Rp 150.000, murah"},
		{"您好！订单 W10002", "zh", "您好！订单 W10002"},
	} {
		if got := JoinSpoken(Spoken(tt.text, tt.language)); got != tt.want {
			t.Errorf("Spoken(%q, %q) is %q, want %q", tt.text, tt.language, got, tt.want)
		}
	}
}

func TestWeightsFollowTheSpokenForm(t *testing.T) {
	t.Parallel()
	words := Spoken("It costs $1,299.99 😊", "en")
	if words[2].Weight < 5*words[1].Weight {
		t.Errorf("the amount weighs %v, the word %v", words[2].Weight, words[1].Weight)
	}
	if words[3].Weight <= 0 || words[3].Weight > words[0].Weight/2 {
		t.Errorf("a picture weighs %v", words[3].Weight)
	}
}

func TestNumberWords(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "zero", 13: "thirteen", 20: "twenty", 21: "twenty-one", 100: "one hundred", 110: "one hundred ten",
		1000000: "one million", 12345: "twelve thousand three hundred forty-five",
		999_999_999_999_999: "nine hundred ninety-nine trillion nine hundred ninety-nine billion nine hundred ninety-nine million nine hundred ninety-nine thousand nine hundred ninety-nine",
	} {
		if got := cardinal(n); got != want {
			t.Errorf("cardinal(%d) is %q", n, got)
		}
	}
	for n, want := range map[int64]string{1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth",
		12: "twelfth", 20: "twentieth", 21: "twenty-first", 30: "thirtieth", 100: "one hundredth", 4: "fourth"} {
		if got := ordinal(n); got != want {
			t.Errorf("ordinal(%d) is %q", n, got)
		}
	}
	for n, want := range map[int64]string{2026: "twenty twenty-six", 2007: "two thousand seven", 1999: "nineteen ninety-nine",
		1905: "nineteen oh five", 1900: "nineteen hundred", 2000: "two thousand", 2010: "twenty ten"} {
		if got := year(n); got != want {
			t.Errorf("year(%d) is %q", n, got)
		}
	}
}

// FuzzSpoken checks what holds for every text: the words shown are those of the
// text, and what is said is valid, of a bounded length, and free of control signs.
func FuzzSpoken(f *testing.F) {
	for _, s := range []string{"Order W10002, $12.50 on 2026-11-23 at 10:30!", "+1 555 123 4567 a@b.co 50% №5 [x](y) **b** 😊",
		"9 a.m. 12 USD - 3–5 1st", "\xff\xf0(", "Nov 99 May 5 Sat. 1,00,0 1e9 99999999999999999999"} {
		f.Add(s, "en")
	}
	f.Fuzz(func(t *testing.T, text, language string) {
		words := Spoken(text, language)
		fields := strings.Fields(text)
		if len(words) != len(fields) {
			t.Fatalf("%d words for %d", len(words), len(fields))
		}
		for i, w := range words {
			if w.Display != fields[i] {
				t.Fatalf("word %d is shown as %q instead of %q", i, w.Display, fields[i])
			}
			if w.Weight <= 0 {
				t.Fatalf("%q weighs %v", w.Display, w.Weight)
			}
			if !utf8.ValidString(w.Spoken) || strings.ContainsFunc(w.Spoken, unicode.IsControl) {
				t.Fatalf("%q is said as %q", w.Display, w.Spoken)
			}
		}
		if joined := JoinSpoken(words); len(joined) > 40*len(text)+200 {
			t.Fatalf("%d bytes are said for %d", len(joined), len(text))
		}
	})
}

func BenchmarkSpoken(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Spoken("Your order W10002 shipped on Nov 23, 2026 and cost $12.50 in all.", "en-US")
	}
}
