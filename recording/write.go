package recording

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"parley/agent"
	"parley/audio"
	"parley/audio/resample"
	"parley/audio/wav"
)

// write makes a turn's file, whole or not at all.
func (f *Folder) write(s agent.Sound) error {
	path, err := f.path(s.Conversation, s.Turn)
	if err != nil {
		return fmt.Errorf("%q is no conversation, or %d no turn", s.Conversation, s.Turn)
	}
	caller, answer, err := tracks(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	if err = errors.Join(wav.WriteStereo(file, caller, answer, audio.HearRate), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// tracks lays a turn out in time, at audio.HearRate: both are of one length.
func tracks(s agent.Sound) (caller, answer []int16, err error) {
	spoken, err := resample.All(slices.Concat(s.Agent...), audio.SpeakRate, audio.HearRate)
	if err != nil {
		return nil, nil, err
	}
	begins := len(s.Caller)
	if begins > 0 && len(spoken) > 0 {
		begins += int(s.Pause * audio.HearRate / time.Second)
	}
	n := begins + len(spoken)
	caller, answer = make([]int16, n), make([]int16, n)
	copy(caller, s.Caller)
	copy(answer[begins:], spoken)
	return caller, answer, nil
}
