package local

import (
	"container/list"
	"slices"
	"sync"
)

// cache keeps the sound of phrases, up to a number of bytes; what was not used
// for longest goes first. A phrase is only kept when it was asked for twice or
// is to be kept by name, so that answers that come once do not drive out the
// greeting. Its methods are safe for use by many goroutines.
type cache struct {
	mu     sync.Mutex
	bound  int // of bytes
	bytes  int
	order  *list.List // of *phrase, the last used in front
	byText map[string]*list.Element
	once   map[string]struct{} // texts asked for once, without sound
}

type phrase struct {
	text string
	pcm  []int16
	kept bool // by name: goes only when no other is left
}

const (
	// candidates bounds how many texts are remembered as asked for once.
	candidates = 512
	// share is the part of the bound that one phrase may take.
	share = 8
)

func newCache(bytes int) *cache {
	return &cache{
		bound:  bytes,
		order:  list.New(),
		byText: make(map[string]*list.Element),
		once:   make(map[string]struct{}),
	}
}

// get returns a copy of the sound of text.
func (c *cache) get(text string) ([]int16, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byText[text]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return slices.Clone(e.Value.(*phrase).pcm), true
}

// keep marks text as kept by name and says whether its sound is here.
func (c *cache) keep(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byText[text]
	if ok {
		e.Value.(*phrase).kept = true
	}
	return ok
}

// put offers the sound of text, which is copied if it is taken.
func (c *cache) put(text string, pcm []int16, kept bool) {
	size := 2*len(pcm) + len(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(pcm) == 0 || size > c.bound/share || c.byText[text] != nil {
		return
	}
	if _, again := c.once[text]; !again && !kept {
		if len(c.once) >= candidates {
			clear(c.once)
		}
		c.once[text] = struct{}{}
		return
	}
	delete(c.once, text)
	for c.bytes+size > c.bound {
		if !c.evict(kept) {
			return
		}
	}
	c.byText[text] = c.order.PushFront(&phrase{text, slices.Clone(pcm), kept})
	c.bytes += size
}

// evict drops the phrase that was not used for longest. Those kept by name go
// only where kept is set and no other is left.
func (c *cache) evict(kept bool) bool {
	for e := c.order.Back(); e != nil; e = e.Prev() {
		if !e.Value.(*phrase).kept {
			c.drop(e)
			return true
		}
	}
	if e := c.order.Back(); kept && e != nil {
		c.drop(e)
		return true
	}
	return false
}

func (c *cache) drop(e *list.Element) {
	p := c.order.Remove(e).(*phrase)
	delete(c.byText, p.text)
	c.bytes -= 2*len(p.pcm) + len(p.text)
}
