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
			d = newDialogue(t)
			fmt.Println("-----")
			continue
		}
		fmt.Println(">", l)
		n := len(d.messages)
		a := d.say(l)
		for _, m := range d.messages[n:] {
			for _, c := range m.ToolCalls {
				fmt.Println("    ", c.Name, string(c.Arguments))
			}
		}
		fmt.Println("  ", a)
	}
}
