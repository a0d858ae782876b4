package tts

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want []string // put together, the text
	}{
		{"a short first clause and longer ones after it", []string{"Sure, ", "let me look that up for you. ",
			"Your order W10002 shipped on November 23, 2026, ", "and it should arrive tomorrow between 9 a.m. and 5 p.m. if the weather holds."}},
		{"the last word is not left alone", []string{"I found your order and it is on its way to you right now."}},
		{"long clauses are cut between words", []string{"Your parcel with the number 1Z999AA10123456784 left ",
			"the sorting centre in Jakarta this morning which means that it will probably reach you within the next ",
			"two to three days unless the customs office decides to open it and look inside before letting it pass on to the courier ",
			"who brings it to you."}},
		{"abbreviations", []string{"Dr. Smith lives at No. 5, ", "e.g. near St. Mary. ", "No. 5 is blue. ", "Is it? ", "No. ", "Yes."}},
		{"amounts and addresses", []string{"The total is $1,299.50. ", "You paid with Visa. ",
			"Call +1 555 123 4567 or mail sarah.jones@example.com or see https://example.com/a?b=c.d, ", "please."}},
		{"lists and emoji", []string{"**Your orders**\n\n", "1. W10001, pending\n", "2. W10002, on its way\n", "- kettle 😊 Great! ", "😊 Bye"}},
		{"quotations", []string{"He said \"Hello. How are you? I am fine.\" ", "and left. ", "Then he came back."}},
		{"inches are no quotation", []string{"The 24\" one is here. ", "The 27\" one is not. ", "Sorry."}},
		{"Chinese", []string{"您好！", "您的订单W10002已经发货，", "预计明天送达。", "请问还有什么可以帮您？"}},
		{"Thai", []string{"สวัสดีค่ะ ", "คำสั่งซื้อของคุณอยู่ระหว่างการจัดส่ง คาดว่าจะถึงพรุ่งนี้ ", "กรุงเทพฯ ค่ะ"}},
		{"Indonesian", []string{"Pesanan Anda W10002 sudah dikirim ", "pada tgl. 23 November dan akan tiba besok. ", "Harganya Rp 150.000,00 termasuk ongkir."}},
		{"Vietnamese", []string{"Đơn hàng W10002 của bạn đang được giao, ", "dự kiến ngày mai sẽ đến nơi. ", "Cảm ơn bạn!"}},
		{"an ellipsis", []string{"Wait... what? ", "It's 3.5 cm wide; that's fine... ", "Okay."}},
		{"Japanese quotation", []string{"「はい。そうです。」と言いました。", "では。"}},
		{"nothing to say", []string{"** -- **\n\n"}},
		{"nothing", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Split(strings.Join(tt.want, "")); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%q\nwant\n%q", got, tt.want)
			}
		})
	}
}

func TestTheFirstClauseComesEarly(t *testing.T) {
	t.Parallel()
	s := NewSplitter()
	text := "Your headphones were delivered to the reception desk at your office yesterday afternoon and signed for."
	for i, word := range strings.SplitAfter(text, " ") {
		if len(s.Push(word)) > 0 {
			if i > 9 {
				t.Errorf("the first clause came with word %d", i+1)
			}
			return
		}
	}
	t.Error("no clause came before the end")
}

func TestFlushBeginsAnew(t *testing.T) {
	t.Parallel()
	s := NewSplitter()
	s.Push("One moment. Let me see ")
	if got := s.Flush(); !slices.Equal(got, []string{"Let me see "}) {
		t.Fatalf("Flush gave %q", got)
	}
	if got := s.Push("Well, there it is"); !slices.Equal(got, []string{"Well, "}) {
		t.Errorf("after Flush the first clause is %q", got)
	}
	if s.Flush(); s.Flush() != nil {
		t.Error("an empty splitter gives clauses")
	}
}

// FuzzSplitter checks what holds for every text, in whatever pieces it comes.
func FuzzSplitter(f *testing.F) {
	for _, s := range []string{
		"Sure, let me look. Your order W10002, worth $1,299.50, is on its way and will arrive tomorrow.",
		"您好！您的订单，预计明天送达。「是。」สวัสดีค่ะ กรุงเทพฯ ครับ é́́ \"a. b\" … 1. x\n2. y\xff\xe4\xbd",
		strings.Repeat("a", 450), strings.Repeat("กิ่", 150), strings.Repeat("no no ", 90), strings.Repeat("\n. ", 100),
	} {
		f.Add(s, []byte{1, 2, 3, 200})
	}
	f.Fuzz(func(t *testing.T, text string, sizes []byte) {
		want := Split(text)
		if got := strings.Join(want, ""); got != text {
			t.Fatalf("the clauses of %q put together are %q", text, got)
		}
		for i, c := range want {
			if c == "" {
				t.Fatalf("clause %d of %q is empty", i, text)
			}
			if n := utf8.RuneCountInString(c); n > maxClause+8 {
				t.Fatalf("clause %d has %d characters", i, n)
			}
		}
		var s Splitter
		var got []string
		for rest, i := text, 0; rest != ""; i++ {
			n := 1
			if len(sizes) > 0 {
				n = min(int(sizes[i%len(sizes)])+1, len(rest))
			}
			got = append(got, s.Push(rest[:n])...)
			rest = rest[n:]
		}
		if got = append(got, s.Flush()...); !slices.Equal(got, want) {
			t.Fatalf("in pieces %q gives\n%q instead of\n%q", text, got, want)
		}
	})
}

func BenchmarkSplitterToken(b *testing.B) {
	b.ReportAllocs()
	tokens := strings.SplitAfter(strings.Repeat("Your order W10002 shipped today, and it should arrive tomorrow morning. ", 5), " ")
	s := NewSplitter()
	for i := 0; b.Loop(); i++ {
		s.Push(tokens[i%len(tokens)])
	}
}
