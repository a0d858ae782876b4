package livekit

import (
	"context"
	"strings"
	"time"

	lk "github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	pion "github.com/pion/webrtc/v4"
)

// maxChunk is how much text goes into one packet of a stream, in bytes.
const maxChunk = 15_000

// reachEvery is how often it is looked whether a room is in reach again.
const reachEvery = 20 * time.Millisecond

// reliableChannel is the name of the client's data channel for packets that must arrive.
const reliableChannel = "_reliable"

// packet is any data packet; the client has no type of its own for streams in pieces.
type packet struct{ *lk.DataPacket }

// ToProto implements lksdk.DataPacket.
func (p packet) ToProto() *lk.DataPacket { return p.DataPacket }

var _ lksdk.DataPacket = packet{}

// opened begins a text stream on a topic.
func opened(id, topic string, attributes map[string]string) *lk.DataPacket {
	return &lk.DataPacket{Value: &lk.DataPacket_StreamHeader{StreamHeader: &lk.DataStream_Header{
		StreamId: id, Timestamp: time.Now().UnixMilli(), Topic: topic, MimeType: "text/plain", Attributes: attributes,
		ContentHeader: &lk.DataStream_Header_TextHeader{TextHeader: &lk.DataStream_TextHeader{OperationType: lk.DataStream_CREATE, Generated: true}},
	}}}
}

// written adds text to a stream; what does not fit into one packet is cut.
func written(id, text string, chunk uint64) *lk.DataPacket {
	return &lk.DataPacket{Value: &lk.DataPacket_StreamChunk{StreamChunk: &lk.DataStream_Chunk{
		StreamId: id, Content: []byte(fitting(text)), ChunkIndex: chunk,
	}}}
}

// shut ends a stream.
func shut(id string, attributes map[string]string) *lk.DataPacket {
	return &lk.DataPacket{Value: &lk.DataPacket_StreamTrailer{StreamTrailer: &lk.DataStream_Trailer{StreamId: id, Attributes: attributes}}}
}

// fitting is as much of a text as goes into one packet.
func fitting(text string) string { return strings.ToValidUTF8(text[:min(len(text), maxChunk)], "") }

// publish sends a packet once the room is in reach, or fails when the call ends. The
// client itself would wait on after that, and hold up the end.
func (c *call) publish(p *lk.DataPacket, options ...lksdk.DataPublishOption) error {
	if err := c.awaitReach(); err != nil {
		return err
	}
	return c.room.LocalParticipant.PublishDataPacket(packet{p}, append(options, lksdk.WithDataPublishReliable(true))...)
}

// awaitReach waits until packets reach the room, or the call ends.
func (c *call) awaitReach() error {
	if c.reachable() {
		return nil
	}
	ticker := time.NewTicker(reachEvery)
	defer ticker.Stop()
	for !c.reachable() {
		select {
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		case <-ticker.C:
		}
	}
	return nil
}

// reachable says whether packets reach the room now. The client itself sends as soon as
// the connection is there, which may be before its data channels are open, and says
// nothing of packets that it loses then.
func (c *call) reachable() bool {
	connection := c.room.LocalParticipant.GetPublisherPeerConnection()
	if c.ctx.Err() != nil || connection == nil || connection.ICEConnectionState() != pion.ICEConnectionStateConnected {
		return false
	}
	if c.opened.Load() == connection {
		return true
	}
	if !open(connection) {
		return false
	}
	c.opened.Store(connection)
	return true
}

// open says whether a connection's data channel for packets that must arrive is open.
func open(connection *pion.PeerConnection) bool {
	for _, s := range connection.GetStats() {
		if s, ok := s.(pion.DataChannelStats); ok && s.Label == reliableChannel && s.State == pion.DataChannelStateOpen {
			return true
		}
	}
	return false
}
