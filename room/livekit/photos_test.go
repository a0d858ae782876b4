package livekit

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	lk "github.com/livekit/protocol/livekit"
)

// file sends a file packet by packet; without end its stream stays open.
func (v *visitor) file(topic, mime string, file []byte, size *uint64, end bool) {
	id := uuid.NewString()
	v.send(&lk.DataPacket{Value: &lk.DataPacket_StreamHeader{StreamHeader: &lk.DataStream_Header{
		StreamId: id, Topic: topic, MimeType: mime, TotalLength: size, Attributes: map[string]string{},
		ContentHeader: &lk.DataStream_Header_ByteHeader{ByteHeader: &lk.DataStream_ByteHeader{Name: "file"}},
	}}})
	for i := uint64(0); len(file) > 0; i++ {
		n := min(len(file), maxChunk)
		v.send(&lk.DataPacket{Value: &lk.DataPacket_StreamChunk{StreamChunk: &lk.DataStream_Chunk{StreamId: id, ChunkIndex: i, Content: file[:n]}}})
		file = file[n:]
	}
	if end {
		v.send(&lk.DataPacket{Value: &lk.DataPacket_StreamTrailer{StreamTrailer: &lk.DataStream_Trailer{StreamId: id}}})
	}
}

func TestAFileIsAPhoto(t *testing.T) {
	d := openDesk(t, 4, nil)
	d.dispatchFor("aisle", "ann")
	v, other := d.visit("aisle", "ann"), d.visit("aisle", "eve")
	d.until("the greeting", v.knows("Hello there."))
	photo := append([]byte("\xff\xd8"), make([]byte, 200_000)...)
	v.file("photo", "image/jpeg", photo, nil, true)
	d.until("the answer", v.knows("You showed a photo of 200002 bytes"))
	v.file(chatTopic, "image/jpeg", photo[:1000], nil, true)
	d.until("the answer to an attachment", v.knows("You showed a photo of 1000 bytes"))
	v.file("photo", "", []byte("GIF? no"), nil, true)
	d.until("the refusal of garbage", v.knows("The file is not a photo."))
	v.file(chatTopic, "application/pdf", []byte("%PDF"), nil, true)
	d.until("the refusal of another file", v.knows("Only photos are taken here"))
	v.file("photo", "image/png", nil, new(uint64(1<<40)), true)
	d.until("the refusal of what says that it is large", v.knows("The photo is too large: at most 10 MB"))
	other.file("photo", "image/jpeg", photo[:77], nil, true)
	v.file("photo", "image/jpeg", photo[:33], nil, false) // it never ends
	v.write("sense")
	d.until("the answer to a text", v.knows("You said sense"))
	if other.knows("You showed a photo of 77 bytes")() || other.knows("The file is not a photo.")() {
		t.Error("somebody else's photo was taken, or their clients told of another's")
	}
}

// endless gives bytes without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestWhatNeverEndsIsNotKept(t *testing.T) {
	freed := 0
	if _, err := receive(endless{}, func() { freed++ }); !errors.Is(err, errPhotoTooLarge) || freed != 1 {
		t.Errorf("%v, freed %d times", err, freed)
	}
	got, err := receive(strings.NewReader("a photo"), func() {})
	if err != nil || !bytes.Equal(got, []byte("a photo")) {
		t.Errorf("%q %v", got, err)
	}
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		freed := make(chan struct{})
		var reading sync.WaitGroup
		reading.Go(func() {
			if _, err := receive(r, sync.OnceFunc(func() { close(freed) })); !errors.Is(err, errPhotoLate) {
				t.Errorf("%v", err)
			}
		})
		if _, err := w.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		<-freed
		if took := time.Since(began); took != photoTime {
			t.Errorf("freed after %v", took)
		}
		w.Close()
		reading.Wait()
	})
}
