package livekit

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// errLost says that nothing comes of a connection to a room.
var errLost = errors.New("the connection was lost before it was there")

// entry is one try to enter a room. It ends once.
type entry struct {
	// lost is closed when nothing will come of it.
	lost chan struct{}

	mu       sync.Mutex
	over     bool                      // outcome is known
	outcome  error                     // nil: the agent is in the room
	hopeless bool                      // lost is closed
	left     lksdk.DisconnectionReason // why the server sent the agent away
}

// end ends the try with what the client says, unless it has ended, and returns what has
// become of it.
func (e *entry) end(err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.over {
		e.over, e.outcome = true, e.verdict(err)
	}
	return e.outcome
}

// verdict is what becomes of the try when the client returns an error, or none.
func (e *entry) verdict(err error) error {
	switch e.left {
	case "":
		if err == nil {
			return nil
		}
		return failed("joining the room", err)
	case lksdk.ParticipantRemoved, lksdk.DuplicateIdentity, lksdk.RoomClosed:
		return fmt.Errorf("joining the room: %w: %s", errRoomGone, e.left) // it is not wanted there
	}
	return fmt.Errorf("joining the room: %w: %s", cmp.Or(err, errLost), e.left)
}

// leave takes down that the server sent the agent away, and says whether it was in the
// room.
func (e *entry) leave(why lksdk.DisconnectionReason) (within bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return e.outcome == nil
	}
	e.left = why
	e.giveUp()
	return false
}

// giveUp says that nothing will come of the try; the lock is held.
func (e *entry) giveUp() {
	if !e.hopeless {
		e.hopeless = true
		close(e.lost)
	}
}

// failed says that the try has ended, and the agent is not in the room.
func (e *entry) failed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.over && e.outcome != nil
}

// overheard is the log of a client, which tells nobody anything but its entry of what the
// client keeps to itself otherwise.
type overheard struct {
	logger.Logger
	try *entry
}

// Errorw implements logger.Logger. The client (v2.19.0) starts to read what the server
// says before it has taken down its own offer. An answer that comes in between, of one
// connection in some hundreds, it throws away and waits for until its time is over.
func (o overheard) Errorw(message string, _ error, _ ...any) {
	if message == "could not set remote description" {
		o.try.mu.Lock()
		defer o.try.mu.Unlock()
		o.try.giveUp()
	}
}
