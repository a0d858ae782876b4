package playout

import (
	"slices"
	"testing"
)

func BenchmarkNext(b *testing.B) {
	lengths := slices.Repeat([]int{300}, 60) // 19 s
	a := speech(1, lengths...)
	for _, ducked := range []bool{false, true} {
		b.Run(map[bool]string{false: "full", true: "ducked"}[ducked], func(b *testing.B) {
			p := New(nil, observe(func(Event) {}))
			p.Duck(ducked)
			dst := make([]int16, tick)
			b.ReportAllocs()
			for b.Loop() {
				if !p.Next(dst) {
					b.StopTimer()
					for range 5 {
						id := p.Begin(words(1, lengths...))
						_ = p.Append(id, a)
						p.Finish(id)
					}
					b.StartTimer()
				}
			}
		})
	}
	b.Run("idle", func(b *testing.B) {
		p := New(nil, nil)
		dst := make([]int16, tick)
		b.ReportAllocs()
		for b.Loop() {
			p.Next(dst)
		}
	})
}

func BenchmarkFinish(b *testing.B) {
	a := speech(1, 300, 300, 300)
	b.ReportAllocs()
	for b.Loop() {
		p := New(nil, nil)
		id := p.Begin(words(1, 300, 300, 300))
		_ = p.Append(id, a)
		p.Finish(id)
	}
}
