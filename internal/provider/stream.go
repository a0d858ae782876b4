package provider

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

const (
	// maxEvent bounds one event of a stream.
	maxEvent = 1 << 20
	// maxStream bounds a whole stream, comments and all.
	maxStream = 16 << 20
	// maxAfter bounds what is read behind "[DONE]".
	maxAfter = 64 << 10
	// maxLines is up to how many lines an event is looked at before its blank line.
	maxLines = 16
)

// stream reads server-sent events (the WHATWG HTML standard, section 9.2) and
// hands them on in the one shape that go-openai reads reliably: a line "data: "
// with the whole event, nothing else. On its own, the library
//   - takes a broken stream for a finished one: here only "[DONE]" gives io.EOF,
//     any other end gives io.ErrUnexpectedEOF;
//   - mixes comments and the "event:" line into an error event and then reports
//     "unexpected end of JSON input": here an error event is an [*Error] from Read;
//   - takes every chunk that begins with an "error" field for an error, even when
//     that is null: here only one that says something is;
//   - gives up after some keep-alive comments: here they are dropped;
//   - loses a last line without a line feed, and reads lines without a bound.
//
// Read belongs to one goroutine.
type stream struct {
	c    *Client
	end  string
	body io.ReadCloser
	in   *bufio.Reader
	left int // bytes that may still come

	line   []byte // the line being read
	begun  bool   // a line has been read
	skipLF bool   // the last line ended with CR: an LF now belongs to it
	event  []byte // the data of the event being put together
	lines  int    // how many lines it has
	isErr  bool   // the event's name is "error"
	out    []byte // what Read has still to give
	err    error  // how it ended; sticky
}

func newStream(c *Client, end string, body io.ReadCloser) *stream {
	return &stream{c: c, end: end, body: body, in: bufio.NewReader(body), left: maxStream}
}

// Read implements io.Reader over the cleaned stream.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		s.step()
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// Close implements io.Closer. After "[DONE]" it first reads the end of the body,
// without which the connection could not be used again; the request's context
// bounds how long that may take.
func (s *stream) Close() error {
	if errors.Is(s.err, io.EOF) {
		_, _ = io.Copy(io.Discard, io.LimitReader(s.in, maxAfter))
	}
	return s.body.Close()
}

// step reads one line and acts on it.
func (s *stream) step() {
	err := s.readLine()
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
		return
	}
	if err == nil || len(s.line) > 0 {
		if !s.begun { // a byte order mark at the very beginning means nothing
			s.line = bytes.TrimPrefix(s.line, []byte("\ufeff"))
		}
		s.begun = true
		s.take(s.line)
	}
	if err != nil && s.err == nil {
		if len(s.event) > 0 && (s.isErr || complete(s.event)) {
			s.dispatch()
		}
		if s.err == nil {
			s.err = io.ErrUnexpectedEOF
		}
	}
}

// readLine fills s.line with the next line without its end (LF, CR or CRLF).
func (s *stream) readLine() error {
	s.line = s.line[:0]
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return err
		}
		if s.left--; s.left < 0 {
			return &Error{Kind: TooLarge, Op: s.c.op, Endpoint: s.end, Message: "the stream does not end"}
		}
		switch {
		case b == '\n' && s.skipLF:
			s.skipLF = false
		case b == '\n' || b == '\r':
			s.skipLF = b == '\r'
			return nil
		default:
			s.skipLF = false
			if len(s.line)+len(s.event) >= maxEvent {
				return &Error{Kind: TooLarge, Op: s.c.op, Endpoint: s.end, Message: "one event of the stream does not end"}
			}
			s.line = append(s.line, b)
		}
	}
}

// take acts on one line.
func (s *stream) take(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch {
	case len(line) == 0:
		if len(s.event) > 0 {
			s.dispatch()
		}
		s.isErr = false
	case string(name) == "event":
		s.isErr = string(bytes.TrimSpace(value)) == "error"
	case string(name) == "data":
		if len(s.event) > 0 {
			s.event = append(s.event, ' ') // a line feed inside JSON is white space
		}
		s.event = append(s.event, value...)
		// Do not wait for the blank line: it may come in a later packet, and some
		// servers leave it out. No server writes JSON in many lines, but one might
		// to make us look at it again and again.
		if s.lines++; s.lines <= maxLines && complete(s.event) {
			s.dispatch()
		}
	}
}

// complete says that the data is one whole event.
func complete(data []byte) bool {
	data = bytes.TrimSpace(data)
	return string(data) == "[DONE]" || len(data) > 0 && data[0] == '{' && data[len(data)-1] == '}' && json.Valid(data)
}

// dispatch hands the event on, or ends the stream.
func (s *stream) dispatch() {
	data := bytes.TrimSpace(s.event)
	switch e := s.failure(data, complete(data)); {
	case e != nil:
		s.err = e
	case len(data) == 0:
	default:
		s.out = append(s.out[:0], "data: "...)
		if bytes.HasPrefix(data, []byte(`{"error":`)) {
			// No error, as we know by now, but the library goes by these bytes alone.
			s.out, data = append(s.out, "{ "...), data[1:]
		}
		s.out = append(append(s.out, data...), '\n')
		if string(data) == "[DONE]" {
			s.err = io.EOF
		}
	}
	s.event, s.lines = s.event[:0], 0
}

// failure reads an event as an error; nil if it is none.
func (s *stream) failure(data []byte, whole bool) *Error {
	if len(data) == 0 || whole && !s.isErr && !bytes.Contains(data, []byte(`"error"`)) {
		return nil
	}
	var v struct {
		Error json.RawMessage `json:"error"`
		// Choices tells a chunk that merely has a field "error" from a failure, unless
		// the choice itself ends with it, as OpenRouter's does.
		Choices []struct {
			FinishReason string `json:"finish_reason"`
		} `json:"choices"`
	}
	err := json.Unmarshal(data, &v)
	switch {
	case s.isErr:
	case err != nil:
		return s.c.Malformed(s.end, "an event of the stream is not a JSON object")
	case len(v.Error) == 0 || string(v.Error) == "null" || len(v.Choices) > 0 && v.Choices[0].FinishReason != "error":
		return nil
	}
	e := &Error{Kind: Failed, Op: s.c.op, Endpoint: s.end, Message: Redact(explanation(data), s.c.key)}
	var detail struct {
		Code json.RawMessage `json:"code"`
		Type string          `json:"type"`
	}
	if json.Unmarshal(v.Error, &detail) == nil {
		e.Kind = streamKind(detail.Type, string(bytes.Trim(detail.Code, `"`)))
	}
	if e.Kind != Overloaded && overflows(data) {
		e.Kind = TooLong
	}
	return e
}

// streamKind classes an error event by the type and code in it.
func streamKind(typ, code string) Kind {
	switch {
	case typ == "invalid_request_error" || code == "400":
		return Rejected
	case code == "401" || code == "403" || typ == "authentication_error" || typ == "permission_error" || code == "invalid_api_key":
		return Denied
	case code == "429" || typ == "rate_limit_error" || typ == "overloaded_error" || code == "rate_limit_exceeded" ||
		typ == "insufficient_quota" || code == "insufficient_quota":
		return Overloaded
	}
	return Failed
}

// EventError reads the data of an event that tells of a failure in the middle of a
// stream, for engines whose streams have another shape than OpenAI's.
func (c *Client) EventError(end string, data []byte) *Error {
	s := &stream{c: c, end: end, isErr: true}
	return s.failure(bytes.TrimSpace(data), false)
}
