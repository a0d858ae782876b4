package livekit

import (
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// LiveKit's client has one log for the whole process, which it reads from goroutines of
// its own: it is silenced before there are any. What matters of it we log ourselves.
func init() { //nolint:gochecknoinits // see above: later would be a race
	lksdk.SetLogger(logger.GetDiscardLogger())
}
