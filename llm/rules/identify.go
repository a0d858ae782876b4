package rules

import (
	"errors"
	"regexp"
	"strings"
)

// errWho says that a tool needs to know first who is calling.
var errWho = errors.New("rules: it is not known who is calling")

// askWho asks who is calling, and keeps what they wanted for afterwards.
func (t *turn) askWho(before state) {
	if !t.tools[toolByEmail] {
		t.state = state{}
		t.say("sign_in_first")
		return
	}
	wish := t.text
	if before.Task == taskIdentify {
		wish = before.Wish
	}
	t.state = state{Task: taskIdentify, Wish: wish}
	t.ask(askedWho, "ask_who")
}

var (
	writtenEmail = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`)
	spokenEmail  = regexp.MustCompile(`([a-z0-9]+(?: (?:dot|underscore|dash|hyphen) [a-z0-9]+)*) at ([a-z0-9]+(?: dot [a-z0-9]+)+)`)
	zipCode      = regexp.MustCompile(`\b[A-Z]{0,2}[0-9][0-9A-Z]{2,6}\b`)
	nameBefore   = regexp.MustCompile(`(?i)\b(my name is|my names|name is|i am|im|i'm|this is|nama saya|saya|aku|ten toi la|tên tôi là|toi la|tôi là|me llamo|soy|meu nome e|meu nome é|sou)\b`)
)

// email finds an e-mail address, written or said.
func email(text string) string {
	if found := writtenEmail.FindString(text); found != "" {
		return strings.ToLower(found)
	}
	plain := strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" ,;!?", r) }), " ")
	m := spokenEmail.FindStringSubmatch(strings.TrimSuffix(plain, "."))
	if m == nil {
		return ""
	}
	said := strings.NewReplacer(" dot ", ".", " underscore ", "_", " dash ", "-", " hyphen ", "-")
	local := said.Replace(m[1])
	if i := strings.LastIndexByte(local, ' '); i >= 0 {
		local = local[i+1:]
	}
	return local + "@" + said.Replace(m[2])
}

// person is a name with a postal code.
type person struct {
	First string `json:"first_name"`
	Last  string `json:"last_name"`
	Zip   string `json:"zip"`
}

// nameAndZip finds a first and a last name and a postal code.
func nameAndZip(text string) (person, bool) {
	zips := zipCode.FindAllString(text, -1)
	if len(zips) == 0 {
		return person{}, false
	}
	p := person{Zip: zips[len(zips)-1]}
	before, _, _ := strings.Cut(text, p.Zip)
	if at := nameBefore.FindStringIndex(before); at != nil {
		before = before[at[1]:]
	}
	var names []string
	for _, w := range strings.FieldsFunc(before, func(r rune) bool { return strings.ContainsRune(" ,.;:!?\n，。、", r) }) {
		if lower := strings.ToLower(w); !nameNoise[lower] && len(w) > 1 {
			names = append(names, w)
		}
	}
	if len(names) < 2 {
		return person{}, false
	}
	p.First, p.Last = names[0], names[1]
	return p, true
}

var nameNoise = set("my", "name", "is", "and", "the", "zip", "code", "postcode", "postal", "post", "dan", "kode", "pos", "saya", "va", "ma", "buu", "dien", "y", "el", "codigo", "código", "e", "cep", "邮编", "我叫", "我是")

type emailArguments struct {
	Email string `json:"email"`
}

// identify looks up who is calling by what they said. known says that they were
// found; without an error and not known, what was to be said about it is said.
func (t *turn) identify() (known bool, err error) {
	var id string
	var refusal string
	if address := email(t.text); address != "" {
		refusal, err = t.use(toolByEmail, emailArguments{address}, &id)
	} else if who, ok := nameAndZip(t.text); ok && t.tools[toolByName] {
		refusal, err = t.use(toolByName, who, &id)
	} else {
		return false, nil
	}
	switch {
	case err != nil:
		return false, err
	case refusal == "":
		return true, nil
	case t.code == "not_allowed":
		t.state = state{}
		t.say("identify_enough")
	default:
		t.ask(askedWho, "identify_wrong")
	}
	return false, nil
}

// namesThemselves says whether there is in the words what a person is found by.
func (t *turn) namesThemselves() bool {
	if email(t.text) != "" {
		return true
	}
	_, ok := nameAndZip(t.text)
	return ok && t.state.Asked == askedWho
}

// recognised goes on with what was wanted before it was asked who is calling, or
// with what was said beside it.
func (t *turn) recognised(u understood) error {
	wish := t.state.Wish
	asked := t.state.Asked == askedWho
	t.state = state{Order: t.state.Order}
	if asked && wish != "" {
		t.text = wish
		t.words = t.wordsOf(wish)
		u = t.understand(t.text, t.words, false)
	}
	t.say("identified")
	if u.intent == unknownIntent && len(u.numbers) == 0 {
		t.say("greeting_again")
		return nil
	}
	return t.fresh(u)
}
