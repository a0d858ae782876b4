package rules

import (
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// countries knows the names of countries in the brain's languages.
type countries struct {
	byName map[string]string // folded name in any language → English name
	code   map[string]string // English name → ISO 3166 code
	gloss  glossary
}

// shipped are the countries that a shop may be asked about.
const shipped = `SG MY ID TH VN PH KH LA MM BN CN HK TW MO JP KR IN PK BD LK NP AU NZ US CA MX BR AR CL CO PE EC UY GB IE FR DE ES PT IT NL BE LU AT CH SE NO DK FI PL CZ SK HU RO BG GR HR SI EE LV LT
	RU UA TR SA AE QA KW BH OM JO IL EG MA DZ TN ZA NG KE GH`

// otherNames are names of countries that are in no table.
var otherNames = map[string]string{
	"usa": "US", "u s": "US", "u s a": "US", "america": "US", "the states": "US", "uk": "GB", "england": "GB", "britain": "GB", "great britain": "GB", "uae": "AE", "emirates": "AE", "korea": "KR",
	"holland": "NL", "amerika": "US", "inggris": "GB", "belanda": "NL", "arab saudi": "SA", "jepang": "JP", "nước mỹ": "US", "sang mỹ": "US", "đi mỹ": "US", "qua mỹ": "US", "tới mỹ": "US", "đến mỹ": "US", "the us": "US", "hoa kỳ": "US", "anh quốc": "GB", "nước anh": "GB", "nhật": "JP", "hàn quốc": "KR", "thái": "TH", "trung quốc": "CN", "úc": "AU",
	"bên mỹ": "US", "ở mỹ": "US", "về mỹ": "US", "mỹ bao": "US", "nước áo": "AT", "sing": "SG", "đức": "DE", "pháp": "FR", "mã lai": "MY", "indo": "ID", "indonesia": "ID", "英國": "GB", "美国": "US", "美國": "US", "英国": "GB", "韩国": "KR", "泰国": "TH", "越南": "VN", "印尼": "ID", "马来西亚": "MY", "大马": "MY", "澳洲": "AU", "台湾": "TW", "香港": "HK",
	"อเมริกา": "US", "สหรัฐ": "US", "อังกฤษ": "GB", "เกาหลี": "KR", "เวียดนาม": "VN", "ญี่ปุ่น": "JP", "อินโด": "ID", "มาเลย์": "MY", "จีน": "CN", "ลาว": "LA", "españa": "ES", "ee uu": "US", "estados unidos": "US", "eua": "US", "امريكا": "US", "السعوديه": "SA", "الامارات": "AE", "بريطانيا": "GB",
}

func newCountries() *countries {
	c := &countries{byName: make(map[string]string), code: make(map[string]string)}
	names := display.Regions(language.English)
	for code := range strings.FieldsSeq(shipped) {
		region := language.MustParseRegion(code)
		name := names.Name(region)
		switch code { // as shops write them
		case "HK", "MO":
			name, _, _ = strings.Cut(name, " SAR")
		case "MM":
			name = "Myanmar"
		case "TR":
			name = "Turkey"
		}
		c.code[name] = code
		c.byName[flat(name)] = name
		for _, tag := range []language.Tag{language.SimplifiedChinese, language.TraditionalChinese, language.Indonesian, language.Vietnamese, language.Thai, language.Spanish, language.Portuguese, language.Arabic} {
			if local := display.Regions(tag).Name(region); local != "" && flat(local) != "ao" { // Austria, or a coat
				c.byName[flat(local)] = name
			}
		}
	}
	for other, code := range otherNames {
		for name, known := range c.code {
			if known == code {
				c.byName[flat(other)] = name
			}
		}
	}
	c.gloss = newGlossary(c.byName)
	return c
}

// named is the English name of the country that a text is, "" for none.
func (c *countries) named(text string) string { return c.byName[flat(text)] }

// in is the first country that is named in a text, by its English name.
func (c *countries) in(text string) string {
	folded := flat(unmarked(text))
	for i := range folded {
		if folded[i] == ' ' {
			continue
		}
		if name, next := c.gloss.at(folded, i); next > i {
			return name
		}
	}
	return ""
}

// local is a country's name in a language.
func (c *countries) local(name, lang string) string {
	code, ok := c.code[name]
	if !ok || lang == english {
		return name
	}
	tag, err := language.Parse(lang)
	if err != nil {
		return name
	}
	if said := display.Regions(tag).Name(language.MustParseRegion(code)); said != "" {
		return said
	}
	return name
}
