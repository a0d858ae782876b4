package models

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// packTokens packs tokens as Moonshine's tokenizer.bin does.
func packTokens(tokens ...string) []byte {
	var packed []byte
	for _, token := range tokens {
		if n := len(token); n < 128 {
			packed = append(packed, byte(n))
		} else {
			packed = append(packed, byte(n%128+128), byte(n/128))
		}
		packed = append(packed, token...)
	}
	return packed
}

func TestMoonshineTokens(t *testing.T) {
	long := strings.Repeat("x", 300)
	tests := []struct {
		name   string
		packed []byte
		want   string
		fails  bool
	}{
		{"none", nil, "", false},
		{"some", packTokens("<s>", "é", ""), "PHM+ 0\nw6k= 1\n 2\n", false},
		{"long", packTokens(long[:127], long[:128], long), base(long[:127]) + " 0\n" + base(long[:128]) + " 1\n" + base(long) + " 2\n", false},
		{"cut in a token", []byte{3, 'a', 'b'}, "", true},
		{"cut in a length", []byte{1, 'a', 200}, "", true},
		{"cut after a long length", []byte{128, 1, 'a'}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got bytes.Buffer
			err := moonshineTokens(&got, tt.packed)
			if (err != nil) != tt.fails || err == nil && got.String() != tt.want {
				t.Errorf("got %q, %v; want %q", got.String(), err, tt.want)
			}
		})
	}
}

func base(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// FuzzMoonshineTokens: whatever is accepted is as many lines as tokens, and
// packing the lines' tokens again gives the input.
func FuzzMoonshineTokens(f *testing.F) {
	f.Add(packTokens("<unk>", "<s>", "", strings.Repeat("y", 129)))
	f.Add([]byte{255, 255, 1})
	f.Fuzz(func(t *testing.T, packed []byte) {
		var text bytes.Buffer
		if moonshineTokens(&text, packed) != nil {
			return
		}
		var tokens []string
		for i, line := range strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n") {
			if line == "" && len(packed) == 0 {
				return
			}
			coded, number, found := strings.Cut(line, " ")
			token, err := base64.StdEncoding.DecodeString(coded)
			if !found || err != nil || number != fmt.Sprint(i) {
				t.Fatalf("line %d is %q", i, line)
			}
			tokens = append(tokens, string(token))
		}
		// A length under 128 may also be written in two bytes (128, 1 is 128, but
		// 128, 0 is 0), so the bytes are compared by what they mean.
		var again bytes.Buffer
		if err := moonshineTokens(&again, packTokens(tokens...)); err != nil || again.String() != text.String() {
			t.Errorf("packed again it reads %q, %v; want %q", again.String(), err, text.String())
		}
	})
}

const joe = `{"audio": {"sample_rate": 22050}, "espeak": {"voice": "en-us"}, "num_speakers": 1,
"language": {"name_english": "English"}, "phoneme_id_map": {"a": [2], " ": [0], "^": [1, 7]}}`

func TestConvertPiper(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"v.onnx": "MODEL", "v.onnx.json": joe} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := convertPiper(root); err != nil {
		t.Fatal(err)
	}
	files := tree(t, dir)
	if len(files) != 2 || files["tokens.txt"] != "  0\n^ 1\na 2\n" {
		t.Errorf("the folder holds %q", files)
	}
	added, ok := strings.CutPrefix(files["v.onnx"], "MODEL")
	if !ok {
		t.Fatal("the model's own bytes changed")
	}
	want := []string{
		"model_type=vits", "comment=piper", "language=English", "voice=en-us", "has_espeak=1", "n_speakers=1", "sample_rate=22050",
	}
	if got := readMetadata(t, []byte(added)); !slices.Equal(got, want) {
		t.Errorf("the metadata is %q, want %q", got, want)
	}
}

// readMetadata reads metadata_props entries as a protobuf reader would.
func readMetadata(t *testing.T, message []byte) []string {
	t.Helper()
	var props []string
	for len(message) > 0 {
		var number uint64
		var body []byte
		number, body, message = readField(t, message)
		if number != 14 {
			t.Fatalf("field %d", number)
		}
		one, key, rest := readField(t, body)
		two, value, rest := readField(t, rest)
		if one != 1 || two != 2 || len(rest) != 0 {
			t.Fatalf("an entry has fields %d, %d and %d bytes more", one, two, len(rest))
		}
		props = append(props, string(key)+"="+string(value))
	}
	return props
}

func readField(t *testing.T, message []byte) (number uint64, value, rest []byte) {
	t.Helper()
	tag, n := binary.Uvarint(message)
	size, m := binary.Uvarint(message[max(n, 0):])
	if n <= 0 || m <= 0 || tag&7 != 2 || size > uint64(len(message)-n-m) {
		t.Fatalf("no length-delimited field in % x", message)
	}
	rest = message[n+m:]
	return tag >> 3, rest[:size], rest[size:]
}

func TestParsePiperRefuses(t *testing.T) {
	tests := map[string][2]string{
		"no JSON":          {joe, "{"},
		"no rate":          {"22050", "0"},
		"no espeak voice":  {`"en-us"`, `""`},
		"no speakers":      {`"num_speakers": 1`, `"num_speakers": 0`},
		"no phonemes":      {`{"a": [2], " ": [0], "^": [1, 7]}`, "{}"},
		"no number":        {"[2]", "[]"},
		"a number below 0": {"[2]", "[-2]"},
		"a line break":     {`"^"`, `"\n"`},
		"an empty phoneme": {`"^"`, `""`},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			if v, err := parsePiper([]byte(strings.Replace(joe, change[0], change[1], 1))); err == nil {
				t.Errorf("accepted as %+v", v)
			}
		})
	}
}

// FuzzParsePiper: what is accepted can be written as tokens that read back.
func FuzzParsePiper(f *testing.F) {
	f.Add([]byte(joe))
	f.Add([]byte(strings.Replace(joe, `"a"`, `"a b"`, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := parsePiper(text)
		if err != nil {
			return
		}
		lines := strings.Split(strings.TrimSuffix(string(piperTokens(v)), "\n"), "\n")
		if len(lines) != len(v.PhonemeIDMap) {
			t.Fatalf("%d lines for %d phonemes", len(lines), len(v.PhonemeIDMap))
		}
		for _, line := range lines {
			at := strings.LastIndexByte(line, ' ')
			if ids := v.PhonemeIDMap[line[:at]]; len(ids) == 0 || fmt.Sprint(ids[0]) != line[at+1:] {
				t.Errorf("line %q is not what the map says", line)
			}
		}
		if props := readMetadata(t, piperMetadata(v)); len(props) != 7 {
			t.Errorf("%d properties", len(props))
		}
	})
}
