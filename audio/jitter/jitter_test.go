package jitter

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"parley/audio"
)

const ms = time.Millisecond

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// stamp is the timestamp of the n-th packet; it wraps at the third.
func stamp(n int) uint32 { return ^uint32(2000) + uint32(n*960) }

// packet makes the n-th 20 ms packet of a 48 kHz stream, arriving late by so much.
func packet(n int, late time.Duration) audio.Packet {
	return audio.Packet{
		Seq: uint16(65530 + n), Timestamp: stamp(n),
		Payload: binary.BigEndian.AppendUint32(nil, uint32(n)),
		Arrival: epoch.Add(time.Duration(n)*20*ms + late),
	}
}

// got is an item in a form that can be compared.
type got struct {
	Kind    Kind
	At, Len int64
	Payload int // number of the packet, -1 for none
	Next    int
}

func number(payload []byte) int {
	if payload == nil {
		return -1
	}
	return int(binary.BigEndian.Uint32(payload))
}

func popAll(b *Buffer, now time.Time) []got {
	var all []got
	for {
		i, ok := b.Pop(now)
		if !ok {
			return all
		}
		all = append(all, got{i.Kind, i.Timestamp, i.Samples, number(i.Payload), number(i.Next)})
	}
}

func sound(n int) got { return got{Sound, int64(n) * 960, 960, n, -1} }

func TestPop(t *testing.T) {
	lost := func(n, count, next int) got { return got{Lost, int64(n) * 960, int64(count) * 960, -1, next} }
	type step struct {
		packets []audio.Packet
		now     time.Duration // since the epoch; 0: the last packet's arrival
		want    []got
	}
	tests := []struct {
		name  string
		steps []step
		check func(*testing.T, Stats)
	}{
		{"in order, over both wraps", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{packet(1, 0), packet(2, 0), packet(3, 0), packet(4, 0)}, 0, []got{sound(1), sound(2), sound(3), sound(4)}},
			{[]audio.Packet{packet(5, 0), packet(6, 0), packet(7, 0)}, 0, []got{sound(5), sound(6), sound(7)}},
		}, nil},
		{"neighbours change places", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{packet(2, 0)}, 0, nil},
			{[]audio.Packet{packet(1, 21*ms)}, 0, []got{sound(1), sound(2)}},
		}, func(t *testing.T, s Stats) {
			if s.Lost != 0 || s.Late != 0 {
				t.Errorf("%+v", s)
			}
		}},
		{"one lost", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{packet(2, 0)}, 59 * ms, nil},
			{nil, 60 * ms, []got{lost(1, 1, 2), sound(2)}},
			{[]audio.Packet{packet(1, 45*ms)}, 0, nil}, // too late
			{[]audio.Packet{packet(3, 0)}, 0, []got{sound(3)}},
		}, func(t *testing.T, s Stats) {
			if s.Lost != 1 || s.Late != 1 || s.Doubles != 0 {
				t.Errorf("%+v", s)
			}
		}},
		{"two gaps", []step{
			{[]audio.Packet{packet(0, 0), packet(3, 0), packet(5, 0)}, 0, []got{sound(0), lost(1, 2, 3), sound(3)}},
			{nil, 120 * ms, []got{lost(4, 1, 5), sound(5)}},
		}, func(t *testing.T, s Stats) {
			if s.Lost != 3 {
				t.Errorf("%+v", s)
			}
		}},
		{"doubles, waiting and given out and late", []step{
			{[]audio.Packet{packet(0, 0), packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{packet(0, 5*ms), packet(2, 0), packet(2, 0)}, 0, nil},
			{nil, 80 * ms, []got{lost(1, 1, 2), sound(2)}},
			{[]audio.Packet{packet(1, 70*ms), packet(1, 70*ms), packet(2, 70*ms)}, 0, nil},
		}, func(t *testing.T, s Stats) {
			if s.Doubles != 5 || s.Late != 1 {
				t.Errorf("%+v", s)
			}
		}},
		{"silence", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{{Seq: 65531, Timestamp: stamp(20), Payload: []byte{0, 0, 0, 20}, Arrival: epoch.Add(400 * ms)}}, 0,
				[]got{{Silence, 960, 19 * 960, -1, -1}, sound(20)}},
		}, func(t *testing.T, s Stats) {
			if s.Lost != 0 || s.Moves != 0 {
				t.Errorf("%+v", s)
			}
		}},
		{"a loss in silence", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{{Seq: 65532, Timestamp: stamp(20), Payload: []byte{0, 0, 0, 20}, Arrival: epoch.Add(400 * ms)}}, 420 * ms,
				[]got{lost(1, 1, -1), {Silence, 2 * 960, 18 * 960, -1, -1}, sound(20)}},
		}, nil},
		{"padding", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{{Seq: 65531, Timestamp: stamp(0), Arrival: epoch.Add(5 * ms)}}, 0, nil},
			{[]audio.Packet{{Seq: 65532, Timestamp: stamp(1), Payload: []byte{0, 0, 0, 1}, Arrival: epoch.Add(20 * ms)}}, 0, []got{sound(1)}},
		}, nil},
		{"a sender that starts afresh", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{{Seq: 30000, Timestamp: 7, Payload: []byte{0, 0, 0, 50}, Arrival: epoch.Add(1000 * ms)}}, 0, nil},
			{[]audio.Packet{{Seq: 30001, Timestamp: 967, Payload: []byte{0, 0, 0, 51}, Arrival: epoch.Add(1020 * ms)}}, 0,
				[]got{{Silence, 960, 50 * 960, -1, -1}, sound(51)}},
			{[]audio.Packet{{Seq: 30002, Timestamp: 967 + 960, Payload: []byte{0, 0, 0, 52}, Arrival: epoch.Add(1040 * ms)}}, 0, []got{sound(52)}},
		}, func(t *testing.T, s Stats) {
			if s.Restarts != 1 || s.Strays != 1 || s.Lost != 0 {
				t.Errorf("%+v", s)
			}
		}},
		{"one stray is nothing", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{{Seq: 30000, Timestamp: 7, Payload: []byte{1}, Arrival: epoch.Add(10 * ms)}}, 0, nil},
			{[]audio.Packet{packet(1, 0)}, 0, []got{sound(1)}},
			{[]audio.Packet{{Seq: 30001, Timestamp: 7, Payload: []byte{1}, Arrival: epoch.Add(10 * ms)}}, 0, nil},
			{[]audio.Packet{packet(2, 0)}, 0, []got{sound(2)}},
		}, func(t *testing.T, s Stats) {
			if s.Restarts != 0 || s.Strays != 2 {
				t.Errorf("%+v", s)
			}
		}},
		{"timestamps jump", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{{Seq: 65531, Timestamp: 1 << 30, Payload: []byte{0, 0, 0, 1}, Arrival: epoch.Add(20 * ms)}}, 0, []got{sound(1)}},
			{[]audio.Packet{{Seq: 65532, Timestamp: 1<<30 + 960, Payload: []byte{0, 0, 0, 2}, Arrival: epoch.Add(40 * ms)}}, 0, []got{sound(2)}},
		}, func(t *testing.T, s Stats) {
			if s.Moves != 1 || s.Restarts != 0 {
				t.Errorf("%+v", s)
			}
		}},
		{"a clock that stands still while muted", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{packet(1, 2*time.Second)}, 0, []got{{Silence, 960, 100 * 960, -1, -1}, {Sound, 101 * 960, 960, 1, -1}}},
			{[]audio.Packet{packet(2, 2*time.Second)}, 0, []got{{Sound, 102 * 960, 960, 2, -1}}},
		}, func(t *testing.T, s Stats) {
			if s.Moves != 1 {
				t.Errorf("%+v", s)
			}
		}},
		{"an outage", []step{
			{[]audio.Packet{packet(0, 0)}, 0, []got{sound(0)}},
			{[]audio.Packet{packet(1000, 0)}, 20020 * ms, []got{lost(1, 999, 1000), sound(1000)}},
		}, func(t *testing.T, s Stats) {
			if s.Lost != 999 {
				t.Errorf("%+v", s)
			}
		}},
		{"too long", []step{
			{[]audio.Packet{packet(0, 0), {Seq: 65531, Payload: make([]byte, MaxPayload+1), Arrival: epoch}}, 0, []got{sound(0)}},
		}, func(t *testing.T, s Stats) {
			if s.Oversize != 1 {
				t.Errorf("%+v", s)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(48000, Options{})
			for i, st := range tt.steps {
				now := epoch.Add(st.now)
				for _, p := range st.packets {
					b.Push(p)
					if st.now == 0 {
						now = p.Arrival
					}
				}
				all := popAll(b, now)
				if len(all) != len(st.want) {
					t.Fatalf("step %d: got %+v, want %+v", i, all, st.want)
				}
				for k := range all {
					if all[k] != st.want[k] {
						t.Errorf("step %d, item %d: got %+v, want %+v", i, k, all[k], st.want[k])
					}
				}
			}
			if tt.check != nil {
				tt.check(t, b.Stats())
			}
		})
	}
}

func TestSpanIsLearned(t *testing.T) {
	b := New(8000, Options{})
	for n := range 4 {
		b.Push(audio.Packet{Seq: uint16(n), Timestamp: uint32(n * 480), Payload: []byte{1}, Arrival: epoch.Add(time.Duration(n) * 60 * ms)})
	}
	if b.Span() != 480 {
		t.Errorf("span is %d, want 480", b.Span())
	}
	items := popAll2(b)
	if last := items[len(items)-1]; last.Kind != Sound || last.Timestamp != 3*480 || last.Samples != 480 {
		t.Errorf("%+v", last)
	}
}

func popAll2(b *Buffer) (all []Item) {
	for {
		i, ok := b.Pop(epoch.Add(time.Hour))
		if !ok {
			return all
		}
		all = append(all, i)
	}
}

func TestDelayFollowsLatePackets(t *testing.T) {
	b := New(48000, Options{})
	if d := b.Delay(); d != 20*ms {
		t.Fatalf("at first %v", d)
	}
	// Every tenth packet comes 90 ms late.
	n := 0
	var held []audio.Packet
	run := func(count int, late time.Duration) {
		for end := n + count; n < end; n++ {
			for len(held) > 0 && !held[0].Arrival.After(packet(n, 0).Arrival) {
				b.Push(held[0])
				held = held[1:]
			}
			if n%10 == 9 && late > 0 {
				held = append(held, packet(n, late))
			} else {
				b.Push(packet(n, 0))
			}
			popAll(b, packet(n, 0).Arrival)
		}
	}
	run(500, 90*ms)
	if d := b.Delay(); d < 80*ms || d > 110*ms {
		t.Errorf("with packets 90 ms late it is %v", d)
	}
	lost := b.Stats().Lost
	run(500, 90*ms)
	if more := b.Stats().Lost - lost; more != 0 {
		t.Errorf("%d packets given up though all came", more)
	}
	run(1000, 700*ms)
	if d := b.Delay(); d != 200*ms {
		t.Errorf("with packets 700 ms late it is %v, want the longest", d)
	}
	run(2000, 0)
	if d := b.Delay(); d != 20*ms {
		t.Errorf("after 40 s of calm it is %v", d)
	}
}

// TestLossyLink sends through a link that loses, delays, doubles and reorders,
// and wants every packet that was not lost exactly once and in order.
func TestLossyLink(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const count = 20000
	type arrival struct {
		n  int
		at time.Duration
	}
	perTick := make(map[int][]arrival)
	sent := make([]bool, count)
	for n := range count {
		if n > 0 && rng.IntN(100) < 5 {
			continue
		}
		sent[n] = true
		copies := 1
		if rng.IntN(100) < 5 {
			copies = 2
		}
		for range copies {
			late := time.Duration(rng.IntN(5)) * ms
			if rng.IntN(100) < 5 {
				late += time.Duration(rng.IntN(60)) * ms
			}
			at := time.Duration(n)*20*ms + late
			perTick[int(at/ms)] = append(perTick[int(at/ms)], arrival{n, late})
		}
	}
	b := New(48000, Options{})
	var next, sounds int64
	for tick := range count*20 + 400 {
		now := epoch.Add(time.Duration(tick) * ms)
		for _, a := range perTick[tick] {
			b.Push(packet(a.n, a.at))
		}
		for {
			i, ok := b.Pop(now)
			if !ok {
				break
			}
			if i.Timestamp != next {
				t.Fatalf("at %v came %d, want %d", now.Sub(epoch), i.Timestamp, next)
			}
			if i.Kind == Sound {
				sounds++
				if got := int64(number(i.Payload)) * 960; got != i.Timestamp {
					t.Fatalf("payload %d at %d", got, i.Timestamp)
				}
			} else if i.Kind != Lost {
				t.Fatalf("silence at %d", i.Timestamp)
			}
			next = i.Timestamp + i.Samples
		}
	}
	s := b.Stats()
	var all int64
	for _, ok := range sent {
		if ok {
			all++
		}
	}
	if sounds+s.Late != all {
		t.Errorf("%d packets out, %d too late, %d sent: %+v", sounds, s.Late, all, s)
	}
	if s.Late > all/500 {
		t.Errorf("%d of %d packets were too late: the delay does not follow the stream: %+v", s.Late, all, s)
	}
}

func FuzzBuffer(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x05\x00\x01\x00\x00\x03\xc0\x14\x05\x00\x03\x00\x00\x0b\x40\x14\x05"))
	f.Add([]byte("\xff\xff\x00\x00\x00\x00\x00\x05\x75\x30\xff\x00\x03\xc0\x14\x05\x75\x31\xff\x00\x07\x80\xff\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := New(48000, Options{})
		now := epoch
		var last int64 = -1 << 62
		for len(data) >= 8 {
			now = now.Add(time.Duration(int8(data[6])) * 10 * ms)
			placed := b.Push(audio.Packet{
				Seq: binary.BigEndian.Uint16(data), Timestamp: binary.BigEndian.Uint32(data[2:]),
				Payload: make([]byte, data[7]), Arrival: now,
			})
			if placed.Newest && placed.Verdict != Kept {
				t.Fatalf("%+v", placed)
			}
			data = data[8:]
			for {
				i, ok := b.Pop(now)
				if !ok {
					break
				}
				if i.Kind != Sound && i.Timestamp < last {
					t.Fatalf("went back from %d to %d", last, i.Timestamp)
				}
				if i.Samples <= 0 {
					t.Fatalf("an empty item %+v", i)
				}
				last = i.Timestamp
			}
			if b.Waiting() > slots {
				t.Fatal("too many packets")
			}
		}
	})
}

func BenchmarkPushPop(b *testing.B) {
	buf := New(48000, Options{})
	p := audio.Packet{Payload: make([]byte, 80), Arrival: epoch}
	b.ReportAllocs()
	for b.Loop() {
		p.Seq++
		p.Timestamp += 960
		p.Arrival = p.Arrival.Add(20 * ms)
		buf.Push(p)
		for {
			if _, ok := buf.Pop(p.Arrival); !ok {
				break
			}
		}
	}
}
