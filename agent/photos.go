package agent

import (
	"slices"

	"parley/llm"
)

// maxPhotos bounds the photos that a conversation's tools are told of.
const maxPhotos = 12

// addPhotos makes a new list of the hashes of photos: the known ones and those of
// images, each once, the newest alone where there are too many.
func addPhotos(known []string, images []llm.Image) []string {
	all := slices.Clone(known)
	for _, image := range images {
		if image.Hash != "" && !slices.Contains(all, image.Hash) {
			all = append(all, image.Hash)
		}
	}
	return all[max(0, len(all)-maxPhotos):]
}

// awaitPrint has what is read in images later put into the history, for the turns that
// come: no answer waits for it.
func (c *Conversation) awaitPrint(images []llm.Image) {
	ctx := c.ctx
	for _, image := range images {
		late, found := image.Late, image.Found
		if late == nil || found == nil {
			continue
		}
		c.start(func() {
			for {
				select {
				case text, more := <-late:
					if text != "" {
						c.postFinal(printed{found, text})
					}
					if text != "" || !more {
						return
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
}

// printed adds what was read in an image, which is told by what else was found in it.
// Brains may be reading what there is, so all that changes is made anew.
func (h *history) printed(in *llm.Found, text string) {
	for i := range h.messages {
		m := &h.messages[i]
		for k, image := range m.Images {
			if image.Found != in {
				continue
			}
			more := *in
			more.Text = text
			m.Images = slices.Clone(m.Images)
			m.Images[k].Found, m.Images[k].Late = &more, nil
			return
		}
	}
}
