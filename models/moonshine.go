package models

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// errTokenizer is a tokenizer.bin that ends in the middle of a token.
var errTokenizer = errors.New("the list of tokens is cut short")

// convertMoonshine turns Moonshine's tokenizer.bin into the tokens.txt that
// sherpa-onnx reads, and removes the former.
func convertMoonshine(folder *os.Root) error {
	packed, err := folder.ReadFile("tokenizer.bin")
	if err != nil {
		return fmt.Errorf("reading tokenizer.bin: %w", err)
	}
	var text bytes.Buffer
	if err := moonshineTokens(&text, packed); err != nil {
		return fmt.Errorf("reading tokenizer.bin: %w", err)
	}
	if err := folder.WriteFile("tokens.txt", text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing tokens.txt: %w", err)
	}
	if err := folder.Remove("tokenizer.bin"); err != nil {
		return fmt.Errorf("removing tokenizer.bin: %w", err)
	}
	return nil
}

// moonshineTokens writes one line for each token of a packed vocabulary:
// base64 of its bytes, a space, its number. A token is packed as its length
// and its bytes; a length over 127 takes two bytes, low + 128·high − 128. A
// token of length 0 is a number that is not used; its line has no base64.
func moonshineTokens(w io.Writer, packed []byte) error {
	out := bufio.NewWriter(w)
	line := make([]byte, 0, 256)
	for id := 0; len(packed) > 0; id++ {
		token, rest, err := cutToken(packed)
		if err != nil {
			return fmt.Errorf("token %d: %w", id, err)
		}
		line = base64.StdEncoding.AppendEncode(line[:0], token)
		line = append(line, ' ')
		line = strconv.AppendInt(line, int64(id), 10)
		line = append(line, '\n')
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("writing token %d: %w", id, err)
		}
		packed = rest
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the tokens: %w", err)
	}
	return nil
}

// cutToken takes the first token off a non-empty packed vocabulary.
func cutToken(packed []byte) (token, rest []byte, err error) {
	n, packed := int(packed[0]), packed[1:]
	if n > 127 {
		if len(packed) == 0 {
			return nil, nil, errTokenizer
		}
		n, packed = n+128*int(packed[0])-128, packed[1:]
	}
	if n > len(packed) {
		return nil, nil, errTokenizer
	}
	return packed[:n], packed[n:], nil
}
