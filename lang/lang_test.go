package lang

import "testing"

func TestDetect(t *testing.T) {
	d := New()
	for _, c := range []struct {
		text, current, want string
		sure                bool
	}{
		{"where is my order W10002?", "zh", "en", true},
		{"我的订单W10002到哪里了？", "en", "zh", true},
		{"我嘅訂單去咗邊", "en", "zh", true},
		{"我要退 headphones", "en", "zh", true},
		{"paket aku kok belum sampai ya, W10002", "en", "id", true},
		{"pesanan saya di mana?", "en", "id", true},
		{"gak jadi deh, batalin aja", "en", "id", true},
		{"Đơn hàng của tôi ở đâu?", "en", "vi", true},
		{"don hang cua minh o dau roi", "en", "vi", true},
		{"toi muon tra hang", "en", "vi", true},
		{"พัสดุของฉันอยู่ที่ไหน", "en", "th", true},
		{"ขอคืน headphones ค่ะ", "en", "th", true},
		{"¿Dónde está mi pedido?", "en", "es", true},
		{"quiero devolver los auriculares", "en", "es", true},
		{"onde está o meu pedido?", "en", "pt", true},
		{"quero falar com um atendente", "en", "pt", true},
		{"أين طلبي؟", "en", "ar", true},
		{"W10002", "vi", "vi", false},
		{"ok", "th", "th", false},
		{"halo", "id", "id", false},
		{"", "en", "en", false},
		{"o meu pedido não chegou", "pt-BR", "pt-BR", true},
		{"I want to return the headphones", "id", "en", true},
		{"yes please", "id", "en", true},
		{"iya", "en", "id", true},
		{"two", "zh", "zh", false},
	} {
		if tag, sure := d.Detect(c.text, c.current); tag != c.want || sure != c.sure {
			t.Errorf("%q in %s: %s, %v; want %s, %v", c.text, c.current, tag, sure, c.want, c.sure)
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	d := New()
	b.ReportAllocs()
	for b.Loop() {
		d.Detect("paket aku kok belum sampai ya, padahal sudah seminggu saya tunggu, nomor pesanannya W10002", "en")
	}
}

func FuzzDetect(f *testing.F) {
	f.Add("where is my order", "en")
	f.Add("\xff\xfe订", "")
	d := New()
	f.Fuzz(func(t *testing.T, text, current string) {
		if tag, sure := d.Detect(text, current); !sure && tag != current {
			t.Errorf("%q: %q without being sure", text, tag)
		}
	})
}
