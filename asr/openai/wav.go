package openai

import (
	"encoding/binary"

	"parley/asr"
)

// headerSize is the length in bytes of the smallest WAV header: RIFF, a "fmt "
// chunk for PCM, and the head of the "data" chunk.
const headerSize = 44

// wav makes a WAV file of mono 16-bit sound at [asr.Rate], filled up with silence
// to the shortest length that is accepted.
func wav(pcm []int16) []byte {
	data := 2 * max(len(pcm), shortest)
	b := make([]byte, headerSize, headerSize+data)
	copy(b[0:], "RIFF")
	binary.LittleEndian.PutUint32(b[4:], uint32(headerSize-8+data))
	copy(b[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(b[16:], 16)         // length of the fmt chunk
	binary.LittleEndian.PutUint16(b[20:], 1)          // PCM
	binary.LittleEndian.PutUint16(b[22:], 1)          // channels
	binary.LittleEndian.PutUint32(b[24:], asr.Rate)   // samples a second
	binary.LittleEndian.PutUint32(b[28:], asr.Rate*2) // bytes a second
	binary.LittleEndian.PutUint16(b[32:], 2)          // bytes a frame
	binary.LittleEndian.PutUint16(b[34:], 16)         // bits a sample
	copy(b[36:], "data")
	binary.LittleEndian.PutUint32(b[40:], uint32(data))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b[:headerSize+data]
}
