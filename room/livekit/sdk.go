package livekit

import (
	"sync"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// silenceSDK keeps LiveKit's client from logging past our own log, of which it has one
// for the whole process.
var silenceSDK = sync.OnceFunc(func() { lksdk.SetLogger(logger.GetDiscardLogger()) })
