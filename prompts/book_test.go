package prompts

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"text/template"
)

func load(t testing.TB) *Book {
	t.Helper()
	b, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Load has tried every template; what it cannot see is a key that nobody gave an
// example, or one that was left out of the fallback.
func TestFallbackIsComplete(t *testing.T) {
	b := load(t)
	if missing := b.Missing(Fallback); len(missing) > 0 {
		t.Errorf("%s lacks %v", Fallback, missing)
	}
	for _, k := range Keys() {
		for turn := range 4 {
			text, err := b.Variant(Fallback, k.Name, k.Example, turn)
			if err != nil || text == "" || strings.Contains(text, "<no value>") || strings.Contains(text, "{{") {
				t.Errorf("%s: %q %v", k.Name, text, err)
			}
		}
	}
	seen := make(map[string]bool)
	for _, k := range Keys() {
		if seen[k.Name] {
			t.Errorf("key %s is there twice", k.Name)
		}
		seen[k.Name] = true
	}
}

func TestLanguages(t *testing.T) {
	b := load(t)
	if got := b.Languages(); !slices.Equal(got, []string{"ar", "en", "es", "id", "pt", "th", "vi", "zh"}) {
		t.Errorf("languages %v", got)
	}
	for _, lang := range b.Languages() {
		for _, list := range []string{"backchannels", "affirmations", "negations", "interruptions", "dictation", "courtesies", "recalls"} {
			if slices.Contains(b.Missing(lang), list) {
				t.Errorf("%s has no %s", lang, list)
			}
		}
	}
	for _, lang := range []string{"en", "zh", "id", "vi", "th"} {
		if missing := b.Missing(lang); len(missing) > 0 && !(lang != "en" && slices.Equal(missing, []string{"system"})) {
			t.Errorf("%s.yaml lacks %s", lang, strings.Join(missing, ", "))
		}
	}
	// A phrase that a language lacks is said in the fallback.
	for _, lang := range []string{"xx", "xx-XX", ""} {
		if text, err := b.Phrase(lang, "apology", nil); err != nil || !strings.Contains(text, "Sorry") {
			t.Errorf("%q: %q %v", lang, text, err)
		}
	}
	if _, err := b.Phrase("en", "no_such_phrase", nil); err == nil {
		t.Error("an unknown phrase is said")
	}
	if _, err := b.Phrase("en", "did_you_mean", nil); err == nil {
		t.Error("a phrase is said without its field")
	}
}

func TestBackchannel(t *testing.T) {
	b := load(t)
	for lang, texts := range map[string][]string{
		"en": {"mm-hm", "Mm-hmm.", "MMMMHMM", "uh-huh", "ok", "Okay, okay.", "yeah", "yeah, yeah, right", "Right.", "oh, I see", "Mammoth.", "And then they chum.", "The Mammation.", "Uh?", "Them.", "hmmmm"},
		"zh": {"嗯", "嗯嗯", "嗯，好的", "对对对", "OK"},
		"id": {"iya", "Iya, iya.", "oh gitu", "he eh"},
		"th": {"ครับ", "ครับๆ", "ค่ะ ค่ะ", "อืม", "โอเคครับ"},
		"vi": {"vâng", "Dạ, vâng.", "ừ", "đúng rồi"},
	} {
		for _, text := range texts {
			if !b.Backchannel(lang, text) {
				t.Errorf("%s: %q is no backchannel", lang, text)
			}
		}
	}
	for lang, texts := range map[string][]string{
		"en": {"", " ", "...", "stop", "no", "ok but where is it", "yeah no", "where", "mammoths are big", "right now", "wait", "W", "hello", "okapi", "thank you", strings.Repeat("ok ", 60)},
		"zh": {"不", "好的，但是在哪里", "停"},
		"id": {"tidak", "iya tapi di mana", "yang"},
		"th": {"ไม่", "ไม่ครับ"},
		"vi": {"không", "dừng lại"},
	} {
		for _, text := range texts {
			if b.Backchannel(lang, text) {
				t.Errorf("%s: %q is taken for a backchannel", lang, text)
			}
		}
	}
}

func TestYesAndNo(t *testing.T) {
	b := load(t)
	for _, c := range []struct {
		lang, text string
		yes, no    bool
	}{
		{"en", "Yes.", true, false}, {"en", "yes please", true, false}, {"en", "Yeah, go ahead.", true, false}, {"en", "okay, thank you", true, false},
		{"en", "yes, that's right", true, false}, {"en", "um, sure, do it", true, false}, {"en", "yesss", true, false},
		{"en", "No.", false, true}, {"en", "no thanks", false, true}, {"en", "Nope, I changed my mind.", false, true}, {"en", "don't", false, true}, {"en", "Stop!", false, true},
		{"en", "thank you", false, false}, {"en", "please", false, false}, {"en", "yes but not the kettle", false, false}, {"en", "yes no", false, false}, {"en", "", false, false},
		{"en", "no yes", false, false}, {"en", "not yes", false, false}, {"en", "know", false, false},
		{"zh", "是的，谢谢", true, false}, {"zh", "可以", true, false}, {"zh", "不用了，谢谢", false, true}, {"zh", "谢谢", false, false}, {"zh", "不可以", false, false},
		{"id", "iya, boleh", true, false}, {"id", "nggak usah, makasih", false, true}, {"id", "tolong", false, false},
		{"th", "ใช่ครับ", true, false}, {"th", "ไม่เป็นไรครับ", false, true}, {"th", "ขอบคุณครับ", false, false},
		{"vi", "vâng ạ", true, false}, {"vi", "không, cảm ơn", false, true}, {"vi", "cảm ơn", false, false},
	} {
		if yes, no := b.Affirmation(c.lang, c.text), b.Negation(c.lang, c.text); yes != c.yes || no != c.no {
			t.Errorf("%s %q: yes %v no %v, want %v %v", c.lang, c.text, yes, no, c.yes, c.no)
		}
	}
}

func TestRecall(t *testing.T) {
	b := load(t)
	for lang, texts := range map[string][]string{
		"en": {"Parley, please take over.", "Take over, Parley.", "So, over to you, Parley", "Parley, you can take over again now. Thanks!"},
		"zh": {"Parley，请接手", "你继续吧，谢谢", "take over please"},
		"id": {"Parley, tolong ambil alih ya", "silakan lanjutkan"},
		"vi": {"Parley, em tiếp tục đi nhé", "tiếp tục đi"},
		"th": {"Parley ช่วยต่อได้เลยค่ะ", "ดูแลต่อได้เลยครับ"},
		"es": {"Parley, sigue tú, por favor"}, "pt": {"Parley, pode continuar, por favor"}, "ar": {"بارلي، تابع أنت من فضلك"},
	} {
		for _, text := range texts {
			if !b.Recall(lang, text) {
				t.Errorf("%s: %q does not call the agent back", lang, text)
			}
		}
	}
	for lang, texts := range map[string][]string{
		"en": {"", "Parley.", "please", "I will take over now.", "Shall I take over from here?", "Can you take over the payments?", "Parley, you don't take over.", "Please come back tomorrow."},
		"zh": {"我来接手", "谢谢"}, "id": {"saya yang ambil alih"}, "es": {"yo sigo con esto"},
	} {
		for _, text := range texts {
			if b.Recall(lang, text) {
				t.Errorf("%s: %q calls the agent back", lang, text)
			}
		}
	}
}

func TestDictation(t *testing.T) {
	b := load(t)
	for lang, texts := range map[string][]string{
		"en": {"Could you spell your e-mail for me?", "What's your postal code?", "What is the delivery address?", strings.Repeat("Here is a long story. ", 20) + "So what's the order number?"},
		"zh": {"请问您的订单号是多少？", "后面是什么？"},
		"id": {"Boleh minta nomor pesanannya? Nomornya diawali W.", "Alamatnya di mana?"},
		"th": {"ขอหมายเลขคำสั่งซื้อด้วยค่ะ", "ช่วยสะกดให้หน่อยครับ"},
		"vi": {"Anh chị cho em xin mã đơn hàng ạ?", "Địa chỉ của anh chị là gì?"},
	} {
		for _, text := range texts {
			if !b.Dictation(lang, text) {
				t.Errorf("%s: %q asks for no dictation", lang, text)
			}
		}
	}
	for lang, texts := range map[string][]string{
		"en": {"", "Your order W10002 is on its way.", "The tracking number is 1 2 3. The carrier is Ninja Van.", "Spelling is hard.", "Shall I do that?", "Your order number is W10002. " + strings.Repeat("It is on its way to you. ", 10)},
		"zh": {"您的订单正在路上。"}, "id": {"Pesanan Anda sedang dikirim."}, "th": {"พัสดุกำลังจัดส่งค่ะ"}, "vi": {"Đơn hàng đang được giao."},
	} {
		for _, text := range texts {
			if b.Dictation(lang, text) {
				t.Errorf("%s: %q is taken to ask for dictation", lang, text)
			}
		}
	}
	// What the program itself asks for in pieces, in whichever language it ends up.
	for _, key := range []string{"ask_order", "ask_order_again", "ask_order_rest"} {
		for turn := range 2 {
			for _, lang := range append(b.Languages(), "xx") {
				text, err := b.Variant(lang, key, Fields{"Digits": "1 0 0"}, turn)
				if err != nil || !b.Dictation(lang, text) {
					t.Errorf("%s: %q asks for no dictation (%v)", lang, text, err)
				}
			}
		}
	}
}

func TestAgrees(t *testing.T) {
	b := load(t)
	for lang, texts := range map[string]map[string]bool{
		"en": {"Yes.": true, "yes please return it": true, "yeah, the headphones": true, "okay go ahead and send them back": true, "um, yes": true, "that's right, thank you": true,
			"no": false, "yes, no, wait": false, "yes but not the kettle": false, "yesterday it came": false, "thank you": false, "return it": false, "go on": false, "I said no": false,
			"okay, never mind": false, "yes " + strings.Repeat("and so on ", 20): false, "": false, "right now I don't want that": false},
		"zh": {"好的，帮我退": true, "可以退": true, "好像不对": false, "不可以": false, "谢谢": false},
		"id": {"iya, tolong dikembalikan": true, "iya tapi jangan": false, "tidak": false},
		"th": {"ได้เลยครับ": true, "ไม่ได้ครับ": false},
		"vi": {"vâng, trả giúp em": true, "dạ không": false},
	} {
		for text, want := range texts {
			if got := b.Agrees(lang, text); got != want {
				t.Errorf("%s %q agrees: %v, want %v", lang, text, got, want)
			}
		}
	}
}

func TestSystem(t *testing.T) {
	b := load(t)
	text, err := b.System("en", SystemData{Shop: "Kopi & Co", Agent: "Parley", Verified: true, Customer: "Maya", Today: "Monday", Language: "English", Spoken: true})
	for _, part := range []string{"Kopi & Co", "Maya", "heard, not read", "clear yes"} {
		if err != nil || !strings.Contains(text, part) {
			t.Errorf("the system prompt lacks %q (%v): %s", part, err, text)
		}
	}
	text, err = b.System("id", SystemData{Shop: "Kopi & Co", Agent: "Parley", Language: "Bahasa Indonesia"})
	if err != nil || strings.Contains(text, "heard, not read") || !strings.Contains(text, "not signed in") {
		t.Errorf("by text, for a stranger: %v %s", err, text)
	}
}

func TestOverride(t *testing.T) {
	b, err := Load(fstest.MapFS{
		"en.yaml":  {Data: []byte("phrases:\n  goodbye: Ta-ta!\nbackchannels: [aye]\n")},
		"fr.yaml":  {Data: []byte("name: Français\nphrases:\n  greeting: [\"Bonjour {{.Name}}\"]\n")},
		"note.txt": {Data: []byte("not ours")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := b.Phrase("en", "goodbye", nil); text != "Ta-ta!" {
		t.Errorf("goodbye is %q", text)
	}
	if text, _ := b.Phrase("en", "welcome", nil); text == "" {
		t.Error("what is not replaced is gone")
	}
	if text, _ := b.Phrase("fr-CA", "greeting", Fields{"Name": "Maya"}); text != "Bonjour Maya" {
		t.Errorf("fr-CA greets %q", text)
	}
	if !b.Backchannel("en", "aye aye") || b.Backchannel("en", "mm-hm") {
		t.Error("the list was not replaced")
	}
}

func TestBrokenOverride(t *testing.T) {
	for name, c := range map[string]struct {
		text         string
		line, column int
		part         string
	}{
		"not YAML":          {"phrases:\n\tgoodbye: x\n", 2, 1, ""},
		"unclosed":          {"name: \"English\nphrases: {}\n", 1, 7, ""},
		"unknown key":       {"phrase:\n  goodbye: x\n", 1, 1, "known are"},
		"unknown phrase":    {"phrases:\n  goodby: x\n", 2, 3, `unknown phrase "goodby"`},
		"no text":           {"phrases:\n  goodbye: 7\n", 2, 12, "should be a text"},
		"a map":             {"phrases:\n  goodbye:\n    a: b\n", 3, 6, "should be a text"},
		"a list of maps":    {"backchannels:\n  - a: b\n", 2, 6, "should be a text"},
		"empty variants":    {"phrases:\n  goodbye: []\n", 2, 12, "no variant"},
		"broken template":   {"phrases:\n  goodbye: \"{{.Name\"\n", 2, 12, "cannot be read"},
		"unknown field":     {"phrases:\n  welcome: hi\n  did_you_mean: \"{{.Ordr}}?\"\n", 3, 17, "Ordr"},
		"unknown in system": {"system: |\n  {{.Shopp}}\n", 1, 9, "Shopp"},
		"says nothing":      {"phrases:\n  goodbye: \" \"\n", 2, 12, "says nothing"},
		"list is a text":    {"negations: no\n", 1, 12, "should be a list"},
		"not a mapping":     {"- a\n", 1, 1, "keys and values"},
		"twice":             {"phrases:\n  goodbye: a\n  goodbye: b\n", 3, 3, ""},
	} {
		_, err := Load(fstest.MapFS{"en.yaml": {Data: []byte(c.text)}})
		fault := new(FileError)
		if !errors.As(err, &fault) {
			t.Errorf("%s: %v, want an error with a place", name, err)
			continue
		}
		if fault.File != "en.yaml" || fault.Line != c.line || fault.Column != c.column || !strings.Contains(fault.Message, c.part) {
			t.Errorf("%s: %v, want %d:%d and %q", name, fault, c.line, c.column, c.part)
		}
	}
	big := fstest.MapFS{"en.yaml": {Data: []byte("name: " + strings.Repeat("x", maxFile))}}
	if _, err := Load(big); err == nil {
		t.Error("a huge file is read")
	}
}

func TestLoadDir(t *testing.T) {
	if _, err := LoadDir(t.TempDir()); err != nil {
		t.Error(err)
	}
	if _, err := LoadDir(t.TempDir() + "/absent"); err == nil {
		t.Error("a folder that is not there is read")
	}
}

func FuzzOverride(f *testing.F) {
	f.Add([]byte("phrases:\n  goodbye: x\n"))
	f.Add([]byte("system: |\n  {{.Shop}}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("backchannels: [mm, \"ok\"]\n---\nname: x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := &language{phrases: make(map[string][]*template.Template)}
		if err := l.read("x.yaml", data); err != nil {
			if fault := new(FileError); !errors.As(err, &fault) {
				t.Errorf("%q: %v has no place", data, err)
			}
		}
	})
}

func FuzzCovers(f *testing.F) {
	b, err := Load(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("en", "mm-hm, yes")
	f.Add("th", "ครับๆ")
	f.Fuzz(func(t *testing.T, lang, text string) {
		yes, no := b.Affirmation(lang, text), b.Negation(lang, text)
		if normal(text) == "" && (yes || no || b.Backchannel(lang, text)) {
			t.Errorf("%q says something", text)
		}
	})
}

func BenchmarkBackchannel(b *testing.B) {
	book := load(b)
	b.ReportAllocs()
	for b.Loop() {
		book.Backchannel("en", "Okay, yeah, I see.")
	}
}

func BenchmarkPhrase(b *testing.B) {
	book := load(b)
	fields := Fields{"Order": "W10003", "Items": "the headphones", "Method": "your Visa card"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := book.Phrase("en", "return_confirm", fields); err != nil {
			b.Fatal(err)
		}
	}
}
