package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"parley/audio"
	"parley/audio/wav"
	"parley/models"
	"parley/tts"
	"parley/tts/local"
)

// speakQuestions has the embedded voice say the questions that the calls ask.
func speakQuestions(ctx context.Context, dir string) ([]string, error) {
	v, err := local.Load(local.Options{
		Dir:        filepath.Join(models.Dir(), "piper-en-us-joe"),
		EspeakData: filepath.Join(models.Dir(), "espeak", "espeak-ng-data"),
	})
	if err != nil {
		return nil, fmt.Errorf("loading the voice for the questions: %w", err)
	}
	defer v.Close()
	var files []string
	for i, text := range []string{"Where is my order W one zero zero zero two?", "What can you do?"} {
		var pcm []int16
		for piece, err := range v.Speak(ctx, tts.Request{Text: text}) {
			if err != nil {
				return nil, fmt.Errorf("speaking %q: %w", text, err)
			}
			pcm = append(pcm, piece...)
		}
		file := filepath.Join(dir, fmt.Sprintf("question%d.wav", i+1))
		out, err := os.Create(file)
		if err != nil {
			return nil, fmt.Errorf("writing a question: %w", err)
		}
		err = wav.Write(out, pcm, audio.SpeakRate)
		if closing := out.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", file, err)
		}
		files = append(files, file)
	}
	return files, nil
}
