package api

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"parley/agent"
	"parley/llm"
)

// Eyes look at photos that callers send.
type Eyes interface {
	// Look makes images of files as they came, in their order. Errors that the caller
	// should hear implement PhotoProblem.
	Look(ctx context.Context, files [][]byte) ([]llm.Image, error)
}

// PhotoProblem is implemented by errors that are about a caller's photo.
type PhotoProblem interface {
	error
	// PhotoStatus is an HTTP status, and what to say about the photo in plain words.
	PhotoStatus() (status int, reason string)
}

const (
	// maxPhoto bounds one photo as a file, in bytes; what is larger is no phone's.
	maxPhoto = 10 << 20
	// maxPhotos bounds the body of a message with photos, in bytes: base64 makes
	// four of three.
	maxPhotos = agent.MaxImages*maxPhoto/3*4 + maxMessage
	// photosAtOnce bounds the messages with photos that are read at the same time, and
	// with them the memory that they take.
	photosAtOnce = 4
	// photoTime bounds how long a message with photos may be on its way, over the
	// slowest phone network that one would send a photo by.
	photoTime = 90 * time.Second
)

// message is what a caller sent by text.
type message struct {
	text  string
	files [][]byte
}

// createMessage takes what the caller typed or showed and streams the events of the
// turn that answers it, the last of them turn.ended.
func (s *Server) createMessage(w http.ResponseWriter, r *http.Request) {
	c, err := s.reach(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	text, images, err := s.takeMessage(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	events := c.Subscribe(unread, false)
	defer events.Close()
	turn, err := c.Show(r.Context(), text, images...)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.stream(w, r, events, func(e agent.Envelope) (send, last bool) {
		if e.Turn != turn {
			return false, e.Turn > turn // a newer turn means that the end of this one was missed
		}
		_, ended := e.Event.(agent.TurnEnded)
		return true, ended
	})
}

// takeMessage reads a message and looks at its photos. Where nobody can look at any, a
// body is as small as a text.
func (s *Server) takeMessage(w http.ResponseWriter, r *http.Request) (text string, images []llm.Image, err error) {
	limit := int64(maxMessage)
	if s.Eyes != nil && r.ContentLength != 0 && (r.ContentLength < 0 || r.ContentLength > maxMessage) {
		select {
		case s.photos <- struct{}{}:
			defer func() { <-s.photos }()
		case <-r.Context().Done():
			return "", nil, context.Cause(r.Context())
		}
		limit = maxPhotos
		// Who sends slowly would else keep the place from others.
		out := http.NewResponseController(w)
		if err := out.SetReadDeadline(time.Now().Add(photoTime)); err == nil {
			defer func() { _ = out.SetReadDeadline(time.Time{}) }() // the connection is broken if this fails, and soon found to be
		}
	}
	m, err := readMessage(w, r, limit)
	if err != nil || len(m.files) == 0 {
		return m.text, nil, err
	}
	images, err = s.look(r.Context(), m.files)
	return m.text, images, err
}

// look makes images of files as they came.
func (s *Server) look(ctx context.Context, files [][]byte) ([]llm.Image, error) {
	if len(files) > agent.MaxImages {
		return nil, problem(http.StatusUnprocessableEntity, "bad-photo", "There are %d photos, and at most %d may be sent at once.", len(files), agent.MaxImages)
	}
	if s.Eyes == nil {
		return nil, problem(http.StatusUnprocessableEntity, "bad-photo", "This server takes no photos.")
	}
	images, err := s.Eyes.Look(ctx, files)
	if p, ok := errors.AsType[PhotoProblem](err); ok {
		status, reason := p.PhotoStatus()
		err = problem(status, "bad-photo", "%s", capital(reason))
	}
	return images, err
}

// readMessage reads a body of either shape.
func readMessage(w http.ResponseWriter, r *http.Request, limit int64) (message, error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		return readForm(http.MaxBytesReader(w, r.Body, limit), parameters["boundary"])
	}
	var body struct {
		Text    string   `json:"text"`
		Photos  []string `json:"photos"`
		Content []struct {
			Type     string `json:"type"`
			Text     string `json:"text"`
			ImageURL string `json:"image_url"`
			Detail   string `json:"detail"`
		} `json:"content"`
	}
	if err := readJSON(w, r, limit, &body); err != nil {
		return message{}, err
	}
	m := message{text: body.Text}
	for i, part := range body.Content {
		switch part.Type {
		case "input_text":
			m.text = strings.TrimSpace(m.text + "\n" + part.Text)
		case "input_image":
			body.Photos = append(body.Photos, part.ImageURL)
		default:
			return message{}, problem(http.StatusUnprocessableEntity, "bad-content", "content[%d] is of type %q; input_text and input_image are possible.", i, part.Type)
		}
	}
	for i, encoded := range body.Photos {
		file, err := decodePhoto(encoded)
		if err != nil {
			return message{}, problem(http.StatusUnprocessableEntity, "bad-photo", "Photo %d is no base64 and no data: URL with it: %v.", i+1, err)
		}
		m.files = append(m.files, file)
	}
	return m, nil
}

// decodePhoto reads base64, alone or in a data: URL.
func decodePhoto(s string) ([]byte, error) {
	if rest, ok := strings.CutPrefix(s, "data:"); ok {
		head, data, found := strings.Cut(rest, ",")
		if !found || !strings.HasSuffix(head, ";base64") {
			return nil, errors.New("a data: URL has to hold base64")
		}
		s = data
	}
	if strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
		return nil, errors.New("photos are not fetched from other places, send them along")
	}
	return base64.StdEncoding.DecodeString(s)
}

// readForm reads the fields text and photo of a form; there may be several photos.
func readForm(body io.Reader, boundary string) (message, error) {
	var m message
	if boundary == "" {
		return m, problem(http.StatusBadRequest, "bad-form", "The form names no boundary.")
	}
	form := multipart.NewReader(body, boundary)
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, badForm(err)
		}
		switch name := part.FormName(); name {
		case "text":
			text, err := io.ReadAll(io.LimitReader(part, maxMessage+1))
			if err != nil {
				return m, badForm(err)
			}
			m.text = string(text)
		case "photo", "photos", "photo[]":
			if len(m.files) > agent.MaxImages {
				return m, nil // too many already
			}
			file, err := io.ReadAll(io.LimitReader(part, maxPhoto+1))
			if err != nil {
				return m, badForm(err)
			}
			if len(file) > maxPhoto {
				return m, problem(http.StatusRequestEntityTooLarge, "too-large", "A photo may have at most %d bytes.", maxPhoto)
			}
			m.files = append(m.files, file)
		default:
			return m, problem(http.StatusUnprocessableEntity, "bad-form", "The form has a field %q; text and photo are possible.", name)
		}
	}
}

func badForm(err error) error {
	if asProblem(err) != nil {
		return err
	}
	return problem(http.StatusBadRequest, "bad-form", "The form could not be read: %v.", err)
}
