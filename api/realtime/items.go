package realtime

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parley/llm"
)

const (
	// maxItems bounds the items that can be retrieved; the oldest are forgotten.
	maxItems = 512
	// maxText bounds the text of one item, in bytes.
	maxText = 64 << 10
	// maxWaiting bounds the items that wait for a response.
	maxWaiting = 64
	// maxLooking bounds those whose photos are looked at.
	maxLooking = 2
)

// content is a part of an item.
type content struct {
	Type       string `json:"type"`
	Text       string `json:"text,omitempty"`
	Transcript string `json:"transcript,omitempty"`
	Audio      string `json:"audio,omitempty"`
	ImageURL   string `json:"image_url,omitempty"`
	Detail     string `json:"detail,omitempty"`
}

// item is one item of the conversation, as it stands in messages.
type item struct {
	ID        string    `json:"id"`
	Object    string    `json:"object"`
	Type      string    `json:"type"`
	Status    string    `json:"status,omitempty"`
	Role      string    `json:"role,omitempty"`
	Content   []content `json:"content,omitzero"`
	CallID    string    `json:"call_id,omitempty"`
	Name      string    `json:"name,omitempty"`
	Arguments string    `json:"arguments,omitempty"`
	Output    string    `json:"output,omitempty"`

	previous any // the item before it when it came, nil for the first

	turn   int64       // the agent's turn that it is the answer of; 0 for none
	text   string      // what the caller said or wrote in it
	images []llm.Image // what they showed
	used   bool        // a response has answered it
	ready  bool        // its words are known
}

// readItem reads an item that a client puts in. files are its photos as they came.
func readItem(raw json.RawMessage) (it *item, files [][]byte, err error) {
	it = &item{}
	if err := json.Unmarshal(raw, it); err != nil {
		return nil, nil, refuse("item", "it cannot be read: %v.", err)
	}
	if it.ID == "" {
		it.ID = newID("item")
	}
	it.Object, it.Status, it.ready = "realtime.item", "completed", true
	switch {
	case len(it.ID) > 64:
		return nil, nil, refuse("item.id", "it may have at most 64 characters.")
	case it.Type == "function_call_output":
		if len(it.Output) > maxText {
			return nil, nil, refuse("item.output", "it may have at most %d bytes.", maxText)
		}
		return it, nil, nil
	case it.Type != "message":
		return nil, nil, refuse("item.type", `"message" and "function_call_output" can be put in, not %q.`, it.Type)
	case it.Role != "user" && it.Role != "system":
		return nil, nil, refuse("item.role", `messages of "user" and "system" can be put in, not of %q: what the agent said is its own.`, it.Role)
	}
	var texts []string
	for i, part := range it.Content {
		at := fmt.Sprintf("item.content[%d]", i)
		switch part.Type {
		case "input_text":
			texts = append(texts, part.Text)
		case "input_image":
			file, err := readDataURL(part.ImageURL)
			if err != nil {
				return nil, nil, refuse(at+".image_url", "%v.", err)
			}
			files = append(files, file)
			it.Content[i].ImageURL = "" // the client has it
		case "input_audio":
			return nil, nil, refuse(at+".type", "sound comes by input_audio_buffer.append.")
		default:
			return nil, nil, refuse(at+".type", `"input_text" and "input_image" are possible, not %q.`, part.Type)
		}
	}
	it.text = strings.TrimSpace(strings.Join(texts, "\n"))
	if len(it.text) > maxText {
		return nil, nil, refuse("item.content", "its text may have at most %d bytes.", maxText)
	}
	if it.text == "" && len(files) == 0 {
		return nil, nil, refuse("item.content", "there is nothing in it.")
	}
	return it, files, nil
}

// readDataURL reads a photo that is sent along. Nothing is fetched from elsewhere.
func readDataURL(s string) ([]byte, error) {
	head, data, ok := strings.Cut(s, ",")
	if !ok || !strings.HasPrefix(head, "data:image/") || !strings.HasSuffix(head, ";base64") {
		return nil, errors.New("a photo is a data: URL with base64")
	}
	file, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, errors.New("the photo's base64 is broken")
	}
	return file, nil
}

// ledger is the conversation's items in their order.
type ledger struct{ items []*item }

// add puts an item at the end and names the one before it, nil for the first.
func (l *ledger) add(it *item) (previous any) {
	if n := len(l.items); n > 0 {
		it.previous = l.items[n-1].ID
	}
	if len(l.items) == maxItems {
		l.items = slices.Delete(l.items, 0, 1)
	}
	l.items = append(l.items, it)
	return it.previous
}

func (l *ledger) find(id string) *item {
	i := slices.IndexFunc(l.items, func(it *item) bool { return it.ID == id })
	if i < 0 {
		return nil
	}
	return l.items[i]
}

func (l *ledger) remove(it *item) {
	l.items = slices.DeleteFunc(l.items, func(other *item) bool { return other == it })
}
