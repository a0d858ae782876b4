package models

import (
	"fmt"
	"os"
)

// converter finds what a manifest's convert names: a function that turns the
// files taken from a package into the files that an engine reads, within their
// folder.
func converter(name string) (func(folder *os.Root) error, error) {
	switch name {
	case "":
		return func(*os.Root) error { return nil }, nil
	case "efficientnet":
		return convertEfficientnet, nil
	case "moonshine":
		return convertMoonshine, nil
	case "piper":
		return convertPiper, nil
	default:
		return nil, fmt.Errorf("there is no conversion %q", name)
	}
}
