package openai

import (
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// whisperCodes are the languages of the Whisper models, as their tokenizer
// (openai/whisper, tokenizer.py) codes them.
const whisperCodes = "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur " +
	"hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc " +
	"ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue"

// hint is a BCP 47 tag as the ISO 639-1 code that the endpoint takes, "" when
// there is none: no hint is better than a wrong one.
func hint(tag string) string {
	if tag == "" {
		return ""
	}
	t, err := language.Parse(tag)
	if err != nil {
		return ""
	}
	base, confidence := t.Base()
	if confidence != language.Exact {
		return ""
	}
	switch code := base.String(); code {
	case "fil":
		return "tl"
	case "nb":
		return "no"
	default:
		if len(code) == 2 {
			return code
		}
		return ""
	}
}

// languageNames maps what "verbose_json" calls a language (its English name in
// lower case) to the tag.
func languageNames() map[string]string {
	names := map[string]string{
		// Where the tokenizer's names differ from those of the Unicode CLDR.
		"mandarin": "zh", "cantonese": "yue", "castilian": "es", "valencian": "ca", "flemish": "nl",
		"haitian creole": "ht", "haitian": "ht", "letzeburgesch": "lb", "pushto": "ps", "panjabi": "pa",
		"moldavian": "ro", "moldovan": "ro", "sinhalese": "si", "burmese": "my", "myanmar": "my",
		"javanese": "jv", "tagalog": "fil", "bengali": "bn", "faroese": "fo", "norwegian": "no", "nynorsk": "nn",
	}
	namer := display.English.Languages()
	for code := range strings.FieldsSeq(whisperCodes) {
		tag, err := language.Parse(code)
		if err != nil {
			continue
		}
		if name := strings.ToLower(namer.Name(tag)); name != "" && names[name] == "" {
			names[name] = tag.String()
		}
	}
	return names
}

// tagOf reads the language of a result, which servers write as an English name
// or as a code; "" when it is neither.
func tagOf(said string, names map[string]string) string {
	said = strings.ToLower(strings.TrimSpace(said))
	if said == "" {
		return ""
	}
	if tag, ok := names[said]; ok {
		return tag
	}
	if len(said) > 12 { // no code of a language is that long
		return ""
	}
	tag, err := language.Parse(said)
	if err != nil || tag == language.Und {
		return ""
	}
	return tag.String()
}
