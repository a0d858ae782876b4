package local

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	sherpa "github.com/k2-fsa/sherpa-onnx-go/sherpa_onnx"
)

// piper is a Piper voice in sherpa-onnx.
type piper struct {
	tts   *sherpa.OfflineTts
	speed float32
	hz    int
}

func loadPiper(o Options) (*piper, error) {
	found, err := filepath.Glob(filepath.Join(o.Dir, "*.onnx"))
	if err != nil {
		return nil, fmt.Errorf("looking for a voice in %s: %w", o.Dir, err)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s holds %d .onnx files and should hold one", o.Dir, len(found))
	}
	tokens := filepath.Join(o.Dir, "tokens.txt")
	// sherpa-onnx ends the whole process when a file or the metadata is missing.
	for _, name := range []string{tokens, filepath.Join(o.EspeakData, "phontab"), filepath.Join(o.EspeakData, "en_dict")} {
		if info, err := os.Stat(name); err != nil {
			return nil, err
		} else if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a file", name)
		}
	}
	if err := checkMetadata(found[0]); err != nil {
		return nil, err
	}
	c := sherpa.OfflineTtsConfig{MaxNumSentences: 1, SilenceScale: 1}
	c.Model.Vits.Model = found[0]
	c.Model.Vits.Tokens = tokens
	c.Model.Vits.DataDir = o.EspeakData
	// The values that Piper's own configuration of the voice gives; sherpa-onnx takes 0
	// for its own choice.
	variety := max(1-float32(o.Steadiness), 1e-3)
	c.Model.Vits.NoiseScale = 0.667 * variety
	c.Model.Vits.NoiseScaleW = 0.8 * variety
	c.Model.Vits.LengthScale = 1
	c.Model.NumThreads = max(o.Threads, 1)
	c.Model.Provider = "cpu"
	model := sherpa.NewOfflineTts(&c)
	if model == nil {
		return nil, fmt.Errorf("sherpa-onnx refuses the voice %s", found[0])
	}
	speed := float32(o.Speed)
	if speed <= 0 {
		speed = 1
	}
	return &piper{tts: model, speed: speed, hz: model.SampleRate()}, nil
}

func (p *piper) generate(text string, sentence func([]float32) bool) {
	p.tts.GenerateWithProgressCallback(text, 0, p.speed, func(samples []float32, _ float32) bool {
		return sentence(samples)
	})
}

func (p *piper) rate() int { return p.hz }
func (p *piper) free()     { sherpa.DeleteOfflineTts(p.tts) }

// checkMetadata says whether the ONNX file carries what sherpa-onnx asks for.
// The entries are the last fields of the file.
func checkMetadata(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	tail := make([]byte, min(size, 64<<10))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	for _, key := range []string{"sample_rate", "n_speakers", "has_espeak", "comment"} {
		if !bytes.Contains(tail, []byte(key)) {
			return fmt.Errorf("%s lacks the metadata %q; a Piper voice needs it added for sherpa-onnx", name, key)
		}
	}
	return nil
}
