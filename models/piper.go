package models

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// piperVoice is what a Piper voice's .onnx.json says that sherpa-onnx wants to
// know.
type piperVoice struct {
	Audio struct {
		SampleRate int `json:"sample_rate"`
	} `json:"audio"`
	Espeak struct {
		Voice string `json:"voice"`
	} `json:"espeak"`
	Language struct {
		NameEnglish string `json:"name_english"`
	} `json:"language"`
	NumSpeakers  int              `json:"num_speakers"`
	PhonemeIDMap map[string][]int `json:"phoneme_id_map"`
}

// convertPiper makes a Piper voice readable by sherpa-onnx: what the voice's
// JSON says goes into the ONNX file as metadata and into tokens.txt; the JSON
// file is removed. The folder holds one voice.
func convertPiper(folder *os.Root) error {
	name, err := findVoice(folder)
	if err != nil {
		return err
	}
	text, err := folder.ReadFile(name + ".json")
	if err != nil {
		return fmt.Errorf("reading the voice's description: %w", err)
	}
	voice, err := parsePiper(text)
	if err != nil {
		return fmt.Errorf("reading %s.json: %w", name, err)
	}
	if err := appendFile(folder, name, piperMetadata(voice)); err != nil {
		return fmt.Errorf("adding metadata to %s: %w", name, err)
	}
	if err := folder.WriteFile("tokens.txt", piperTokens(voice), 0o644); err != nil {
		return fmt.Errorf("writing tokens.txt: %w", err)
	}
	if err := folder.Remove(name + ".json"); err != nil {
		return fmt.Errorf("removing the voice's description: %w", err)
	}
	return nil
}

// findVoice names the folder's ONNX file.
func findVoice(folder *os.Root) (string, error) {
	dir, err := folder.Open(".")
	if err != nil {
		return "", fmt.Errorf("opening the voice's folder: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return "", fmt.Errorf("reading the voice's folder: %w", err)
	}
	i := slices.IndexFunc(names, func(n string) bool { return strings.HasSuffix(n, ".onnx") })
	if i < 0 {
		return "", errors.New("the voice's folder holds no .onnx file")
	}
	return names[i], nil
}

func appendFile(folder *os.Root, name string, extra []byte) error {
	file, err := folder.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(extra)
	return errors.Join(err, file.Close())
}

// parsePiper reads a voice's description and checks that it says all that is
// needed.
func parsePiper(text []byte) (piperVoice, error) {
	var v piperVoice
	if err := json.Unmarshal(text, &v); err != nil {
		return piperVoice{}, fmt.Errorf("parsing: %w", err)
	}
	switch {
	case v.Audio.SampleRate <= 0:
		return piperVoice{}, errors.New("it has no sample rate")
	case v.Espeak.Voice == "":
		return piperVoice{}, errors.New("it names no espeak-ng voice")
	case v.NumSpeakers <= 0:
		return piperVoice{}, errors.New("it has no speakers")
	case len(v.PhonemeIDMap) == 0:
		return piperVoice{}, errors.New("it lists no phonemes")
	}
	for symbol, ids := range v.PhonemeIDMap {
		if len(ids) == 0 || ids[0] < 0 {
			return piperVoice{}, fmt.Errorf("phoneme %q has no number", symbol)
		}
		if symbol == "" || strings.ContainsAny(symbol, "\r\n") {
			return piperVoice{}, fmt.Errorf("phoneme %q cannot be written on a line", symbol)
		}
	}
	return v, nil
}

// piperTokens is the voice's tokens.txt: "symbol number" a line, by number.
func piperTokens(v piperVoice) []byte {
	symbols := make([]string, 0, len(v.PhonemeIDMap))
	for symbol := range v.PhonemeIDMap {
		symbols = append(symbols, symbol)
	}
	slices.SortFunc(symbols, func(a, b string) int {
		if d := v.PhonemeIDMap[a][0] - v.PhonemeIDMap[b][0]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var text bytes.Buffer
	for _, symbol := range symbols {
		fmt.Fprintf(&text, "%s %d\n", symbol, v.PhonemeIDMap[symbol][0])
	}
	return text.Bytes()
}

// piperMetadata is what must follow the bytes of the voice's ONNX file. An ONNX
// file is one protobuf message, ModelProto, and the fields of a message may
// come in any order and a repeated one anywhere, so metadata_props entries can
// be appended. The keys are those that sherpa-onnx reads for a Piper voice.
func piperMetadata(v piperVoice) []byte {
	var out []byte
	for _, prop := range [][2]string{
		{"model_type", "vits"},
		{"comment", "piper"},
		{"language", v.Language.NameEnglish},
		{"voice", v.Espeak.Voice},
		{"has_espeak", "1"},
		{"n_speakers", strconv.Itoa(v.NumSpeakers)},
		{"sample_rate", strconv.Itoa(v.Audio.SampleRate)},
	} {
		// StringStringEntryProto: key is field 1, value is field 2.
		entry := appendField(appendField(nil, 1, prop[0]), 2, prop[1])
		out = appendField(out, 14, string(entry)) // ModelProto.metadata_props
	}
	return out
}

// appendField appends a length-delimited protobuf field (wire type 2).
func appendField(to []byte, number uint64, value string) []byte {
	to = binary.AppendUvarint(to, number<<3|2)
	to = binary.AppendUvarint(to, uint64(len(value)))
	return append(to, value...)
}
