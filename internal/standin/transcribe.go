package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxUpload bounds an upload, as OpenAI does.
const maxUpload = 25 << 20

// transcribe answers with the next text of the list.
func (s *Server) transcribe(w http.ResponseWriter, r *http.Request) {
	n := s.transcriptions.Add(1)
	form, err := r.MultipartReader()
	if err != nil {
		refuse(w, http.StatusBadRequest, "The body is not a multipart form.")
		return
	}
	var size int64
	var model, format string
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, "The multipart form is broken.")
			return
		}
		if part.FormName() == "file" {
			size, err = io.Copy(io.Discard, io.LimitReader(part, maxUpload+1))
			if err != nil || size > maxUpload {
				refuse(w, http.StatusRequestEntityTooLarge, "The file is too large.")
				return
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, 4096))
		if err != nil {
			refuse(w, http.StatusBadRequest, "The multipart form is broken.")
			return
		}
		switch part.FormName() {
		case "model":
			model = string(value)
		case "response_format":
			format = string(value)
		}
	}
	// 44 bytes of header, 16,000 samples of 2 bytes a second: what asr/openai sends.
	length := time.Duration(max(size-44, 0)) * time.Second / 32000
	switch {
	case model == "":
		refuse(w, http.StatusBadRequest, "you must provide a model parameter")
		return
	case length < 100*time.Millisecond:
		refuse(w, http.StatusBadRequest, "Audio file is too short. Minimum audio length is 0.1 seconds.")
		return
	}
	if !s.until(r.Context(), time.Now().Add(s.o.TranscriptDelay)) {
		return
	}
	text := fmt.Sprintf("I heard %.1f seconds.", length.Seconds())
	if len(s.o.Transcripts) > 0 {
		text = s.o.Transcripts[(n-1)%int64(len(s.o.Transcripts))]
	}
	if format == "text" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, text+"\n")
		return
	}
	answer := map[string]any{"text": text}
	if format == "verbose_json" {
		answer["task"], answer["language"], answer["duration"] = "transcribe", "english", length.Seconds()
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}
