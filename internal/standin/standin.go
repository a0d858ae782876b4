// Package standin is a speech and language provider that is none: it serves
// OpenAI's /audio/transcriptions, /chat/completions and /audio/speech with fixed
// delays and prepared answers. Tests and benchmarks use it in place of a
// provider, so that what they measure is this program alone.
//
// It costs next to nothing: sound is rendered once, and nothing is computed in a
// request that could be prepared.
package standin

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"
)

// Options say how the stand-in behaves. The zero value answers at once.
type Options struct {
	// TranscriptDelay is the time from the end of the upload to the transcript.
	TranscriptDelay time.Duration
	// Transcripts are given in turn, whatever the sound is. When empty, the text
	// says how long the sound was.
	Transcripts []string
	// FirstToken is when the first piece of a reply is sent, counted from the
	// request. 0 means half of FirstSentence.
	FirstToken time.Duration
	// FirstSentence is when the first sentence of a reply is complete. Later
	// pieces keep the same pace.
	FirstSentence time.Duration
	// Replies are given in turn. When empty, a reply of two sentences.
	Replies []string
	// Tools make the stand-in ask for a tool when the last thing said matches. The
	// first that matches, and whose tool the request offers, is taken.
	Tools []ToolRule
	// Untrained makes the stand-in a model that was never trained to call tools: it
	// only does so where a JSON schema binds its answer.
	Untrained bool
	// FirstAudio is the time from a request for speech to its first sample.
	FirstAudio time.Duration
	// Speed is how much faster than it plays sound is sent; 0 means 10.
	Speed float64
	// PerRune is the length of the speech for one letter; 0 means 65 ms, which is
	// about 15 letters a second, the pace of a calm speaker.
	PerRune time.Duration
	// Voice is the sound to serve in place of the rendered one, mono at 24 kHz. It
	// is repeated when the text is longer than it.
	Voice []int16
	// Key, when set, is the bearer token that every request must carry.
	Key string
}

// ToolRule asks for a tool.
type ToolRule struct {
	// Match is looked for in the last thing the user said.
	Match *regexp.Regexp
	// Tool is the tool's name.
	Tool string
	// Arguments is the JSON to call it with, in which $1, ${name} and so on stand
	// for groups of Match.
	Arguments string
}

// OrderRule asks for get_order_details when an order number such as W10002 is
// said.
func OrderRule() ToolRule {
	return ToolRule{
		Match: regexp.MustCompile(`(?i)#?\b(W\d{5,7})\b`), Tool: "get_order_details", Arguments: `{"order_id":"$1"}`,
	}
}

// Counts says how often each endpoint was asked, and how often the client left
// before the end.
type Counts struct {
	Transcriptions int64 `json:"transcriptions"`
	Chats          int64 `json:"chats"`
	Speeches       int64 `json:"speeches"`
	Left           int64 `json:"left"`
}

// Server is the stand-in as an http.Handler. Besides the endpoints it serves
// GET /v1/models and, with its Counts as JSON, GET /counts.
type Server struct {
	o      Options
	mux    *http.ServeMux
	voice  []byte // s16le at 24 kHz
	scenes []scene

	transcriptions, chats, speeches, left atomic.Int64
}

// New prepares a stand-in.
func New(o Options) *Server {
	if o.Speed <= 0 {
		o.Speed = 10
	}
	if o.PerRune <= 0 {
		o.PerRune = 65 * time.Millisecond
	}
	if o.FirstToken <= 0 {
		o.FirstToken = o.FirstSentence / 2
	}
	o.FirstToken = min(o.FirstToken, o.FirstSentence)
	if len(o.Replies) == 0 {
		o.Replies = []string{"Thank you, I have found your order in our system. It is on its way to you and should be there by Friday afternoon."}
	}
	s := &Server{o: o, mux: http.NewServeMux(), voice: littleEndian(o.Voice)}
	if len(s.voice) == 0 {
		s.voice = littleEndian(Voice(loop))
	}
	for _, r := range o.Replies {
		s.scenes = append(s.scenes, prepare(r))
	}
	s.mux.HandleFunc("POST /v1/audio/transcriptions", s.transcribe)
	s.mux.HandleFunc("POST /v1/chat/completions", s.chat)
	s.mux.HandleFunc("POST /v1/audio/speech", s.speak)
	s.mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"object":"list","data":[{"id":"standin","object":"model","owned_by":"parley"}]}`))
	})
	s.mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Counts())
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.o.Key != "" && r.Header.Get("Authorization") != "Bearer "+s.o.Key {
		refuse(w, http.StatusUnauthorized, "Incorrect API key provided.")
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Counts says what has been asked so far.
func (s *Server) Counts() Counts {
	return Counts{s.transcriptions.Load(), s.chats.Load(), s.speeches.Load(), s.left.Load()}
}

// until waits for a moment; false when the client left before.
func (s *Server) until(ctx context.Context, at time.Time) bool {
	d := time.Until(at)
	if d <= 0 {
		if ctx.Err() != nil {
			s.left.Add(1)
			return false
		}
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		s.left.Add(1)
		return false
	}
}

// refuse answers with an error in OpenAI's shape.
func refuse(w http.ResponseWriter, status int, message string) {
	body, err := json.Marshal(map[string]any{"error": map[string]any{"message": message, "type": "invalid_request_error"}})
	if err != nil {
		http.Error(w, message, status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
