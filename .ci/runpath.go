//go:build ignore

// Command runpath changes where an ELF program looks for shared libraries. The
// new path is written over the old one, which must not be shorter.
//
//	go run .ci/runpath.go PROGRAM OLD NEW
package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: runpath PROGRAM OLD NEW")
		os.Exit(2)
	}
	if err := rewrite(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "runpath:", err)
		os.Exit(1)
	}
}

func rewrite(program, from, to string) error {
	if from == "" || len(to) > len(from) {
		return fmt.Errorf("%q does not fit in the place of %q", to, from)
	}
	file, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("reading %s: %w", program, err)
	}
	defer file.Close()
	names := file.Section(".dynstr") // the strings that the dynamic linker reads
	if names == nil {
		return fmt.Errorf("%s is not dynamically linked", program)
	}
	text, err := names.Data()
	if err != nil {
		return fmt.Errorf("reading the names in %s: %w", program, err)
	}
	at := bytes.Index(text, []byte("\x00"+from+"\x00"))
	if at < 0 {
		return fmt.Errorf("%s does not name %s", program, from)
	}
	out, err := os.OpenFile(program, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("opening %s: %w", program, err)
	}
	padded := make([]byte, len(from))
	copy(padded, to)
	if _, err := out.WriteAt(padded, int64(names.Offset)+int64(at)+1); err != nil {
		out.Close()
		return fmt.Errorf("writing %s: %w", program, err)
	}
	return out.Close()
}
