package vad

import (
	"math/rand/v2"
	"testing"
	"time"
)

// windows is what n windows last.
func windows(n int) time.Duration { return time.Duration(n) * 32 * time.Millisecond }

// TestSegmenter tells stories: each letter is a window, and the expected row says
// what the segmenter does with it.
//
//	window    V 0.9   h 0.4 (between Stop and Start)   . 0.1   _ nothing arrives
//	expected  s starts   S speaking   e ends   . not speaking   x ends and starts
func TestSegmenter(t *testing.T) {
	tests := []struct {
		name, windows, want string
		config              SegmentConfig
		last                Update // after the last window
	}{
		{
			name: "silence", windows: "....", want: "....",
		},
		{
			name: "one window is enough", windows: ".V", want: ".s",
			last: Update{Speaking: true, Started: true, Voiced: windows(1), VoiceStart: 1 * Window, VoiceEnd: 2 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "between the thresholds goes on and does not start", windows: "hhVhh", want: "..sSS",
			last: Update{Speaking: true, Voiced: windows(3), VoiceStart: 2 * Window, VoiceEnd: 5 * Window, Peak: 0.9, Mean: (0.9 + 0.4 + 0.4) / 3},
		},
		{
			name: "a low window inside a word", windows: "VV.VV", want: "sSSSS",
			last: Update{Speaking: true, Voiced: windows(4), VoiceEnd: 5 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "silence counts while it may still go on", windows: "VV...", want: "sSSSS",
			last: Update{Speaking: true, Voiced: windows(2), Silence: windows(3), VoiceEnd: 2 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "200 ms end it, in the seventh window", windows: "VV.......", want: "sSSSSSSSe",
			last: Update{Stopped: true, Voiced: windows(2), Silence: windows(7), VoiceEnd: 2 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "silence goes on counting", windows: "V..........", want: "sSSSSSSe...",
			last: Update{Voiced: windows(1), Silence: windows(10), VoiceEnd: Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "a second segment starts from nothing", windows: "VVV.......V", want: "sSSSSSSSSes",
			last: Update{Speaking: true, Started: true, Voiced: windows(1), VoiceStart: 10 * Window, VoiceEnd: 11 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "a short gap", windows: "VV__V", want: "sSS",
			last: Update{Speaking: true, Voiced: windows(3), VoiceEnd: 5 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "a long gap ends a segment", windows: "VV_________.", want: "sSe",
			last: Update{Stopped: true, Voiced: windows(2), Silence: windows(10), VoiceEnd: 2 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "a long gap before the next segment", windows: "VV_________V", want: "sSx",
			last: Update{Speaking: true, Started: true, Stopped: true, Voiced: windows(1), VoiceStart: 11 * Window, VoiceEnd: 12 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "too little voice is never reported", windows: "VV.......V", want: "..........",
			config: SegmentConfig{MinSpeech: windows(3)},
		},
		{
			name: "enough voice, with a hole in it", windows: "V.VV", want: "...s",
			config: SegmentConfig{MinSpeech: windows(3)},
			last:   Update{Speaking: true, Started: true, Voiced: windows(3), VoiceEnd: 4 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "what is too little leaves the last segment as it was", windows: "VV.......V.......", want: ".s" + "SSSSSSe" + "........",
			config: SegmentConfig{MinSpeech: windows(2)},
			last:   Update{Voiced: windows(2), Silence: windows(15), VoiceEnd: 2 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "own thresholds and silence", windows: ".hV.", want: "..se",
			config: SegmentConfig{Start: 0.8, Stop: 0.7, MinSilence: windows(1)},
			last:   Update{Stopped: true, Voiced: windows(1), Silence: windows(1), VoiceStart: 2 * Window, VoiceEnd: 3 * Window, Peak: 0.9, Mean: 0.9},
		},
		{
			name: "a Stop above Start is Start", windows: "hhV", want: "sSS",
			config: SegmentConfig{Start: 0.3, Stop: 0.8},
			last:   Update{Speaking: true, Voiced: windows(3), VoiceEnd: 3 * Window, Peak: 0.9, Mean: (0.9 + 0.4 + 0.4) / 3},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSegmenter(tt.config)
			for run := range 2 { // the second after Reset
				var got string
				var u Update
				for i, c := range tt.windows {
					p, ok := map[rune]float32{'V': 0.9, 'h': 0.4, '.': 0.1}[c]
					if !ok {
						continue
					}
					u = s.Push(p, int64(i*Window))
					switch {
					case u.Started && u.Stopped:
						got += "x"
					case u.Started:
						got += "s"
					case u.Stopped:
						got += "e"
					case u.Speaking:
						got += "S"
					default:
						got += "."
					}
				}
				if got != tt.want {
					t.Errorf("run %d: got %s, want %s", run, got, tt.want)
				}
				u.Mean = float32(int(u.Mean*1000+0.5)) / 1000
				tt.last.Mean = float32(int(tt.last.Mean*1000+0.5)) / 1000
				if u != tt.last {
					t.Errorf("run %d: the last update is\n%+v, want\n%+v", run, u, tt.last)
				}
				s.Reset()
			}
		})
	}
}

// TestSegmenterCountsSharedSoundOnce pushes windows that overlap, as peeking does.
func TestSegmenterCountsSharedSoundOnce(t *testing.T) {
	s := NewSegmenter(SegmentConfig{})
	var u Update
	for _, at := range []int64{1000, 1320, 1512, 1512, 1200, 1640} {
		u = s.Push(0.9, at)
	}
	if want := span(1640 + Window - 1000); u.Voiced != want || u.VoiceStart != 1000 || u.VoiceEnd != 1640+Window {
		t.Errorf("%+v, want %v of voice", u, want)
	}
}

// TestSegmenterAlwaysMakesSense holds what no sequence of windows may break.
func TestSegmenterAlwaysMakesSense(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		s := NewSegmenter(SegmentConfig{MinSpeech: windows(r.IntN(4)), MinSilence: windows(r.IntN(8))})
		speaking, at := false, int64(r.IntN(1e6))
		for range 200 {
			u := s.Push(r.Float32(), at)
			before := speaking
			if u.Stopped {
				if !before {
					t.Fatalf("a segment ended that had not started: %+v", u)
				}
				before = false
			}
			if u.Started {
				if before {
					t.Fatalf("a segment started twice: %+v", u)
				}
				before = true
			}
			if u.Speaking != before {
				t.Fatalf("speaking changed without a start or an end: %+v", u)
			}
			speaking = u.Speaking
			if u.Voiced < 0 || u.Silence < 0 || u.Voiced > span(u.VoiceEnd-u.VoiceStart) || u.Mean > u.Peak {
				t.Fatalf("impossible: %+v", u)
			}
			at += int64(r.IntN(3) * 320)
		}
	}
}

func BenchmarkSegmenter(b *testing.B) {
	b.ReportAllocs()
	s := NewSegmenter(SegmentConfig{})
	at := int64(0)
	for b.Loop() {
		s.Push(float32(at>>12&1), at)
		at += Window
	}
}
