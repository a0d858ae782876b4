// Package livekit joins LiveKit's rooms as an agent: a [Worker] registers with the
// media server, is given jobs, and holds one conversation in each room. It is a second
// door into package agent, beside direct WebRTC, for rooms that are spread over many
// servers.
//
// The worker's protocol is livekit.WorkerMessage over a WebSocket; the room is joined
// with LiveKit's own client for Go, from which only the connection is used: sound that
// arrives goes to audio/receive packet by packet, and what is said leaves through the
// same encoder and the same 20 ms pace as in package webrtc.
package livekit
