package opus

import (
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"

	"parley/models/modeltest"
)

// memoryKB reads a line of /proc/self/status, such as VmRSS or VmSize, where the
// system has one.
func memoryKB(t testing.TB, name string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("the system does not tell how much memory is used:", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kb
		}
	}
	t.Skip("the system does not tell", name)
	return 0
}

// Libraries that were closed, and instances that were lost or not needed any
// more, give their mappings of 16 MiB back.
func TestMemoryIsGivenBack(t *testing.T) {
	wasm := modeltest.Path(t, "opus/simd.wasm")
	var first int
	for i := range 12 {
		l := Open(wasm, cacheDir(), slog.New(slog.DiscardHandler))
		if err := l.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		lost := must(l.Codec().NewRecording())(t).(*recording)
		lost.ptr = 0xffffff00
		if _, err := lost.Decode(nil, []byte(silence)); err == nil {
			t.Fatal("no trap")
		}
		for range 3 * crowd {
			must(l.Codec().NewRecording())(t)
		}
		if n := len(l.instances); n < 3 {
			t.Fatalf("%d instances for %d states", n, 3*crowd)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			first = memoryKB(t, "VmSize")
		}
	}
	// Ten rounds would have left at least 480 MiB.
	if grown := memoryKB(t, "VmSize") - first; grown > 100<<10 {
		t.Errorf("ten libraries left %d kB behind", grown)
	}
}

func TestIdleInstancesAreClosed(t *testing.T) {
	l := open(t)
	var decoders []interface{ Close() error }
	for range 3 * crowd {
		decoders = append(decoders, must(l.Codec().NewRecording())(t))
	}
	many := len(l.instances)
	for _, d := range decoders {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if many < 3 || len(l.instances) != 1 {
		t.Errorf("%d instances became %d, want 1", many, len(l.instances))
	}
	must(must(l.Codec().NewRecording())(t).Decode(nil, []byte(silence)))(t)
}
