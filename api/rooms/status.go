package rooms

import (
	"net/http"
	"time"

	"parley/api"
)

// Status is how the rooms of this program stand.
type Status struct {
	// Registered says that the LiveKit server knows the program, Draining that it takes no
	// more calls.
	Registered bool `json:"registered"`
	Draining   bool `json:"draining"`
	// Limit is how many conversations there may be, Taken how many there are, those of
	// other doors included, and Refused how many jobs were refused.
	Limit   int    `json:"limit"`
	Taken   int    `json:"taken"`
	Refused uint64 `json:"refused"`
	Rooms   []Room `json:"rooms"`
}

// crowded says that half of the places are taken.
func (s Status) crowded() bool { return 2*s.Taken >= s.Limit }

// Room is how the agent's call in one room stands. Answer and Silence, the newest times to
// the first sound of an answer and to silence, are 0 before the first.
type Room struct {
	Room         string    `json:"room"`
	Conversation string    `json:"conversation"`
	Began        time.Time `json:"began"`
	State        string    `json:"state"`
	Aside        bool      `json:"aside"` // staff have the floor
	Turns        int       `json:"turns"`
	Interrupted  int       `json:"interrupted"`
	False        int       `json:"false_interruptions"`
	Failures     int       `json:"failures"`
	Answer       int64     `json:"answer_ms"`
	Silence      int64     `json:"silence_ms"`
}

// list answers with how the rooms of this program stand.
func (d *Door) list(w http.ResponseWriter, r *http.Request) {
	hall := d.hall.Load()
	if err := hall.Shop(r.Context()); err != nil {
		hall.Fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	api.WriteJSON(w, http.StatusOK, (*d.worker.Load()).Status())
}
