package simulate

import "time"

// What one node bears. The first three are from docs/performance.md ("60 calls at once",
// two shared cores, providers outside), rounded to the careful side; a test holds them
// against that file.
const (
	// CallsPerNode are the calls that one node is given. So many were measured at once, with
	// no answer missed; how many more there could be was not.
	CallsPerNode = 60
	// CPUPerCallMinute is what a minute of one of many calls takes, in seconds of one core.
	CPUPerCallMinute = 0.6
	// MemoryPerCall is what one call more takes, in bytes.
	MemoryPerCall = 2.2e6
	// CoresPerNode are those of the machine on which all this was measured.
	CoresPerNode = 2
	// MemoryPerNode is what a node takes before the first call, in bytes, the embedded
	// models included; a round figure above what was seen.
	MemoryPerNode = 500e6

	// DispatchTime is from the request for an agent to its presence in the room, as seen on
	// loopback with one LiveKit server: 200 to 250 ms. The simulation makes it of an offer
	// and of joining.
	DispatchTime = 225 * time.Millisecond
	// OfferTime is the part of it in which the node is asked and answers. Assumed.
	OfferTime = 5 * time.Millisecond
	// OfferTimeout is how long a LiveKit server waits for a worker's answer.
	OfferTimeout = 10 * time.Second
	// ReportWithin is how soon a change of a node's load is known to all who dispatch. The
	// node tells at once (room/livekit/jobs.go); the rest is assumed.
	ReportWithin = 100 * time.Millisecond
	// offersInARow is how many nodes a call is offered to before it waits. Assumed; a
	// LiveKit server asks every worker that calls itself available.
	offersInARow = 4
)

// What a call sends and takes.
const (
	// OpusBits is the rate of the voice in one direction, in bits a second (audio/opus).
	OpusBits = 40_000
	// PacketsPerSecond is that of 20 ms of sound each, in one direction.
	PacketsPerSecond = 50
	// PacketOverhead is what travels with each packet, in bytes: IPv4 20, UDP 8, RTP 12,
	// and SRTP's tag 10.
	PacketOverhead = 50
	// TurnsPerMinute of a call, each with one transcript, one answer and one voice. Assumed:
	// a question and an answer of seven seconds each, and a second between them.
	TurnsPerMinute = 4
)
