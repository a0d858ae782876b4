package yamltree

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

type settings struct {
	Names map[string]string `yaml:"names" doc:"By name."`
	Rooms map[string]room   `yaml:"rooms" doc:"By name."`
	Wait  time.Duration     `yaml:"wait" min:"1s" max:"5s" doc:"How long."`
}

type room struct {
	Size int      `yaml:"size" min:"1" max:"9" need:"*" doc:"How large."`
	Tags []string `yaml:"tags" doc:"What it has."`
}

func read(in string) (settings, Errors) {
	var s settings
	r := New("x", Options{Thing: "list of rooms"})
	if root := r.Parse([]byte(in)); root != nil {
		r.Read(root, &s)
	}
	return s, r.Errors()
}

func TestMaps(t *testing.T) {
	got, errs := read("names: {a: x, 'b c': '${AS_IT_IS}'}\nrooms:\n  hall: {size: 3, tags: [t]}\nwait: 2s\n")
	want := settings{Names: map[string]string{"a": "x", "b c": "${AS_IT_IS}"}, Rooms: map[string]room{"hall": {3, []string{"t"}}}, Wait: 2 * time.Second}
	if len(errs) > 0 || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v", got, errs)
	}
	if keys := strings.Join(Keys(reflect.TypeFor[settings]()), " "); keys != "names rooms.*.size rooms.*.tags wait" {
		t.Error(keys)
	}
	rooms, _ := Schema(settings{})["properties"].(map[string]any)["rooms"].(map[string]any)
	if of, _ := rooms["additionalProperties"].(map[string]any); of["type"] != "object" || rooms["type"] != "object" {
		t.Errorf("schema %v", rooms)
	}
}

func TestWhatIsWrongInMaps(t *testing.T) {
	_, errs := read("names: {a: 1, a: y, 2: z, &b b: c, d: *e, <<: {f: g}}\nrooms: {hall: {size: 12}, den: , attic: {}}\nwait: 9s\n")
	want := `x:1:12: names.a: the number 1 where a text is needed; put it in quotes: "1"
x:1:15: names.a: the key is given twice
x:1:21: names: the number 2 as a key; put it in quotes
x:1:27: names: anchors, aliases and tags are not understood here; write the value out
x:1:39: names.d: anchors, aliases and tags are not understood here; write the value out
x:1:43: names: anchors, aliases and tags are not understood here; write the value out
x:2:22: rooms.hall.size: 12 is not between 1 and 9
x:2:31: rooms.den: the value is empty
x:2:41: rooms.attic: the key "size" is missing; How large.
x:3:7: wait: 9s is not between 1s and 5s`
	if errs.Error() != want {
		t.Errorf("got\n%s", errs)
	}
}

func TestWhatIsNoFile(t *testing.T) {
	for in, want := range map[string]string{
		strings.Repeat("# x\n", maxBytes):         "x: over 65536 bytes, which no list of rooms needs",
		"wait: 2s\n---\nwait: 3s":                 "x:3:1: a second document; a list of rooms is one",
		"names: {a: é, b: \xe9}":                  "x:1:18: not UTF-8; save the file in the encoding UTF-8",
		"names: " + strings.Repeat("[", 100) + "": "x:1:58: nested too deep",
	} {
		if _, errs := read(in); len(errs) != 1 || errs.Error() != want {
			t.Errorf("%.20q: %v", in, errs)
		}
	}
}
