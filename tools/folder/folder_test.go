package folder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"parley/tools"
	"parley/tools/file"
	"parley/tools/httptool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// runners have HTTP tools answer with their address.
func runners() file.Runners {
	return file.Runners{
		HTTP: func(spec httptool.Spec, _ tools.Effect, _ time.Duration) (tools.Run, error) {
			return func(context.Context, tools.Call) (any, error) { return spec.URL, nil }, nil
		},
		Env: func(string) (string, bool) { return "", false },
	}
}

// tool is a file of a tool that answers with http://h/ANSWER.
func tool(name, answer string) string {
	return fmt.Sprintf("name: %s\ndescription: d\neffect: read\nrun: {http: {method: GET, url: \"http://h/%s\"}}\n", name, answer)
}

// shop is a folder that is watched.
type shop struct {
	t       *testing.T
	dir     string
	folder  *Folder
	changes chan Status
}

func open(t *testing.T, o Options, start map[string]string) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), changes: make(chan Status, 100)}
	for name, content := range start {
		s.save(name, content)
	}
	o.Dir, o.Runners, o.Changed = s.dir, runners(), func(st Status) { s.changes <- st }
	var err error
	if s.folder, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.folder.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *shop) save(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// until waits for a change after which the tools and broken files are as wanted; both
// in order, "NAME=ANSWER" and "FILE". It returns how long that took.
func (s *shop) until(wantTools, wantBroken string) time.Duration {
	s.t.Helper()
	begin := time.Now()
	deadline := time.After(10 * time.Second)
	for {
		got, broken := s.tools(), s.broken()
		if got == wantTools && broken == wantBroken {
			return time.Since(begin)
		}
		select {
		case <-s.changes:
		case <-deadline:
			s.t.Fatalf("tools %q, broken %q; want %q and %q", got, broken, wantTools, wantBroken)
		}
	}
}

func (s *shop) tools() string { return answers(s.t, s.folder.Current()) }

// answers runs every tool.
func answers(t *testing.T, set *tools.Registry) string {
	t.Helper()
	var out []string
	for _, d := range set.Definitions(tools.Caller{}) {
		r, err := set.Run(t.Context(), tools.Call{Name: d.Name})
		if err != nil {
			t.Fatal(err)
		}
		var answer string
		if err := json.Unmarshal(r.JSON, &answer); err != nil {
			t.Fatal(err)
		}
		out = append(out, d.Name+"="+strings.TrimPrefix(answer, "http://h/"))
	}
	return strings.Join(out, " ")
}

func (s *shop) broken() string {
	var out []string
	for _, b := range s.folder.Status().Broken {
		name := filepath.Base(b.File)
		if b.Held {
			name += "+"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func TestEditorsSave(t *testing.T) {
	for name, save := range map[string]func(s *shop, content string){
		"in place": func(s *shop, content string) { s.save("a.yaml", content) },
		"rename over": func(s *shop, content string) {
			s.save("a.yaml.tmp", content)
			if err := os.Rename(filepath.Join(s.dir, "a.yaml.tmp"), filepath.Join(s.dir, "a.yaml")); err != nil {
				s.t.Fatal(err)
			}
		},
		"copy aside, then anew": func(s *shop, content string) { // vim with backupcopy=no
			if err := os.Rename(filepath.Join(s.dir, "a.yaml"), filepath.Join(s.dir, "a.yaml~")); err != nil {
				s.t.Fatal(err)
			}
			s.save("4913", "")
			s.remove("4913")
			s.save("a.yaml", content)
			s.remove("a.yaml~")
		},
		"delete and create": func(s *shop, content string) {
			s.remove("a.yaml")
			s.save("a.yaml", content)
		},
		"lock file": func(s *shop, content string) { // emacs
			if err := os.Symlink("someone@somewhere.1", filepath.Join(s.dir, ".#a.yaml")); err != nil {
				s.t.Fatal(err)
			}
			s.save("#a.yaml#", content)
			s.save("a.yaml", content)
			s.remove(".#a.yaml")
			s.remove("#a.yaml#")
		},
		"in two writes": func(s *shop, content string) {
			f, err := os.Create(filepath.Join(s.dir, "a.yaml"))
			if err != nil {
				s.t.Fatal(err)
			}
			defer f.Close()
			for _, half := range []string{content[:20], content[20:]} {
				if _, err := f.WriteString(half); err != nil {
					s.t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, Options{Poll: time.Hour}, map[string]string{"a.yaml": tool("a", "1"), "b.yaml": tool("b", "1")})
			s.until("a=1 b=1", "")
			save(s, tool("a", "2"))
			if took := s.until("a=2 b=1", ""); took > time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestPollingFindsWhatTheSystemDoesNotTell(t *testing.T) {
	s := open(t, Options{PollOnly: true, Poll: 5 * time.Millisecond}, map[string]string{"a.yaml": tool("a", "1")})
	s.save("a.yaml", tool("a", "two"))
	s.until("a=two", "")
	s.save("b.yaml", tool("b", "1"))
	s.until("a=two b=1", "")
	s.remove("a.yaml")
	s.until("b=1", "")
}

func TestABrokenFileLeavesItsLastGoodVersion(t *testing.T) {
	s := open(t, Options{}, map[string]string{"a.yaml": tool("a", "1")})
	s.save("a.yaml", "name: a\neffect: raed\n")
	s.until("a=1", "a.yaml+")
	b := s.folder.Status().Broken[0]
	since := b.Since
	if errs, ok := errors.AsType[file.Errors](b); !ok || len(errs) != 3 || since.IsZero() || !strings.Contains(b.Error(), "a.yaml:2:9: effect:") {
		t.Errorf("got %v since %s", b, since)
	}
	s.save("a.yaml", "") // half a save
	for s.folder.Status().Broken[0].Error() == b.Error() {
		<-s.changes
	}
	s.until("a=1", "a.yaml+")
	if got := s.folder.Status().Broken[0].Since; !got.Equal(since) {
		t.Errorf("since %s, then %s", since, got)
	}
	s.save("b.yaml", "name: b") // new and broken: absent
	s.until("a=1", "a.yaml+ b.yaml")
	s.save("b.yaml", tool("b", "1"))
	s.save("a.yaml", tool("a", "2"))
	s.until("a=2 b=1", "")
	s.save("a.yaml", "name: [")
	s.until("a=2 b=1", "a.yaml+")
	s.remove("a.yaml") // the tool goes, broken or not
	s.until("b=1", "")
	if st := s.folder.Status(); st.Reloads < 6 || st.Failures < 4 || st.Failures >= st.Reloads {
		t.Errorf("%d reloads, %d failures", st.Reloads, st.Failures)
	}
}

func TestOneNameInTwoFiles(t *testing.T) {
	s := open(t, Options{}, map[string]string{"a.yaml": tool("a", "1")})
	s.save("b.yaml", tool("a", "2"))
	s.until("a=1", "b.yaml")
	want := fmt.Sprintf(`%[1]s/b.yaml:1:7: name: the tool "a" is also in %[1]s/a.yaml:1:7; give one of the two another name, or delete one`, s.dir)
	if got := s.folder.Status().Broken[0].Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	s.save("a.yaml", tool("a", "3")) // who has the name may change
	s.until("a=3", "b.yaml")
	s.save("a.yaml", tool("c", "4")) // and give it up
	s.until("c=4 a=2", "")
	s.save("a.yaml", tool("a", "5")) // but not take it back
	s.until("c=4 a=2", "a.yaml+")
	s.remove("b.yaml")
	s.until("a=5", "")
}

func TestTwoNewFilesOfOneName(t *testing.T) {
	s := open(t, Options{}, map[string]string{"a.yaml": tool("x", "1"), "b.yaml": tool("x", "2"), "c.yaml": tool("c", "3")})
	if s.until("c=3", "a.yaml b.yaml"); !strings.Contains(s.folder.Status().Broken[1].Error(), "a.yaml:1:7") {
		t.Error(s.folder.Status().Broken[1])
	}
}

func TestTwoFilesSwapTheirNames(t *testing.T) {
	s := open(t, Options{PollOnly: true, Poll: time.Hour}, map[string]string{"a.yaml": tool("a", "1"), "b.yaml": tool("b", "2")})
	s.save("a.yaml", tool("b", "3"))
	s.save("b.yaml", tool("a", "4"))
	f := &files{dir: s.dir, runners: runners(), entries: map[string]*entry{}}
	f.scan(t.Context(), time.Now(), true)
	f.settle(time.Now())
	if len(f.broken()) != 0 {
		t.Error(f.broken())
	}
}

func TestTheFolderGoesOverThePack(t *testing.T) {
	pack := fstest.MapFS{
		"toolfiles/a.yaml": {Data: []byte(tool("a", "pack"))}, "toolfiles/b.yaml": {Data: []byte(tool("b", "pack"))}, "README.md": {Data: []byte("no tool")},
	}
	compiled, err := file.Parse("", []byte(tool("c", "code")), runners())
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Pack: pack, Tools: []tools.Tool{compiled.Tool}}, nil)
	s.until("c=code a=pack b=pack", "")
	s.save("mine.yaml", tool("a", "mine"))
	s.until("c=code a=mine b=pack", "")
	if from, ok := s.folder.Source("a"); !ok || from.Pack || filepath.Base(from.File) != "mine.yaml" || from.Runs != "http GET" {
		t.Errorf("source %+v", from)
	}
	if from, ok := s.folder.Source("b"); !ok || !from.Pack || from.File != "toolfiles/b.yaml" {
		t.Errorf("source %+v", from)
	}
	s.save("off.yaml", "name: b\ndisabled: true\n")
	s.save("mine.yaml", "broken")
	s.until("c=code a=mine", "mine.yaml+")
	s.remove("mine.yaml")
	s.remove("off.yaml")
	s.until("c=code a=pack b=pack", "")
}

func TestAPackThatIsWrongIsAnError(t *testing.T) {
	for name, pack := range map[string]fstest.MapFS{
		"a.yaml:1:1: the key":              {"a.yaml": {Data: []byte("name: a")}},
		`"a" is in both a.yaml and b.yaml`: {"a.yaml": {Data: []byte(tool("a", "1"))}, "b.yaml": {Data: []byte(tool("a", "1"))}},
	} {
		if _, err := Open(t.Context(), Options{Pack: pack, Runners: runners()}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
	if _, err := Open(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "none")}); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("got %v", err)
	}
}

// TestHostileFiles puts what is no tool file in a tool file's place: the others go
// on, and nothing waits or is read whole.
func TestHostileFiles(t *testing.T) {
	s := open(t, Options{}, map[string]string{"a.yaml": tool("a", "1")})
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	if err := os.WriteFile(outside, []byte(tool("stolen", "1")), 0o600); err != nil {
		t.Fatal(err)
	}
	large, err := os.Create(filepath.Join(s.dir, "large.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		large.Truncate(50<<20), large.Close(), // 50 MB, of which no block is there
		os.Symlink(outside, filepath.Join(s.dir, "link.yaml")),
		os.Symlink("../../../../../../etc/passwd", filepath.Join(s.dir, "up.yaml")),
		os.Symlink("nowhere.yaml", filepath.Join(s.dir, "lost.yaml")),
		os.Symlink("loop.yaml", filepath.Join(s.dir, "loop.yaml")),
		syscall.Mkfifo(filepath.Join(s.dir, "pipe.yaml"), 0o600),
		os.Mkdir(filepath.Join(s.dir, "dir.yaml"), 0o700),
		os.WriteFile(filepath.Join(s.dir, "bytes.yaml"), []byte{0xff, 0xfe}, 0o600),
		os.Mkdir(filepath.Join(s.dir, "sub"), 0o700),
		os.WriteFile(filepath.Join(s.dir, "sub", "inner.txt"), []byte(tool("inside", "1")), 0o600),
		os.Symlink("sub/inner.txt", filepath.Join(s.dir, "inside.yaml")),
	); err != nil {
		t.Fatal(err)
	}
	s.until("a=1 inside=1", "bytes.yaml large.yaml link.yaml loop.yaml lost.yaml pipe.yaml up.yaml")
	for i, part := range []string{"not UTF-8", "52428800 bytes long; at most 65536 are read", "a link out of the folder", "", "a link to a file that is not there", "not a file", "a link out of the folder"} {
		if b := s.folder.Status().Broken[i]; !strings.Contains(b.Error(), part) || !strings.HasPrefix(b.Error(), b.File) {
			t.Errorf("got %v, want %s", b, part)
		}
	}
}

func TestTheFolderGoesAndComesBack(t *testing.T) {
	s := open(t, Options{Poll: 10 * time.Millisecond}, map[string]string{"a.yaml": tool("a", "1")})
	aside := s.dir + ".old"
	if err := os.Rename(s.dir, aside); err != nil {
		t.Fatal(err)
	}
	s.until("a=1", filepath.Base(s.dir)+"+")
	if err := os.Rename(aside, s.dir); err != nil {
		t.Fatal(err)
	}
	s.until("a=1", "")
	s.save("a.yaml", tool("a", "2"))
	s.until("a=2", "")
}

func TestAnUnsetReferenceIsAWarningAtCheckAndAnErrorAtRun(t *testing.T) {
	in := "name: a\ndescription: d\neffect: read\nrun: {http: {method: GET, url: 'http://h', headers: {A: '${NO_SUCH}'}}}\n"
	s := open(t, Options{}, map[string]string{"a.yaml": in})
	s.until("", "a.yaml")
	if got := s.folder.Status().Broken[0].Error(); !strings.HasSuffix(got, "a.yaml:4:57: run.http.headers.A: the environment variable NO_SUCH is not set") {
		t.Error(got)
	}
	report := Check(t.Context(), s.dir, runners())
	if len(report.Tools) != 1 || len(report.Broken) != 0 || len(report.Warnings) != 1 {
		t.Errorf("got %+v", report)
	}
}

// TestAConversationKeepsItsTools reloads at random and holds a conversation's tools
// to what they were.
func TestAConversationKeepsItsTools(t *testing.T) {
	s := open(t, Options{}, map[string]string{"a.yaml": tool("a", "0")})
	type conversation struct {
		set  *tools.Registry
		want string
	}
	var held []conversation
	for i := 1; i <= 12; i++ {
		held = append(held, conversation{s.folder.Current(), s.tools()})
		switch i % 4 {
		case 0:
			s.remove("b.yaml")
			s.until(fmt.Sprintf("a=%d", i-1), "")
		case 1:
			s.save("a.yaml", tool("a", fmt.Sprint(i)))
			s.until(fmt.Sprintf("a=%d", i), "")
		case 2:
			s.save("b.yaml", tool("b", fmt.Sprint(i)))
			s.until(fmt.Sprintf("a=%d b=%d", i-1, i), "")
		case 3:
			s.save("a.yaml", tool("a", fmt.Sprint(i)))
			s.until(fmt.Sprintf("a=%d b=%d", i, i-1), "")
		}
		for _, c := range held {
			if got := answers(t, c.set); got != c.want {
				t.Fatalf("a conversation that began with %q has %q", c.want, got)
			}
		}
	}
}

func TestCloseStopsEverything(t *testing.T) {
	var after atomic.Bool
	dir := t.TempDir()
	closed := false
	f, err := Open(t.Context(), Options{Dir: dir, Runners: runners(), Changed: func(Status) { after.Store(closed) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	closed = true
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(tool("a", "1")), 0o600); err != nil {
		t.Fatal(err)
	}
	if after.Load() || len(f.Current().Definitions(tools.Caller{})) != 0 {
		t.Error("a closed folder changes")
	}
}

// many is a folder of 200 files, each as large as those that come with the program.
func many(b *testing.B) (string, []string) {
	b.Helper()
	dir := b.TempDir()
	say := "say:\n  start:\n"
	for _, language := range []string{"en", "zh", "id", "vi", "th", "es", "pt", "ar"} {
		say += "    " + language + ": One moment please, I am looking that up for you.\n"
	}
	var names []string
	for i := range 200 {
		name := filepath.Join(dir, fmt.Sprintf("tool_%d.yaml", i))
		content := tool(fmt.Sprintf("tool_%d", i), "1") + say +
			"requires: caller.verified\nparameters: {type: object, properties: {order_id: {type: string, pattern: '^W[0-9]{5}$', description: The order's number.}}, required: [order_id], additionalProperties: false}\n"
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
		names = append(names, name)
	}
	return dir, names
}

// BenchmarkReload takes up one file's change in a folder of 200, and BenchmarkReloadAll
// that of all 200.
func BenchmarkReload(b *testing.B)    { reload(b, 1) }
func BenchmarkReloadAll(b *testing.B) { reload(b, 200) }

func reload(b *testing.B, changed int) {
	dir, names := many(b)
	f, err := Open(b.Context(), Options{Dir: dir, Runners: runners(), PollOnly: true, Poll: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil { // from here on the files are ours
		b.Fatal(err)
	}
	var contents [][]byte
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		contents = append(contents, data)
	}
	var took []time.Duration
	for round := 0; b.Loop(); round++ {
		b.StopTimer()
		for i := range changed {
			if err := os.WriteFile(names[i], fmt.Appendf(slices.Clone(contents[i]), "# %d\n", round), 0o600); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		begin := time.Now()
		f.reload(b.Context(), true)
		took = append(took, time.Since(begin))
	}
	if st := f.Status(); st.Loaded != 200 || len(st.Broken) > 0 || int(st.Reloads) != len(took) {
		b.Fatalf("%+v", st)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
