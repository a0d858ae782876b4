package tts

import (
	"strings"
	"unicode"
)

// sayAddress reads e-mail and web addresses.
func sayAddress(s string) string {
	lower := strings.ToLower(s)
	if user, host, ok := strings.Cut(strings.TrimPrefix(s, "mailto:"), "@"); ok && user != "" && strings.Contains(host, ".") {
		return sayParts(user) + " at " + sayParts(host)
	}
	web := strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
	if !web && !strings.HasPrefix(lower, "www.") && !bareDomain(lower) {
		return ""
	}
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		rest = s
	}
	host, path, _ := strings.Cut(rest, "/")
	host = strings.TrimPrefix(strings.ToLower(host), "www.")
	said := sayParts(host)
	path, _, _ = strings.Cut(path, "?")
	path = strings.Trim(path, "/")
	if path != "" && len(path) <= 24 && !strings.ContainsFunc(path, unicode.IsDigit) {
		said += " slash " + sayParts(path)
	}
	return said
}

// bareDomain says whether s looks like "example.com".
func bareDomain(s string) bool {
	host, _, _ := strings.Cut(s, "/")
	i := strings.LastIndexByte(host, '.')
	if i <= 0 {
		return false
	}
	switch host[i+1:] {
	case "com", "org", "net", "shop", "store", "io", "sg", "my", "id", "vn", "th", "cn", "jp", "uk", "de", "eu":
	default:
		return false
	}
	return !strings.ContainsFunc(host, func(r rune) bool {
		return r != '.' && r != '-' && !('a' <= r && r <= 'z') && !('0' <= r && r <= '9')
	})
}

// sayParts reads the parts of an address.
func sayParts(s string) string {
	var out []string
	word := ""
	flush := func() {
		if word != "" {
			if digitsOnly(word) {
				word = digitWords(word)
			}
			out = append(out, word)
			word = ""
		}
	}
	var last rune
	for _, r := range s {
		name, sign := addressSigns[r]
		switch {
		case sign:
			flush()
			out = append(out, name)
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if word != "" && unicode.IsDigit(r) != unicode.IsDigit(last) {
				flush()
			}
			word += string(r)
		default:
			flush()
		}
		last = r
	}
	flush()
	return strings.Join(out, " ")
}
