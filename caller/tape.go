package caller

import (
	"time"

	"parley/audio"
)

// tape passes on what is heard in one call, with silence in place of what did not come:
// an agent that suppresses its silence, or packets that were lost.
type tape struct {
	write     func(pcm []int16) // at audio.HearRate; nil for a tape that is not wanted
	clockRate uint32
	running   bool
	next      uint32 // timestamp that follows on what has been written
}

// longestGap is the most silence that is put into a tape at once. What claims to be later
// is of another clock.
const longestGap = 10 * time.Second

// put writes the sound of a packet with its timestamp.
func (t *tape) put(timestamp uint32, pcm []int16) {
	if t.write == nil {
		return
	}
	gap := time.Duration(int32(timestamp-t.next)) * time.Second / time.Duration(t.clockRate)
	if t.running && gap > 0 && gap <= longestGap {
		t.write(make([]int16, gap*audio.HearRate/time.Second))
	}
	t.write(pcm)
	t.running, t.next = true, timestamp+uint32(len(pcm))*t.clockRate/audio.HearRate
}
