package opus

import (
	"log/slog"
	"runtime"
	"testing"

	"parley/audio"
	"parley/models/modeltest"
)

// ticks cuts two seconds of sound into packets' worth, so that the benchmarks do
// not encode one frame again and again.
func ticks() [][]int16 {
	var out [][]int16
	for pcm := voice(2 * audio.SpeakRate); len(pcm) >= audio.SpeakTick; pcm = pcm[audio.SpeakTick:] {
		out = append(out, pcm[:audio.SpeakTick])
	}
	return out
}

func BenchmarkEncode(b *testing.B) {
	codec := open(b).Codec()
	for _, mode := range []struct {
		name string
		loss float64
	}{{"usual", 0}, {"lossy", 0.1}} {
		b.Run(mode.name, func(b *testing.B) {
			e := must(codec.NewEncoder())(b).(*Encoder)
			defer e.Close()
			if err := e.ExpectLoss(mode.loss); err != nil {
				b.Fatal(err)
			}
			in, packet := ticks(), make([]byte, 0, 1500)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := e.Encode(packet, in[i%len(in)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("default", func(b *testing.B) {
		// What libopus does when it is told nothing.
		e := must(codec.NewEncoder())(b).(*Encoder)
		defer e.Close()
		in := must(e.lock())(b)
		code := must(in.call(in.encoderInit, e.ptr, audio.SpeakRate, 1, applicationAudio))(b)
		in.mu.Unlock()
		if code < 0 {
			b.Fatal(failure(code))
		}
		pcm, packet := ticks(), make([]byte, 0, 1500)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := e.Encode(packet, pcm[i%len(pcm)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("zeros", func(b *testing.B) {
		e := must(codec.NewEncoder())(b)
		defer e.Close()
		pcm, packet := make([]int16, audio.SpeakTick), make([]byte, 0, 1500)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.Encode(packet, pcm); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	codec := open(b).Codec()
	for _, mode := range []struct {
		name string
		loss float64
	}{{"celt", 0}, {"silk", 0.1}} {
		e := must(codec.NewEncoder())(b).(*Encoder)
		if err := e.ExpectLoss(mode.loss); err != nil {
			b.Fatal(err)
		}
		packets := encodeAll(b, e, voice(2*audio.SpeakRate))
		_ = e.Close()
		for name, make := range map[string]func() (audio.Decoder, error){"hearing": codec.NewHearing, "recording": codec.NewRecording} {
			b.Run(mode.name+"/"+name, func(b *testing.B) {
				benchDecode(b, must(make())(b), packets)
			})
		}
		b.Run(mode.name+"/conceal", func(b *testing.B) {
			d, pcm := must(codec.NewRecording())(b), []int16(nil)
			defer d.Close()
			pcm = must(d.Decode(pcm, packets[20]))(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Conceal(pcm[:0], audio.HearTick, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchDecode(b *testing.B, d audio.Decoder, packets [][]byte) {
	defer d.Close()
	pcm := make([]int16, 0, audio.HearTick)
	for _, p := range packets {
		pcm = must(d.Decode(pcm[:0], p))(b)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := d.Decode(pcm[:0], packets[i%len(packets)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkForeign decodes what browsers send.
func BenchmarkForeign(b *testing.B) {
	l := open(b)
	for _, f := range []struct {
		name   string
		stereo bool
		mode   uint64
	}{{"silk", false, 1000}, {"hybrid", false, 1001}, {"celt", false, 1002}, {"hybrid-stereo", true, 1001}} {
		packets := foreign(b, l, f.stereo, 20, f.mode)
		b.Run(f.name+"/hearing", func(b *testing.B) { benchDecode(b, must(newHearing(l))(b), packets) })
		b.Run(f.name+"/recording", func(b *testing.B) { benchDecode(b, must(l.Codec().NewRecording())(b), packets) })
	}
}

// BenchmarkParallel is many calls at once: the pool must not serialise them.
func BenchmarkParallel(b *testing.B) {
	codec := open(b).Codec()
	in := ticks()
	b.SetParallelism(30)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		e, err := codec.NewEncoder()
		if err != nil {
			b.Error(err)
			return
		}
		defer e.Close()
		packet := make([]byte, 0, 1500)
		for i := 0; pb.Next(); i++ {
			if _, err := e.Encode(packet, in[i%len(in)]); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkPair measures the memory of one encoder and decoders of one call: in
// use is what the process's resident size grows by for each.
func BenchmarkPair(b *testing.B) {
	l := open(b)
	codec := l.Codec()
	pcm := voice(audio.SpeakTick)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	rss := memoryKB(b, "VmRSS")
	const n = 120
	var keep []any
	for range n {
		e, d, h := must(codec.NewEncoder())(b), must(codec.NewRecording())(b), must(codec.NewHearing())(b)
		p := must(e.Encode(nil, pcm))(b)
		must(d.Decode(nil, p))(b)
		must(h.Decode(nil, p))(b)
		keep = append(keep, e, d, h)
	}
	grown := memoryKB(b, "VmRSS") - rss
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		runtime.KeepAlive(keep)
	}
	b.ReportMetric(float64(grown)/n, "resident-kB/call")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n/1024, "heap-kB/call")
	b.ReportMetric(float64(len(l.instances)), "instances")
}

func BenchmarkOpen(b *testing.B) {
	wasm := modeltest.Path(b, "opus/simd.wasm")
	once := func(b *testing.B, dir string) {
		l := Open(wasm, dir, slog.New(slog.DiscardHandler))
		if err := l.Ready(b.Context()); err != nil {
			b.Fatal(err)
		}
		_ = l.Close()
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			once(b, b.TempDir())
		}
	})
	b.Run("cached", func(b *testing.B) {
		dir := b.TempDir()
		once(b, dir)
		for b.Loop() {
			once(b, dir)
		}
	})
}
