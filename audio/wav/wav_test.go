package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// file describes a WAV file to be put together.
type file struct {
	riff, data     uint32 // sizes as stated; 0 with right set means the true ones
	right          bool
	format         uint16
	channels, bits uint16
	rate           uint32
	extensible     bool
	before, after  string // chunks around the samples
	samples        []byte
}

func (f file) bytes() []byte {
	le := binary.LittleEndian
	format := f.format
	if f.extensible {
		format = formatExtensible
	}
	var fm []byte
	fm = le.AppendUint16(fm, format)
	fm = le.AppendUint16(fm, f.channels)
	fm = le.AppendUint32(fm, f.rate)
	fm = le.AppendUint32(fm, f.rate*uint32(f.channels*f.bits/8))
	fm = le.AppendUint16(fm, f.channels*f.bits/8)
	fm = le.AppendUint16(fm, f.bits)
	if f.extensible {
		fm = le.AppendUint16(fm, 22)
		fm = le.AppendUint16(fm, f.bits)
		fm = le.AppendUint32(fm, 3)
		fm = le.AppendUint16(fm, f.format)
		fm = append(fm, extensibleTail...)
	}
	body := "WAVE" + f.before + "fmt " + string(le.AppendUint32(nil, uint32(len(fm)))) + string(fm)
	data := f.data
	if f.right {
		data = uint32(len(f.samples))
	}
	body += "data" + string(le.AppendUint32(nil, data)) + string(f.samples) + f.after
	riff := f.riff
	if f.right {
		riff = uint32(len(body))
	}
	return []byte("RIFF" + string(le.AppendUint32(nil, riff)) + body)
}

// pack writes numbers in little endian.
func pack(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	base := file{right: true, format: formatPCM, channels: 1, bits: 16, rate: 16000, samples: pack(t, []int16{1, -2, 32767, -32768})}
	with := func(change func(*file)) file {
		f := base
		change(&f)
		return f
	}
	pcm := []int16{1, -2, 32767, -32768}
	tests := []struct {
		name string
		file file
		want []int16
	}{
		{"16 bits", base, pcm},
		{"8 bits", with(func(f *file) { f.bits, f.samples = 8, []byte{0, 128, 255, 129} }), []int16{-32768, 0, 32512, 256}},
		{"24 bits", with(func(f *file) { f.bits, f.samples = 24, []byte{9, 1, 0, 0, 0, 0x80, 0xff, 0xff, 0x7f} }), []int16{1, -32768, 32767}},
		{"32 bits", with(func(f *file) { f.bits, f.samples = 32, pack(t, []int32{1 << 16, -1 << 31, 1<<31 - 1}) }), []int16{1, -32768, 32767}},
		{"float", with(func(f *file) {
			f.format, f.bits = formatFloat, 32
			f.samples = pack(t, []float32{0.5, -1, 1, 7, -7, float32(math.NaN()), float32(math.Inf(1)), 0.00002})
		}), []int16{16384, -32768, 32767, 32767, -32768, 0, 32767, 1}},
		{"stereo", with(func(f *file) { f.channels, f.samples = 2, pack(t, []int16{10, 20, 32767, 32767, -5, 5}) }), []int16{15, 32767, 0}},
		{"stereo, 24 bits, half a frame at the end", with(func(f *file) {
			f.channels, f.bits, f.samples = 2, 24, []byte{0, 2, 0, 0, 4, 0, 1, 2, 3, 4}
		}), []int16{3}},
		{"extensible", with(func(f *file) { f.extensible = true }), pcm},
		{"extensible float", with(func(f *file) {
			f.extensible, f.format, f.bits, f.samples = true, formatFloat, 32, pack(t, []float32{0.25})
		}), []int16{8192}},
		{"other chunks, one of odd length", with(func(f *file) {
			f.before, f.after = "junk\x03\x00\x00\x00abc\x00LIST\x00\x00\x00\x00", "LIST\x04\x00\x00\x00abcd"
		}), pcm},
		{"streamed, sizes all ones", with(func(f *file) { f.right, f.riff, f.data = false, unknownSize, unknownSize }), pcm},
		{"streamed, sizes zero", with(func(f *file) { f.right = false }), pcm},
		{"streamed behind the header of an empty file", with(func(f *file) { f.right, f.riff = false, 36 }), pcm},
		{"streamed, the highest signed number", with(func(f *file) { f.right, f.riff, f.data = false, 1<<31-1, 1<<31-37 }), pcm},
		{"empty, with a chunk behind", with(func(f *file) { f.samples, f.after = nil, "LIST\x04\x00\x00\x00abcd" }), nil},
		{"empty", with(func(f *file) { f.samples = nil }), nil},
		{"cut off", with(func(f *file) { f.right, f.riff, f.data, f.samples = false, 1000, 900, f.samples[:5] }), []int16{1, -2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, in := range map[string]io.Reader{
				"at once":      bytes.NewReader(tt.file.bytes()),
				"byte by byte": iotest.OneByteReader(bytes.NewReader(tt.file.bytes())),
				"with its end": iotest.DataErrReader(bytes.NewReader(tt.file.bytes())),
			} {
				got, rate, err := Read(in, 100)
				if err != nil || rate != 16000 || !slices.Equal(got, tt.want) {
					t.Errorf("%s: %v at %d Hz, %v; want %v", name, got, rate, err, tt.want)
				}
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	base := file{right: true, format: formatPCM, channels: 1, bits: 16, rate: 16000, samples: make([]byte, 20)}
	with := func(change func(*file)) []byte {
		f := base
		change(&f)
		return f.bytes()
	}
	whole := base.bytes()
	tests := []struct {
		name, want string
		in         []byte
	}{
		{"nothing", "ends before", nil},
		{"text", "begin like", []byte("hello, this is not a WAV file at all")},
		{"big endian", "begin like", append([]byte("RIFX"), whole[4:]...)},
		{"another RIFF", "begin like", append([]byte("RIFF\x00\x00\x00\x00AVI "), whole[12:]...)},
		{"cut in the format", "ends before", whole[:20]},
		{"cut before the samples", "ends before", whole[:40]},
		{"no format", "before their format", append(slices.Clone(whole[:12]), whole[36:]...)},
		{"a huge format", "takes", append(slices.Clone(whole[:16]), 255, 255, 255, 255)},
		{"a short format", "at least 16", append(slices.Clone(whole[:16]), 2, 0, 0, 0, 1, 0)},
		{"a huge chunk", "more than", append(slices.Clone(whole[:12]), "junk\xff\xff\xff\xff"...)},
		{"a chunk cut short", "ends before", append(slices.Clone(whole[:12]), "junk\x40\x00\x00\x00abc"...)},
		{"no channels", "channels", with(func(f *file) { f.channels = 0 })},
		{"many channels", "channels", with(func(f *file) { f.channels = 9 })},
		{"rate 0", "rate", with(func(f *file) { f.rate = 0 })},
		{"rate too high", "rate", with(func(f *file) { f.rate = 1 << 31 })},
		{"12 bits", "with 12 bits", with(func(f *file) { f.bits = 12 })},
		{"µ-law", "format 7", with(func(f *file) { f.format, f.bits = 7, 8 })},
		{"float with 16 bits", "format 3", with(func(f *file) { f.format = formatFloat })},
		{"an unknown extension", "extended", bytes.Replace(with(func(f *file) { f.extensible = true }), []byte(extensibleTail), make([]byte, 14), 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := Read(bytes.NewReader(tt.in), 100)
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want an ErrFormat with %q", err, tt.want)
			}
		})
	}
	if _, _, err := Read(bytes.NewReader(whole), 9); !errors.Is(err, ErrTooLong) {
		t.Errorf("ten samples with a limit of nine: %v", err)
	}
	if got, _, err := Read(bytes.NewReader(whole), 10); err != nil || len(got) != 10 {
		t.Errorf("ten samples with a limit of ten: %d, %v", len(got), err)
	}
	broken := errors.New("the line is broken")
	for _, n := range []int{10, 30, 50} {
		in := io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken))
		if _, _, err := Read(in, 100); !errors.Is(err, broken) {
			t.Errorf("an error after %d bytes: %v", n, err)
		}
	}
}

// Samples are returned when they are there, not when a buffer is full.
func TestReaderDoesNotWait(t *testing.T) {
	in, out := io.Pipe()
	defer in.Close()
	whole := file{format: formatPCM, channels: 1, bits: 16, rate: 24000, riff: unknownSize, data: unknownSize, samples: pack(t, []int16{5, 6, 7})}.bytes()
	sent := make(chan error, 1)
	go func() {
		_, err := out.Write(whole)
		sent <- err
	}()
	r, err := NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	if r.Rate() != 24000 || r.Channels() != 1 {
		t.Errorf("%d Hz, %d channels", r.Rate(), r.Channels())
	}
	var pcm [100]int16
	if n, err := r.Read(pcm[:]); err != nil || !slices.Equal(pcm[:n], []int16{5, 6, 7}) {
		t.Errorf("%v, %v", pcm[:n], err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Read(pcm[:]); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

func TestWrite(t *testing.T) {
	for _, pcm := range [][]int16{nil, {1}, {-32768, 32767, 0, 5, -7}} {
		var b bytes.Buffer
		if err := Write(&b, pcm, 22050); err != nil {
			t.Fatal(err)
		}
		want := file{right: true, format: formatPCM, channels: 1, bits: 16, rate: 22050, samples: pack(t, pcm)}.bytes()
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("% x, want % x", b.Bytes(), want)
		}
		if got, rate, err := Read(&b, 10); err != nil || rate != 22050 || !slices.Equal(got, pcm) {
			t.Errorf("%v comes back as %v at %d Hz, %v", pcm, got, rate, err)
		}
	}
	if err := Write(io.Discard, nil, 0); err == nil {
		t.Error("a rate of 0 was written")
	}
	if err := Write(failing{}, nil, 8000); err == nil {
		t.Error("a failing writer is no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

// rewrite is a program for Python, whose library knows these files, too: it writes what it
// reads in another width and number of channels. The library does not write numbers with a
// point; they go under a header of the program's own.
const rewrite = `
import struct, sys, wave
ours, theirs, width, channels = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with wave.open(ours) as r:
    if (r.getnchannels(), r.getsampwidth()) != (1, 2):
        sys.exit("not one channel of 16 bits")
    rate, data = r.getframerate(), r.readframes(r.getnframes())
if width == 0:
    data = struct.pack("<%df" % (len(data) // 2), *(s / 32768 for (s,) in struct.iter_unpack("<h", data)))
    with open(theirs, "wb") as w:
        w.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, rate, 4 * rate, 4, 32, b"data", len(data)) + data)
    sys.exit()
with wave.open(theirs, "wb") as w:
    w.setnchannels(channels)
    w.setsampwidth(width)
    w.setframerate(rate)
    w.writeframes(b"".join((bytes(width - 2) + data[i:i + 2]) * channels for i in range(0, len(data), 2)))
`

// What another program writes is read, and what is written here it reads.
func TestAnotherProgram(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("PARLEY_TEST_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip("python3 is not on this machine")
	}
	dir := t.TempDir()
	ours := filepath.Join(dir, "ours.wav")
	pcm := make([]int16, 4000)
	for i := range pcm {
		pcm[i] = int16(i * 7)
	}
	var b bytes.Buffer
	if err := Write(&b, pcm, 22050); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ours, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, kind := range [][]string{{"2", "1"}, {"3", "1"}, {"4", "1"}, {"0", "1"}, {"2", "2"}, {"3", "2"}} { // bytes a sample (0: four, with a point), channels
		theirs := filepath.Join(dir, "theirs.wav")
		out, err := exec.Command(python, slices.Concat([]string{"-c", rewrite, ours, theirs}, kind)...).CombinedOutput()
		if err != nil {
			t.Fatalf("python: %v: %s", err, out)
		}
		f, err := os.Open(theirs)
		if err != nil {
			t.Fatal(err)
		}
		got, rate, err := Read(f, 5000)
		_ = f.Close()
		if err != nil || rate != 22050 || !slices.Equal(got, pcm) {
			t.Errorf("python %v: %d samples at %d Hz, %v", kind, len(got), rate, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	base := file{right: true, format: formatPCM, channels: 1, bits: 16, rate: 16000, samples: make([]byte, 20)}
	f.Add(base.bytes())
	base.extensible, base.channels = true, 2
	f.Add(base.bytes())
	base.right, base.riff, base.data, base.bits, base.format = false, unknownSize, unknownSize, 32, formatFloat
	f.Add(base.bytes())
	base.right, base.before = true, "junk\x03\x00\x00\x00abc\x00"
	f.Add(base.bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		const limit = 1000
		pcm, rate, err := Read(bytes.NewReader(in), limit)
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooLong) {
				t.Fatal(err)
			}
			return
		}
		if len(pcm) > limit || len(pcm) > len(in) || rate < minRate || rate > maxRate {
			t.Fatalf("%d samples at %d Hz out of %d bytes", len(pcm), rate, len(in))
		}
		var b bytes.Buffer
		if err := Write(&b, pcm, rate); err != nil {
			t.Fatal(err)
		}
		again, rateAgain, err := Read(&b, limit)
		if err != nil || rateAgain != rate || !slices.Equal(again, pcm) {
			t.Fatalf("%v at %d Hz comes back as %v at %d Hz, %v", pcm, rate, again, rateAgain, err)
		}
	})
}

func TestFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.wav")
	want := []int16{1, -2, 3}
	if err := WriteFile(path, want, 24000); err != nil {
		t.Fatal(err)
	}
	got, rate, err := ReadFile(path, len(want))
	if err != nil || rate != 24000 || !slices.Equal(got, want) {
		t.Errorf("%v at %d Hz, %v", got, rate, err)
	}
	if _, _, err := ReadFile(path, 2); !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), path) {
		t.Errorf("too long: %v", err)
	}
	if _, _, err := ReadFile(path+"x", 9); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := WriteFile(path, want, 1); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a rate of 1 Hz: %v", err)
	}
}

func TestRaw(t *testing.T) {
	t.Parallel()
	r := NewRaw(iotest.OneByteReader(strings.NewReader("\x01\x00\xfe\xff\x03")), 16000)
	var got []int16
	var block [8]int16
	for {
		n, err := r.Read(block[:])
		got = append(got, block[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, []int16{1, -2}) || r.Rate() != 16000 || r.Channels() != 1 {
		t.Errorf("%v at %d Hz", got, r.Rate())
	}
}
