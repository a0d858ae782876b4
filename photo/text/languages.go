package text

import "strings"

// Languages gives tesseract's names of languages for BCP 47 tags, in their order. A
// tag that it does not know, or that has no name here, is left out.
func Languages(tags ...string) []string {
	var out []string
	for _, tag := range tags {
		if name := language(tag); name != "" {
			out = append(out, name)
		}
	}
	return out
}

func language(tag string) string {
	base, rest, _ := strings.Cut(strings.ToLower(tag), "-")
	switch base {
	case "en":
		return "eng"
	case "zh":
		if strings.HasPrefix(rest, "hant") || rest == "tw" || rest == "hk" || rest == "mo" {
			return "chi_tra"
		}
		return "chi_sim"
	case "id":
		return "ind"
	case "ms":
		return "msa"
	case "vi":
		return "vie"
	case "th":
		return "tha"
	case "es":
		return "spa"
	case "pt":
		return "por"
	case "ar":
		return "ara"
	case "fr":
		return "fra"
	case "de":
		return "deu"
	case "ja":
		return "jpn"
	case "ko":
		return "kor"
	}
	return ""
}
