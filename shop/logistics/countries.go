package logistics

import (
	"maps"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// local are the languages in which the names of countries are known.
var local = []language.Tag{
	language.English, language.SimplifiedChinese, language.TraditionalChinese, language.Indonesian, language.Vietnamese,
	language.Thai, language.Spanish, language.Portuguese, language.Arabic, language.French, language.German,
}

// short are names that no table has.
var short = map[string]string{
	"usa": "US", "u.s.": "US", "u.s.a.": "US", "america": "US", "the united states": "US", "uk": "GB", "england": "GB", "scotland": "GB", "britain": "GB", "great britain": "GB",
	"uae": "AE", "south korea": "KR", "korea": "KR", "holland": "NL", "turkey": "TR", "czech republic": "CZ", "hong kong": "HK", "macau": "MO", "taiwan": "TW", "burma": "MM",
	"美国": "US", "英国": "GB", "韩国": "KR", "台湾": "TW", "香港": "HK", "mỹ": "US", "hàn quốc": "KR", "amerika": "US", "inggris": "GB", "eeuu": "US", "eua": "US",
}

// Code finds the ISO 3166 code of a country by its code or its name in one of many
// languages; "" when there is no such country.
func (b *Book) Code(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if code, ok := b.codes[name]; ok {
		return code
	}
	if code := strings.ToUpper(name); CountryName(code) != "" {
		return code
	}
	return ""
}

// countryCodes are the codes of all countries by their lower-case names.
func countryCodes() map[string]string {
	codes := make(map[string]string)
	for a := 'A'; a <= 'Z'; a++ {
		for z := 'A'; z <= 'Z'; z++ {
			code := string([]rune{a, z})
			if CountryName(code) == "" {
				continue
			}
			region := language.MustParseRegion(code)
			for _, tag := range local {
				if name := display.Regions(tag).Name(region); name != "" {
					codes[strings.ToLower(name)] = code
				}
			}
		}
	}
	maps.Copy(codes, short)
	return codes
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
