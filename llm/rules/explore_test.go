package rules

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestExplore(t *testing.T) {
	f := os.Getenv("EXPLORE")
	if f == "" {
		t.Skip()
	}
	raw, _ := os.ReadFile(f)
	d := newDialogue(t)
	for _, l := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		if l == "" || l == "--" {
			d = d.again()
			fmt.Println("-----")
			continue
		}
		fmt.Println(">", l)
		fmt.Println("  ", d.say(l))
	}
}
