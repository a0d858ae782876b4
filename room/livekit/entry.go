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
	// hopeless is closed when nothing will come of it.
	hopeless chan struct{}

	mu      sync.Mutex
	lost    error // why it is hopeless
	over    bool  // outcome is known
	outcome error // nil: the agent is in the room
}

// end ends the try with what the client says, unless it has ended, and returns what has
// become of it.
func (e *entry) end(err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return e.outcome
	}
	e.over = true
	if err = cmp.Or(e.lost, err); err != nil {
		e.outcome = failed("joining the room", err)
	}
	return e.outcome
}

// leave takes down that the server sent the agent away, and says whether it was in the
// room.
func (e *entry) leave(why lksdk.DisconnectionReason) (within bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return e.outcome == nil
	}
	err := errLost
	switch why {
	case lksdk.ParticipantRemoved, lksdk.DuplicateIdentity, lksdk.RoomClosed:
		err = errRoomGone // it is not wanted there
	}
	e.lose(fmt.Errorf("%w: %s", err, why))
	return false
}

// lose says why nothing will come of the try; the lock is held.
func (e *entry) lose(err error) {
	if e.lost == nil {
		e.lost = err
		close(e.hopeless)
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
		o.try.lose(errLost)
	}
}
