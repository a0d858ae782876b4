package logistics

import (
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"
)

// local are the languages in which the names of countries are known.
var local = []language.Tag{
	language.English, language.SimplifiedChinese, language.TraditionalChinese, language.Indonesian, language.Vietnamese,
	language.Thai, language.Spanish, language.Portuguese, language.Arabic, language.French, language.German,
}

// short are names that people use and no table has.
var short = map[string]string{
	"USA": "US", "U.S.": "US", "U.S.A.": "US", "America": "US", "United States of America": "US", "Amerika": "US", "Mỹ": "US", "EE. UU.": "US", "EEUU": "US",
	"EUA": "US", "أمريكا": "US", "UK": "GB", "U.K.": "GB", "Britain": "GB", "Great Britain": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB",
	"Northern Ireland": "GB", "Inggris": "GB", "Inglaterra": "GB", "อังกฤษ": "GB", "إنجلترا": "GB", "بريطانيا": "GB", "Holland": "NL", "Holanda": "NL",
	"هولندا": "NL", "UAE": "AE", "Emirates": "AE", "阿联酋": "AE", "الإمارات": "AE", "KSA": "SA", "السعودية": "SA", "Korea": "KR", "Republic of Korea": "KR",
	"韩国": "KR", "韓國": "KR", "เกาหลี": "KR", "Hàn Quốc": "KR", "Hong Kong": "HK", "香港": "HK", "ฮ่องกง": "HK", "Hồng Kông": "HK", "هونغ كونغ": "HK",
	"Macao": "MO", "Macau": "MO", "澳门": "MO", "臺灣": "TW", "Viet Nam": "VN", "Burma": "MM", "Myanmar": "MM", "Czech Republic": "CZ", "Turkey": "TR",
	"Türkiye": "TR", "Mainland China": "CN", "中国大陆": "CN", "Tiongkok": "CN", "Úc": "AU", "Ivory Coast": "CI", "Russian Federation": "RU",
}

// Code finds the ISO 3166 code of a country by its code of two or three letters or
// its name in one of many languages; "" when there is no such country.
func (b *Book) Code(name string) string {
	const longest = 400 // no name has as many bytes
	if len(name) > longest {
		return ""
	}
	for _, k := range []string{nameKey(name), bareKey(name)} {
		if code, ok := b.codes[k]; ok {
			return code
		}
	}
	code := strings.ToUpper(strings.TrimSpace(name))
	if region, err := language.ParseRegion(code); err == nil && len(code) == 3 {
		code = region.Canonicalize().String()
	}
	if CountryName(code) != "" {
		return code
	}
	return ""
}

// countryCodes are the codes of all countries by their names. Of a name that two
// countries have, be it in two languages, the one counts that comes first: what
// people say before the tables, English before the others.
func countryCodes() map[string]string {
	var regions []language.Region
	for a := 'A'; a <= 'Z'; a++ {
		for z := 'A'; z <= 'Z'; z++ {
			if code := string([]rune{a, z}); CountryName(code) != "" {
				regions = append(regions, language.MustParseRegion(code))
			}
		}
	}
	codes := make(map[string]string, 8192)
	add := func(k, code string) {
		if _, taken := codes[k]; !taken && k != "" {
			codes[k] = code
		}
	}
	for name, code := range short {
		add(nameKey(name), code)
	}
	for _, key := range []func(string) string{nameKey, bareKey} {
		for _, tag := range local {
			in := display.Regions(tag)
			for _, r := range regions {
				name := in.Name(r)
				add(key(name), r.String())
				before, _, _ := strings.Cut(name, " (") // Myanmar (Burma)
				add(key(before), r.String())
			}
		}
	}
	return codes
}

// nameKey is a name as it is compared: in small letters, without punctuation and
// article, with one space between words.
func nameKey(name string) string {
	words := strings.FieldsFunc(strings.ToLower(norm.NFC.String(name)), func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.N)
	})
	if len(words) > 1 && words[0] == "the" {
		words = words[1:]
	}
	return strings.Join(words, " ")
}

// bareKey is a name as people type it who leave the marks out: "viet nam", "duc".
// Only Latin letters lose theirs; in Thai and Arabic a mark is a letter of its own.
func bareKey(name string) string {
	var b strings.Builder
	latin := false
	for _, r := range norm.NFD.String(nameKey(name)) {
		switch {
		case unicode.Is(unicode.Mn, r) && latin:
			continue
		case r == 'đ':
			r = 'd'
		}
		latin = unicode.Is(unicode.Latin, r)
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

// CountryName is the English name of a country by its ISO 3166 code, "" when there
// is no such code.
func CountryName(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() || len(code) != 2 || region.Canonicalize().String() != code || code == "AN" {
		return ""
	}
	name := display.Regions(language.English).Name(region)
	name, _, _ = strings.Cut(name, " SAR")
	return name
}
