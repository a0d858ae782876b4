package livekit

import (
	"fmt"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
	pion "github.com/pion/webrtc/v4"
)

// callbacks are what the client calls, from goroutines of its own. One that is not in the
// room yet, or was given up, has nothing to say about the connection.
func (c *call) callbacks(try *entry) *lksdk.RoomCallback {
	return &lksdk.RoomCallback{
		OnDisconnectedWithReason: func(reason lksdk.DisconnectionReason) {
			if try.leave(reason) {
				c.end(fmt.Errorf("%w: %s", errRoomGone, reason))
			}
		},
		OnParticipantConnected:    func(*lksdk.RemoteParticipant) { c.changed() },
		OnParticipantDisconnected: func(*lksdk.RemoteParticipant) { c.changed() },
		OnReconnecting: func() {
			if try.failed() {
				return
			}
			c.rejoins.Store(true)
			c.log.Info("the connection to the room was lost; reconnecting")
		},
		OnReconnected: func() {
			c.log.Info("connected to the room again")
			c.mu.Lock()
			clear(c.asked) // a new session asks anew
			c.untold = true
			c.mu.Unlock()
			c.changed()
		},
		OnLocalTrackSubscribed: func(*lksdk.LocalTrackPublication, *lksdk.LocalParticipant) {
			select {
			case c.heard <- struct{}{}:
			default:
			}
		},
		ParticipantCallback: lksdk.ParticipantCallback{
			OnAttributesChanged: func(map[string]string, lksdk.Participant) { c.changed() },
			OnTrackPublished:    func(*lksdk.RemoteTrackPublication, *lksdk.RemoteParticipant) { c.changed() },
			OnTrackSubscribed: func(remote *pion.TrackRemote, p *lksdk.RemoteTrackPublication, rp *lksdk.RemoteParticipant) {
				if remote.Kind() != pion.RTPCodecTypeAudio {
					select {
					case c.films <- remote:
					default: // somebody else's, or nobody waits for it
					}
					return
				}
				c.mu.Lock()
				c.microphones[rp.Identity()] = p.SID()
				c.mu.Unlock()
				select {
				case c.tracks <- track{remote, rp.Identity()}:
				default:
					c.log.Debug("ignoring a track: too many came at once")
				}
			},
			OnTrackUnsubscribed: func(remote *pion.TrackRemote, p *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
				c.mu.Lock()
				delete(c.asked, p.SID())
				c.mu.Unlock()
				_ = remote.SetReadDeadline(time.Now()) // whoever reads it may stop
			},
		},
	}
}

// changed says that people have come or gone. The client calls it under locks of its own.
func (c *call) changed() {
	c.newsMu.Lock()
	close(c.news)
	c.news = make(chan struct{})
	c.newsMu.Unlock()
	select {
	case c.people <- struct{}{}:
	default:
	}
}
