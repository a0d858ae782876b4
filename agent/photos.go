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
