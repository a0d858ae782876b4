package receive

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"parley/audio"
)

const ms = time.Millisecond

var (
	epoch      = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	errGarbage = errors.New("no packet")
)

// The fake codec: a payload is a number and a check byte, its sound that number
// in every sample. What Conceal makes up is negative: -1 for guessed sound, the
// negated number if the next packet brings it back.
const guessed = -1

type fakeDecoder struct{ closed *int }

func (fakeDecoder) Decode(dst []int16, payload []byte) ([]int16, error) {
	if len(payload) != 4 || payload[3] != 'x' {
		return nil, errGarbage
	}
	v := int16(binary.BigEndian.Uint16(payload))
	for range int(payload[2]) * audio.HearRate / 1000 {
		dst = append(dst, v)
	}
	return dst, nil
}

func (fakeDecoder) Conceal(dst []int16, n int, next []byte) ([]int16, error) {
	v := int16(guessed)
	if next != nil {
		v = -(int16(binary.BigEndian.Uint16(next)) - 1)
	}
	for range n {
		dst = append(dst, v)
	}
	return dst, nil
}

func (d fakeDecoder) Close() error { *d.closed++; return nil }

type fixture struct {
	*Receiver
	*ear
	made, closed int
}

func newFixture(t testing.TB, opts Options) *fixture {
	t.Helper()
	f := &fixture{ear: &ear{t: t}}
	make := func() (audio.Decoder, error) { f.made++; return fakeDecoder{&f.closed}, nil }
	var err error
	f.Receiver, err = New(audio.Codec{Name: "fake", ClockRate: 48000, NewHearing: make, NewRecording: make}, f.ear, opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ear is a listener that checks that positions are contiguous and remembers all.
type ear struct {
	t                   testing.TB
	wants               func(end int64) bool // nil: never
	heard, recorded     []int16
	recordedAt          []int64
	heardTo, recordedTo int64
}

func (e *ear) Hear(pcm []int16, at int64) bool {
	if len(pcm) == 0 {
		e.t.Error("nothing is heard")
	}
	if len(e.heard) > 0 && e.heardTo != at {
		e.t.Errorf("heard at %d after %d", at, e.heardTo)
	}
	e.heard = append(e.heard, pcm...)
	e.heardTo = at + int64(len(pcm))
	return e.wants != nil && e.wants(e.heardTo)
}

func (e *ear) Record(pcm []int16, at int64) {
	if len(pcm) == 0 {
		e.t.Error("nothing is recorded")
	}
	if len(e.recordedAt) == 0 || e.recordedTo != at {
		if at < e.recordedTo {
			e.t.Errorf("recorded at %d after %d", at, e.recordedTo)
		}
		e.recordedAt = append(e.recordedAt, at)
	}
	e.recorded = append(e.recorded, pcm...)
	e.recordedTo = at + int64(len(pcm))
}

func always(int64) bool { return true }

// packet is the n-th packet of 20 ms, arriving late by so much.
func packet(n int, late time.Duration) audio.Packet {
	payload := binary.BigEndian.AppendUint16(nil, uint16(n))
	return audio.Packet{
		Seq: uint16(65000 + n), Timestamp: ^uint32(10000) + uint32(n*960), Payload: append(payload, 20, 'x'),
		Arrival: epoch.Add(time.Duration(n)*20*ms + late),
	}
}

// run is one value, so many times.
type run struct {
	v int16
	n int
}

func runs(pcm []int16) []run {
	var all []run
	for _, v := range pcm {
		if len(all) == 0 || all[len(all)-1].v != v {
			all = append(all, run{v, 0})
		}
		all[len(all)-1].n++
	}
	return all
}

func check(t *testing.T, what string, pcm []int16, want ...run) {
	t.Helper()
	if got := runs(pcm); !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestInOrderIsRecordedInTheSamePush(t *testing.T) {
	f := newFixture(t, Options{})
	f.wants = always
	for n := range 100 {
		f.Push(packet(n, 0))
		if f.recordedTo != int64(n+1)*320 || f.heardTo != f.recordedTo {
			t.Fatalf("after packet %d heard up to %d, recorded up to %d", n, f.heardTo, f.recordedTo)
		}
	}
	if len(runs(f.recorded)) != 100 || !slices.Equal(f.heard, f.recorded) {
		t.Error("heard and recorded differ")
	}
	if f.made != 2 {
		t.Errorf("%d decoders made", f.made)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Push(packet(100, 0))
	f.Tick(epoch)
	if f.Close() != nil || f.closed != 2 || f.recordedTo != 32000 {
		t.Errorf("after Close: %d closed, %d", f.closed, f.recordedTo)
	}
}

func TestPreRollAndRest(t *testing.T) {
	f := newFixture(t, Options{})
	// Speech is noticed in packet 50, and its end in packet 59.
	f.wants = func(end int64) bool { return end > 50*320 && end <= 59*320 }
	for n := range 50 {
		f.Push(packet(n, 0))
	}
	if f.made != 1 || len(f.recorded) != 0 {
		t.Fatalf("before it is wanted: %d decoders, %d samples", f.made, len(f.recorded))
	}
	// Packet 58 is late: when the listener no longer wants more, 58 and 59 are still
	// to come.
	for n := 50; n < 60; n++ {
		if n != 58 {
			f.Push(packet(n, 0))
		}
	}
	if f.recordedTo != 58*320 {
		t.Errorf("recorded up to %d", f.recordedTo)
	}
	f.Push(packet(58, 25*ms))
	if want := []int64{20 * 320}; !slices.Equal(f.recordedAt, want) || f.recordedTo != 60*320 {
		t.Errorf("recorded from %v to %d, want from %v to %d", f.recordedAt, f.recordedTo, want, 60*320)
	}
	for i, r := range runs(f.recorded) {
		if int(r.v) != 20+i || r.n != 320 {
			t.Errorf("recorded %v in place %d", r, i)
		}
	}
	for n := 60; n < 65; n++ {
		f.Push(packet(n, 0))
	}
	if f.recordedTo != 60*320 {
		t.Errorf("recorded up to %d though nobody wants it", f.recordedTo)
	}
	// Someone speaks again at once: nothing is recorded twice.
	f.wants = always
	f.Push(packet(65, 0))
	if f.recordedTo != 66*320 || len(f.recorded) != 46*320 || f.made != 2 {
		t.Errorf("recorded up to %d, %d samples, %d decoders", f.recordedTo, len(f.recorded), f.made)
	}
}

func TestGaps(t *testing.T) {
	late := func(p audio.Packet, dts uint32) audio.Packet { p.Timestamp += dts; return p }
	bad := func(p audio.Packet) audio.Packet { p.Payload = []byte("garbage"); return p }
	tests := []struct {
		name            string
		packets         []audio.Packet
		end             time.Duration // ticks go on until then
		heard, recorded []run
	}{
		{"one lost comes back with the next", []audio.Packet{packet(1, 0), packet(2, 0), packet(4, 0), packet(5, 0)}, 110 * ms,
			[]run{{1, 320}, {2, 320}, {-3, 320}, {4, 320}, {5, 320}},
			[]run{{1, 320}, {2, 320}, {-3, 320}, {4, 320}, {5, 320}}},
		{"reordered", []audio.Packet{packet(1, 0), packet(3, 0), packet(2, 21*ms), packet(4, 0)}, 90 * ms,
			[]run{{1, 320}, {-2, 320}, {3, 320}, {4, 320}},
			[]run{{1, 320}, {2, 320}, {3, 320}, {4, 320}}},
		{"doubled", []audio.Packet{packet(1, 0), packet(1, 1*ms), packet(2, 0), packet(1, 21*ms), packet(2, 21*ms)}, 70 * ms,
			[]run{{1, 320}, {2, 320}},
			[]run{{1, 320}, {2, 320}}},
		{"four lost are guessed but the last", []audio.Packet{packet(1, 0), packet(6, 0)}, 160 * ms,
			[]run{{1, 320}, {0, 4 * 320}, {6, 320}},
			[]run{{1, 320}, {-1, 3 * 320}, {-5, 320}, {6, 320}}},
		{"ten lost become silence", []audio.Packet{packet(1, 0), packet(12, 0)}, 290 * ms,
			[]run{{1, 320}, {0, 10 * 320}, {12, 320}},
			[]run{{1, 320}, {-1, 6 * 320}, {0, 3 * 320}, {-11, 320}, {12, 320}}},
		{"garbage counts as lost", []audio.Packet{packet(1, 0), bad(packet(2, 0)), packet(3, 0)}, 90 * ms,
			[]run{{1, 320}, {0, 320}, {3, 320}},
			[]run{{1, 320}, {-1, 320}, {3, 320}}},
		{"the sender was silent", []audio.Packet{packet(1, 0), late(packet(2, 200*ms), 10*960)}, 250 * ms,
			[]run{{1, 320}, {0, 10 * 320}, {2, 320}},
			[]run{{1, 320}, {0, 10 * 320}, {2, 320}}},
		{"a stall of 200 ms loses nothing that is recorded", []audio.Packet{packet(1, 0), packet(2, 200*ms), packet(3, 180*ms), packet(4, 160*ms)}, 250 * ms,
			// Silence was heard up to 40 ms before packet 12 was due.
			[]run{{1, 320}, {0, 8*320 + 160}},
			[]run{{1, 320}, {2, 320}, {3, 320}, {4, 320}}},
		{"a stall of a second sets the clock forward", []audio.Packet{packet(1, 0), packet(2, 1000*ms), packet(3, 980*ms), packet(4, 960*ms)}, 1040 * ms,
			[]run{{1, 320}, {0, 50 * 320}, {2, 320}, {3, 320}, {4, 320}},
			[]run{{1, 320}, {0, 50 * 320}, {2, 320}, {3, 320}, {4, 320}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t, Options{})
			f.wants = always
			packets := tt.packets
			for at := time.Duration(0); at <= tt.end; at += ms {
				for len(packets) > 0 && !packets[0].Arrival.After(epoch.Add(at)) {
					f.Push(packets[0])
					packets = packets[1:]
				}
				if at%(20*ms) == 10*ms {
					f.Tick(epoch.Add(at))
				}
			}
			if len(packets) > 0 {
				t.Fatal("packets left")
			}
			check(t, "heard", f.heard, tt.heard...)
			check(t, "recorded", f.recorded, tt.recorded...)
		})
	}
}

func TestTimeGoesOnWithoutPackets(t *testing.T) {
	f := newFixture(t, Options{})
	f.Tick(epoch) // before the first packet there is no time
	if f.heardTo != 0 {
		t.Fatal("heard something")
	}
	f.wants = func(end int64) bool { return end < 320*100 }
	for n := range 10 {
		f.Push(packet(n, 0))
	}
	last := packet(9, 0).Arrival
	for at := 20 * ms; at <= 60*ms; at += 20 * ms {
		f.Tick(last.Add(at))
	}
	if f.heardTo != 3200 {
		t.Errorf("within 60 ms heard up to %d", f.heardTo)
	}
	for at := 80 * ms; at <= 5000*ms; at += 20 * ms {
		f.Tick(last.Add(at))
		if want := 3200 + int64(at/ms-40)*16; f.heardTo != want {
			t.Fatalf("after %v heard up to %d, want %d", at, f.heardTo, want)
		}
	}
	// What was heard until the listener had enough is recorded, and no more.
	if f.recordedTo != 320*100 {
		t.Errorf("recorded up to %d, want %d", f.recordedTo, 320*100)
	}
	// The caller is back, with a clock that went on.
	f.wants = always
	p := packet(10, 0)
	p.Timestamp += 5000 * 48
	p.Arrival = last.Add(5020 * ms)
	f.Push(p)
	if want := int64(11*320 + 5000*16); f.heardTo != want || f.recordedTo != want {
		t.Errorf("heard up to %d, recorded up to %d, want %d", f.heardTo, f.recordedTo, want)
	}
	// … with the pre-roll before it: silence of 600 ms, the packet included.
	if start := f.recordedAt[len(f.recordedAt)-1]; f.recordedTo-start != 600*16 && f.recordedTo-start != 620*16 {
		t.Errorf("a pre-roll of %d samples", f.recordedTo-start)
	}
}

// TestLossyLink sends an hour's worth of trouble in 200 s: 5 % each of packets
// are lost, late, doubled and reordered.
func TestLossyLink(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const count = 10000
	arrivals := make(map[int][]audio.Packet)
	var lost, sent int
	for n := range count {
		chance := rng.IntN(100)
		if chance < 5 && n > 0 && n < count-1 {
			lost++
			continue
		}
		sent++
		delay := time.Duration(rng.IntN(8)) * ms
		switch {
		case chance < 10:
			delay += time.Duration(20+rng.IntN(100)) * ms
		case chance < 15:
			delay += 21 * ms
		case chance < 20:
			p := packet(n, delay+time.Duration(rng.IntN(60))*ms)
			i := int(p.Arrival.Sub(epoch) / ms)
			arrivals[i] = append(arrivals[i], p)
		}
		p := packet(n, delay)
		i := int(p.Arrival.Sub(epoch) / ms)
		arrivals[i] = append(arrivals[i], p)
	}
	f := newFixture(t, Options{})
	f.wants = always
	first := int64(-1)
	for i := range count*20 + 500 {
		for _, p := range arrivals[i] {
			f.Push(p)
			if first < 0 {
				first = int64(binary.BigEndian.Uint16(p.Payload))
			}
		}
		if i%20 == 13 && i < count*20 {
			f.Tick(epoch.Add(time.Duration(i) * ms))
		}
	}
	f.Tick(epoch.Add(count*20*ms + 300*ms))
	length := int64(len(f.recorded))
	if want := int64(count-int(first)) * 320; length < want-320 || length > want+320 {
		t.Errorf("recorded %d samples, want %d: %+v", length, want, f.Stats())
	}
	seen, repaired := 0, 0
	for i := 0; i+320 <= len(f.recorded); i += 320 {
		n := int(first) + i/320
		block := f.recorded[i : i+320]
		if r := runs(block); len(r) != 1 {
			t.Fatalf("block %d is %v", n, r)
		}
		switch int(block[0]) {
		case n:
			seen++
		case -n:
			repaired++
		case guessed:
		default:
			t.Fatalf("block %d has %d", n, block[0])
		}
	}
	s := f.Stats()
	if missing := sent - seen; missing > count/200 {
		t.Errorf("%d packets that came were not recorded: %+v", missing, s)
	}
	if repaired < lost/2 {
		t.Errorf("of %d lost only %d were repaired from the next", lost, repaired)
	}
	t.Logf("%d sent, %d recorded, %d repaired, %d lost: %+v", sent, seen, repaired, lost, s)
}

func TestShorterAndLongerPackets(t *testing.T) {
	for _, length := range []int{10, 60, 120} {
		f := newFixture(t, Options{})
		f.wants = always
		for n := range 100 {
			f.Push(audio.Packet{Seq: uint16(n), Timestamp: uint32(n * length * 48), Payload: []byte{0, byte(n + 1), byte(length), 'x'},
				Arrival: epoch.Add(time.Duration(n*length) * ms)})
		}
		if want := 100 * length * 16; len(f.recorded) != want || len(f.heard) != want || len(runs(f.recorded)) != 100 {
			t.Errorf("%d ms: heard %d, recorded %d, want %d", length, len(f.heard), len(f.recorded), want)
		}
	}
}

func TestDecoderThatCannotBeMade(t *testing.T) {
	broken := errors.New("broken")
	no := func() (audio.Decoder, error) { return nil, broken }
	if _, err := New(audio.Codec{Name: "x", ClockRate: 8000, NewHearing: no}, &ear{}, Options{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := New(audio.Codec{Name: "x"}, &ear{}, Options{}); err == nil {
		t.Error("a clock rate of 0 is taken")
	}
	e := &ear{t: t, wants: always}
	var closed int
	r, err := New(audio.Codec{Name: "x", ClockRate: 48000, NewHearing: func() (audio.Decoder, error) { return fakeDecoder{&closed}, nil }, NewRecording: no}, e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		r.Push(packet(n, 0))
	}
	if e.heardTo != 32000 || len(e.recorded) != 0 || r.Stats().Failures != 20 {
		t.Errorf("heard %d, recorded %d, %+v", e.heardTo, len(e.recorded), r.Stats())
	}

	// One that is ready a little late has missed nothing.
	e = &ear{t: t, wants: always}
	tries := 0
	r, err = New(audio.Codec{Name: "x", ClockRate: 48000,
		NewHearing: func() (audio.Decoder, error) { return fakeDecoder{&closed}, nil },
		NewRecording: func() (audio.Decoder, error) {
			if tries++; tries < 4 {
				return nil, broken
			}
			return fakeDecoder{&closed}, nil
		}}, e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 50 {
		r.Push(packet(n, 0))
	}
	if !slices.Equal(e.recorded, e.heard) {
		t.Errorf("heard %d samples, recorded %d", len(e.heard), len(e.recorded))
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		r := newSteady(t, wanted)
		n := 0
		step := func(garbage bool) func() {
			return func() { r.step(n, garbage); n++ }
		}
		for range 200 {
			step(false)()
			step(true)()
		}
		if a := testing.AllocsPerRun(500, step(false)); a != 0 {
			t.Errorf("wanted %v: %v allocations a packet", wanted, a)
		}
		if a := testing.AllocsPerRun(500, step(true)); a != 0 {
			t.Errorf("wanted %v: %v allocations a packet of garbage", wanted, a)
		}
	}
}

// steady sends one packet after another without making any.
type steady struct {
	*Receiver
	payload, garbage [1000]byte
}

type deaf bool

func (d deaf) Hear([]int16, int64) bool { return bool(d) }
func (deaf) Record([]int16, int64)      {}

func newSteady(t testing.TB, wanted bool) *steady {
	var closed int
	make := func() (audio.Decoder, error) { return fakeDecoder{&closed}, nil }
	r, err := New(audio.Codec{Name: "fake", ClockRate: 48000, NewHearing: make, NewRecording: make}, deaf(wanted), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &steady{Receiver: r, payload: [1000]byte{0, 1, 20, 'x'}}
}

func (s *steady) step(n int, garbage bool) {
	p := audio.Packet{Seq: uint16(n), Timestamp: uint32(n) * 960, Payload: s.payload[:4], Arrival: epoch.Add(time.Duration(n) * 20 * ms)}
	if garbage {
		p.Payload = s.garbage[:n%1000]
	}
	s.Push(p)
	s.Tick(p.Arrival.Add(10 * ms))
}

func FuzzPush(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x02\x24\x00\x01\x00\x00\x03\xc0\x02\x24\x00\x03\x00\x00\x0b\x40\x02\x24"))
	f.Add([]byte("\xff\xff\x00\x00\x00\x00\x05\x24\x75\x30\xff\x00\x03\xc0\x64\x04\x75\x31\xff\x00\x07\x80\xff\x25"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fx := newFixture(t, Options{})
		now := epoch
		start := true
		for len(data) >= 8 {
			now = now.Add(time.Duration(data[6]) * ms)
			kind := data[7]
			payload := []byte{data[1], data[5], kind & 127, 'x'}
			if kind&0x80 != 0 {
				payload = data[:min(len(data), int(kind))]
			}
			wanted := data[5]&1 == 0
			fx.wants = func(int64) bool { return wanted }
			fx.Push(audio.Packet{Seq: binary.BigEndian.Uint16(data), Timestamp: binary.BigEndian.Uint32(data[2:]), Payload: payload, Arrival: now})
			fx.Tick(now)
			if start {
				fx.ear.t = t
				start = false
			}
			data = data[8:]
		}
		// However the sender lies, no more time goes by than it may run ahead.
		s := fx.Stats()
		most := samples(now.Sub(epoch))*102/100 + 12*audio.HearRate
		if s.Invented+s.Heard > most || s.Recorded > most {
			t.Errorf("more than %d samples in %v: %+v", most, now.Sub(epoch), s)
		}
	})
}

func BenchmarkPushTick(b *testing.B) {
	for _, wanted := range []bool{false, true} {
		b.Run(map[bool]string{false: "listening", true: "recording"}[wanted], func(b *testing.B) {
			s := newSteady(b, wanted)
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				s.step(n, false)
				n++
			}
		})
	}
}
