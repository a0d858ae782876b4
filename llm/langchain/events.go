package langchain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"parley/internal/provider"
)

const (
	// maxEvent bounds one line of a stream, maxStream all of it.
	maxEvent  = 1 << 20
	maxStream = 16 << 20
	// maxPiece bounds a text that is handed on in one event: the library reads lines
	// of at most 64 KiB.
	maxPiece = 8 << 10
	// maxInput bounds the arguments of one call.
	maxInput = 32 << 10
	// maxBlocks bounds the blocks of one answer.
	maxBlocks = 64
)

// doer is the HTTP client that the library is given.
type doer struct{ c *provider.Client }

// Do gives back an answer only if it is a stream, with its events checked.
func (d doer) Do(req *http.Request) (*http.Response, error) {
	resp, err := d.c.Do(req)
	if err != nil {
		return nil, err
	}
	end := d.c.BaseURL() + path
	if got := provider.MediaType(resp.Header); got != "text/event-stream" && got != "" {
		defer resp.Body.Close()
		return nil, d.c.Malformed(end, "wanted text/event-stream, got "+got+provider.Quote(resp.Body))
	}
	resp.Body = &events{c: d.c, end: end, body: resp.Body, in: bufio.NewReader(resp.Body), left: maxStream, live: liveIn(req.Context()), blocks: map[int]*block{}}
	return resp, nil
}

// events reads a stream of Anthropic's messages
// (https://docs.anthropic.com/en/docs/build-with-claude/streaming) and hands on only
// what the library reads well: blocks of text and calls of tools, numbered anew
// without gaps, the arguments of a call in one piece that is a JSON object. Thinking,
// pings and kinds that came later are left out; an error event, or an end before
// "message_stop", is an error of Read. Read belongs to one goroutine.
type events struct {
	c    *provider.Client
	end  string
	body io.ReadCloser
	in   *bufio.Reader
	left int
	live *live

	begun  bool           // message_start has come
	blocks map[int]*block // by the provider's index; those that are left out are nil
	handed int            // blocks handed on
	out    bytes.Buffer
	err    error
}

// block is one that is handed on.
type block struct {
	index int
	tool  bool
	input []byte
}

// usage is how many tokens an event tells of.
type usage struct {
	Input      *int `json:"input_tokens"`
	Output     *int `json:"output_tokens"`
	CacheWrite int  `json:"cache_creation_input_tokens"`
	CacheRead  int  `json:"cache_read_input_tokens"`
}

// event is the part of one that matters here.
type event struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		ID    string `json:"id"`
		Model string `json:"model"`
		Role  string `json:"role"`
		Usage usage  `json:"usage"`
	} `json:"message"`
	Block struct {
		Type string `json:"type"`
		ID   string `json:"id"`
		Name string `json:"name"`
		Text string `json:"text"`
	} `json:"content_block"`
	Delta struct {
		Type       string `json:"type"`
		Text       string `json:"text"`
		Partial    string `json:"partial_json"`
		StopReason string `json:"stop_reason"`
	} `json:"delta"`
	Usage usage `json:"usage"`
}

// Read implements io.Reader.
func (e *events) Read(p []byte) (int, error) {
	for e.out.Len() == 0 {
		if e.err != nil {
			return 0, e.err
		}
		line, err := e.line()
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok && e.err == nil {
			e.take(bytes.TrimSpace(data), err == nil)
		}
		if err != nil && e.err == nil {
			e.err = err
			if errors.Is(err, io.EOF) {
				e.err = e.fault(provider.Cut, "the stream ends before the message does")
			}
		}
	}
	return e.out.Read(p)
}

// Close implements io.Closer.
func (e *events) Close() error { return e.body.Close() }

func (e *events) fault(kind provider.Kind, message string) *provider.Error {
	return &provider.Error{Kind: kind, Op: op, Endpoint: e.end, Message: message}
}

// line reads the next line without its end. At the end of the stream it returns
// what there is, and io.EOF.
func (e *events) line() ([]byte, error) {
	var line []byte
	for {
		part, err := e.in.ReadSlice('\n')
		if e.left -= len(part); e.left < 0 {
			return nil, e.fault(provider.TooLarge, "the stream does not end")
		}
		line = append(line, part...)
		switch {
		case len(line) > maxEvent:
			return nil, e.fault(provider.TooLarge, "one event of the stream does not end")
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return bytes.TrimRight(line, "\r\n"), err
		}
	}
}

// take acts on the data of one event. whole says that its line has come to its end.
func (e *events) take(data []byte, whole bool) {
	var v event
	if err := json.Unmarshal(data, &v); err != nil {
		if whole && len(data) > 0 {
			e.err = e.c.Malformed(e.end, "an event of the stream makes no sense")
		}
		return
	}
	switch v.Type {
	case "error":
		e.err = e.c.EventError(e.end, data)
		return
	case "message_start":
		e.start(v)
		return
	}
	if !e.begun {
		return
	}
	switch v.Type {
	case "content_block_start":
		e.open(v)
	case "content_block_delta":
		e.delta(v)
	case "content_block_stop":
		e.close(v)
	case "message_delta":
		e.live.note(v.Delta.StopReason, v.Usage)
		e.emit(`{"type":"message_delta","delta":{"stop_reason":%s},"usage":{}}`, quote(v.Delta.StopReason))
	case "message_stop":
		e.emit(`{"type":"message_stop"}`)
		e.err = io.EOF
	}
}

func (e *events) start(v event) {
	if e.begun {
		return
	}
	e.begun = true
	e.live.note("", v.Message.Usage)
	e.emit(`{"type":"message_start","message":{"id":%s,"type":"message","role":"assistant","model":%s,"usage":{"input_tokens":0}}}`, quote(v.Message.ID), quote(v.Message.Model))
}

// open begins a block.
func (e *events) open(v event) {
	if _, twice := e.blocks[v.Index]; twice || len(e.blocks) == maxBlocks {
		e.err = e.c.Malformed(e.end, "the blocks of the answer are out of order")
		return
	}
	e.live.sign()
	e.blocks[v.Index] = nil
	if v.Block.Type != "text" && v.Block.Type != "tool_use" {
		return // thinking, and what came later
	}
	b := &block{index: e.handed, tool: v.Block.Type == "tool_use"}
	e.blocks[v.Index] = b
	e.handed++
	e.emit(`{"type":"content_block_start","index":%d,"content_block":{"type":%s,"id":%s,"name":%s}}`, b.index, quote(v.Block.Type), quote(v.Block.ID), quote(v.Block.Name))
	e.text(b, v.Block.Text)
}

// delta takes a piece of a block.
func (e *events) delta(v event) {
	e.live.sign()
	b := e.blocks[v.Index]
	if b == nil {
		return
	}
	if b.tool {
		if b.input = append(b.input, v.Delta.Partial...); len(b.input) > maxInput {
			e.err = e.fault(provider.TooLarge, "the arguments of a tool call do not end")
		}
		return
	}
	e.text(b, v.Delta.Text)
}

// text hands a text on, in pieces that the library can read.
func (e *events) text(b *block, text string) {
	for len(text) > 0 && !b.tool {
		n := min(len(text), maxPiece)
		for n < len(text) && text[n]&0xC0 == 0x80 { // not within a letter
			n++
		}
		e.emit(`{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%s}}`, b.index, quote(text[:n]))
		text = text[n:]
	}
}

// close ends a block. Arguments that are no JSON object are wrapped in one.
func (e *events) close(v event) {
	b := e.blocks[v.Index]
	if b == nil {
		return
	}
	e.blocks[v.Index] = nil
	if input := bytes.TrimSpace(b.input); b.tool && len(input) > 0 {
		var object map[string]json.RawMessage
		if json.Unmarshal(input, &object) != nil || object == nil {
			input = []byte(`{` + quote(malformed) + `:` + quote(string(input)) + `}`)
		}
		e.emit(`{"type":"content_block_delta","index":%d,"delta":{"type":"input_json_delta","partial_json":%s}}`, b.index, quote(string(input)))
	}
	e.emit(`{"type":"content_block_stop","index":%d}`, b.index)
}

// emit hands an event on.
func (e *events) emit(format string, args ...any) {
	e.out.WriteString("data: ")
	fmt.Fprintf(&e.out, format, args...)
	e.out.WriteString("\n\n")
}

// quote writes a JSON string.
func quote(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		return `""` // strings always marshal
	}
	return string(out)
}
