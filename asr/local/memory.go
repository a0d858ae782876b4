package local

import "sync"

// memory keeps the texts of the last finished pieces of long utterances, so
// that a caller who speaks for a minute is not recognised from the start each
// time. It is bounded and forgets the oldest.
type memory struct {
	mu    sync.Mutex
	texts map[digest]string
	ring  [64]digest
	next  int
}

func newMemory() *memory { return &memory{texts: make(map[digest]string)} }

func (m *memory) get(key digest) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok := m.texts[key]
	return text, ok
}

func (m *memory) put(key digest, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.texts[key]; ok {
		return
	}
	if len(m.texts) >= len(m.ring) {
		delete(m.texts, m.ring[m.next])
	}
	m.texts[key] = text
	m.ring[m.next] = key
	m.next = (m.next + 1) % len(m.ring)
}
