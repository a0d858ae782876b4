package models

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// packageIndex stands in for the clients and what they download from: programs
// named python3 and npm, alone on the PATH, that copy a package from a folder.
type packageIndex struct {
	dir   string // holds the packages; also the file calls
	bin   string
	calls string
}

// copyPackage is what the client does in most tests: $FROM is the package, $TO
// the path to put it at, $LOG the list of calls.
const copyPackage = `cp "$FROM" "$TO"`

func newIndex(t *testing.T) *packageIndex {
	t.Helper()
	index := &packageIndex{dir: t.TempDir(), bin: t.TempDir()}
	index.calls = filepath.Join(index.dir, "calls")
	for _, tool := range []string{"cp", "cat", "head", "sleep", "sh"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Skipf("this machine has no %s", tool)
		}
		if err := os.Symlink(path, filepath.Join(index.bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	index.serve(t, copyPackage)
	t.Setenv("PATH", index.bin)
	return index
}

// serve makes both clients run the script when they are to download.
func (index *packageIndex) serve(t *testing.T, script string) {
	t.Helper()
	index.client(t, "python3", `
[ "$3" = --version ] && exit 0
while [ $# -gt 1 ]; do [ "$1" = -d ] && into=$2; shift; done
name=${1%==*}; FROM=`+index.dir+`/$name.whl TO=$into/$name.whl
echo "$1" >>`+index.calls+"\n"+script)
	index.client(t, "npm", `
[ "$1" = --version ] && exit 0
name=${3%@*}; name=${name##*/}; FROM=`+index.dir+`/$name.tgz TO=$name.tgz
[ "${npm_config_cache#$TMPDIR/}" = "$npm_config_cache" ] && { echo "the cache is elsewhere"; exit 9; }
echo "$3" >>`+index.calls+"\n"+script)
}

func (index *packageIndex) client(t *testing.T, name, script string) {
	t.Helper()
	path := filepath.Join(index.bin, name)
	// A new file each time: one that runs cannot be written to.
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// downloads are the packages that were asked for, sorted.
func (index *packageIndex) downloads(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(index.calls)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	list := strings.Fields(string(text))
	slices.Sort(list)
	return list
}

type entry struct {
	name, text string
	mode       os.FileMode // 0 means a plain file
}

func (index *packageIndex) put(t *testing.T, name string, packed []byte) int64 {
	t.Helper()
	if err := os.WriteFile(filepath.Join(index.dir, name), packed, 0o644); err != nil {
		t.Fatal(err)
	}
	return int64(len(packed))
}

// wheel packs entries as a zip file.
func wheel(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode != 0 {
			header.SetMode(e.mode)
		}
		w, err := z.CreateHeader(header)
		if err == nil {
			_, err = w.Write([]byte(e.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// tarball packs entries as a gzipped tar file.
func tarball(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	w := tar.NewWriter(zipped)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if e.mode&os.ModeSymlink != 0 {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, e.text, 0
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := w.Write([]byte(e.text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, finish := range []func() error{w.Close, zipped.Close} {
		if err := finish(); err != nil {
			t.Fatal(err)
		}
	}
	return packed.Bytes()
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// plain is a piece that is a file with the given text.
func plain(from, to, text string) Piece {
	return Piece{From: from, To: to, Size: int64(len(text)), SHA256: hashOf(text)}
}

// fruits is a manifest of three models in two packages, which it puts into the
// index: a folder and a file of one wheel, and a file of an npm package.
func fruits(t *testing.T, index *packageIndex) Manifest {
	t.Helper()
	wheelSize := index.put(t, "basket.whl", wheel(t,
		entry{name: "basket/apple.txt", text: "an apple"},
		entry{name: "basket/nuts/hazel", text: "hazelnut"},
		entry{name: "basket/nuts/deep/wal", text: "walnut"},
		entry{name: "basket/unwanted", text: "a stone"},
	))
	tarSize := index.put(t, "bowl.tgz", tarball(t,
		entry{name: "package/readme", text: "a bowl"},
		entry{name: "package/pear.txt", text: "a pear"},
	))
	list := fmt.Sprintf("%s  deep/wal\n%s  hazel\n", hashOf("walnut"), hashOf("hazelnut"))
	m := Manifest{
		Packages: map[string]Package{
			"basket": {Kind: Pip, Name: "basket", Version: "1.2.3", Size: wheelSize},
			"bowl":   {Kind: Npm, Name: "@fruit/bowl", Version: "2.0.0", Size: tarSize},
		},
		Models: []Model{
			{Name: "apple", Need: Required, Package: "basket", Take: []Piece{plain("basket/apple.txt", "apple.txt", "an apple")}},
			{Name: "nuts", Need: Optional, Package: "basket", Take: []Piece{{
				From: "basket/nuts/", To: "nuts/", Files: 2, Size: int64(len("hazelnut" + "walnut")), SHA256: hashOf(list),
			}}},
			{Name: "pear", Need: Required, Package: "bowl", Take: []Piece{plain("package/pear.txt", "pear.txt", "a pear")}},
		},
	}
	return reparsed(t, m)
}

// reparsed passes a manifest through its YAML form, which checks it.
func reparsed(t *testing.T, m Manifest) Manifest {
	t.Helper()
	text, err := yaml.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// tree lists the files below a folder with their text, without locks and stamps.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == stampName || e.Name() == lockName {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
