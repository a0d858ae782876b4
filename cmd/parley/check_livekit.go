package main

import (
	"context"

	"parley/config"
	"parley/room/livekit"
)

// checkLiveKit asks the LiveKit server whether it would take this program as a worker.
func checkLiveKit(ctx context.Context, l config.LiveKit) finding {
	f := finding{Name: "LiveKit server", Outcome: ready}
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	err := livekit.Probe(ctx, livekit.Config{URL: l.URL, APIKey: l.APIKey, APISecret: l.APISecret.Reveal()})
	if err != nil {
		f.Outcome, f.Detail = limited, "nobody is answered in its rooms: "+err.Error()
		f.Advice = "see that the server runs at livekit.url, and that api_key and api_secret are one of its pairs; calls by WebRTC work without it"
		return f
	}
	f.Detail = "takes workers at " + l.URL
	return f
}
