package api

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strconv"

	"github.com/go-chi/chi/v5"
)

// Recordings are the sound of calls.
type Recordings interface {
	// Open opens the sound of a turn, a WAV file, which the caller closes. The error is
	// fs.ErrNotExist where there is none.
	Open(conversation string, turn int64) (*os.File, error)
}

// readAudio answers with the sound of one turn.
func (s *Server) readAudio(w http.ResponseWriter, r *http.Request) {
	id, text := chi.URLParam(r, "id"), chi.URLParam(r, "turn")
	if _, err := s.recordOf(r.Context(), id); err != nil {
		s.fail(w, r, err)
		return
	}
	turn, err := strconv.ParseInt(text, 10, 64)
	if err != nil || turn < 1 {
		s.fail(w, r, problem(http.StatusUnprocessableEntity, "bad-request", "A turn is a number from 1, as the transcript has it, not %q.", text))
		return
	}
	if s.Recordings == nil {
		s.fail(w, r, problem(http.StatusNotFound, "no-recording", "Calls are not recorded here."))
		return
	}
	file, err := s.Recordings.Open(id, turn)
	if errors.Is(err, fs.ErrNotExist) {
		err = problem(http.StatusNotFound, "no-recording", "There is no recording of turn %d: it was not spoken, is not over yet, or its time is over.", turn)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer file.Close()
	about, err := file.Stat()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Cache-Control", "no-store")
	http.ServeContent(w, r, "", about.ModTime(), file)
}
