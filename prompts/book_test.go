package prompts

import "testing"

func TestLoad(t *testing.T) {
	if _, err := Load(nil); err != nil {
		t.Fatal(err)
	}
}
