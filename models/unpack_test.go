package models

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unpackInto unpacks a package into a folder inside dir.
func unpackInto(t testing.TB, dir string, packed []byte, kind Kind, want []Piece) error {
	t.Helper()
	archive := filepath.Join(dir, "archive")
	if err := os.WriteFile(archive, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "into"), 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(filepath.Join(dir, "into"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	return unpack(archive, kind, want, root)
}

func TestUnpackRefuses(t *testing.T) {
	file := []Piece{plain("a/b.txt", "b.txt", "text")}
	folder := []Piece{{From: "a/", To: "a/", Files: 2, Size: 8, SHA256: hashOf("whatever")}}
	tests := []struct {
		name    string
		want    []Piece
		entries []entry
		kind    error
	}{
		{"nothing there", file, []entry{{name: "c", text: "text"}}, ErrChecksum},
		{"other text", file, []entry{{name: "a/b.txt", text: "test"}}, ErrChecksum},
		{"shorter", file, []entry{{name: "a/b.txt", text: "tex"}}, ErrChecksum},
		{"longer", file, []entry{{name: "a/b.txt", text: "text and more"}}, ErrChecksum},
		{"much longer", file, []entry{{name: "a/b.txt", text: strings.Repeat("0", 1<<22)}}, ErrChecksum},
		{"twice", file, []entry{{name: "a/b.txt", text: "text"}, {name: "a/b.txt", text: "text"}}, ErrChecksum},
		{"a link", file, []entry{{name: "a/b.txt", text: "/etc/passwd", mode: os.ModeSymlink | 0o777}}, ErrDamaged},
		{"climbs out", folder, []entry{{name: "a/../../x", text: "text"}, {name: "a/y", text: "text"}}, ErrDamaged},
		{"climbs and returns", folder, []entry{{name: "a/../../into/x", text: "text"}}, ErrDamaged},
		{"absolute", folder, []entry{{name: "a//etc/x", text: "text"}}, ErrDamaged},
		{"backslashes", folder, []entry{{name: `a/..\x`, text: "text"}}, ErrDamaged},
		{"too many files", folder, []entry{{name: "a/1", text: "1"}, {name: "a/2", text: "2"}, {name: "a/3", text: "3"}}, ErrChecksum},
		{"too few files", folder, []entry{{name: "a/1", text: "12345678"}}, ErrChecksum},
		{"a file as a folder", folder, []entry{{name: "a/1", text: "1"}, {name: "a/1/2", text: "2"}}, nil},
	}
	for _, tt := range tests {
		for kind, pack := range map[Kind]func(testing.TB, ...entry) []byte{Pip: wheel, Npm: tarball} {
			t.Run(tt.name+"/"+string(kind), func(t *testing.T) {
				dir := t.TempDir()
				err := unpackInto(t, dir, pack(t, tt.entries...), kind, tt.want)
				if err == nil || tt.kind != nil && !errors.Is(err, tt.kind) {
					t.Errorf("got %v, want %v", err, tt.kind)
				}
				wantInside(t, dir)
				if size := folderSize(filepath.Join(dir, "into")); size > 10 {
					t.Errorf("%d bytes were written of what should have been refused", size)
				}
			})
		}
	}
}

// wantInside fails when something was written beside the folder into.
func wantInside(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "archive" && e.Name() != "into" {
			t.Errorf("unpacking wrote %s, outside its folder", e.Name())
		}
	}
}

func fuzzUnpack(f *testing.F, kind Kind, pack func(testing.TB, ...entry) []byte) {
	f.Add(pack(f, entry{name: "a/b.txt", text: "text"}))
	f.Add(pack(f, entry{name: "a/../../x", text: "text"}, entry{name: "a/c", text: strings.Repeat("x", 99)}))
	f.Add(pack(f, entry{name: "a/b.txt", text: "/", mode: os.ModeSymlink | 0o777}))
	f.Add([]byte("PK"))
	want := []Piece{plain("a/b.txt", "b.txt", "text"), {From: "a/", To: "a/", Files: 3, Size: 100, SHA256: hashOf("")}}
	f.Fuzz(func(t *testing.T, packed []byte) {
		dir := t.TempDir()
		if err := unpackInto(t, dir, packed, kind, want); err == nil {
			t.Error("a folder whose sum is that of nothing was accepted")
		}
		wantInside(t, dir)
		if size := folderSize(filepath.Join(dir, "into")); size > 4+100+2 {
			t.Errorf("%d bytes were written", size)
		}
	})
}

func FuzzUnpackWheel(f *testing.F)   { fuzzUnpack(f, Pip, wheel) }
func FuzzUnpackTarball(f *testing.F) { fuzzUnpack(f, Npm, tarball) }
