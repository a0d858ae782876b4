package tts

// currency is how amounts of one currency are said. Where cent is "", fractions
// are not counted in coins.
type currency struct{ one, many, cent, cents string }

// unit is the name of a unit for one and for several.
type unit struct{ one, many string }

func (u unit) of(n number) string {
	if n.one() {
		return u.one
	}
	return u.many
}

// These tables are read only.
var (
	// symbols are those of currencies, longer ones before their endings.
	symbols = []string{"US$", "S$", "A$", "HK$", "NT$", "C$", "NZ$", "RM", "Rp", "$", "€", "£", "¥", "₹", "฿", "₫", "₱", "₩"}

	currencies = map[string]currency{
		"$":    {"dollar", "dollars", "cent", "cents"},
		"US$":  {"US dollar", "US dollars", "cent", "cents"},
		"USD":  {"US dollar", "US dollars", "cent", "cents"},
		"S$":   {"Singapore dollar", "Singapore dollars", "cent", "cents"},
		"SGD":  {"Singapore dollar", "Singapore dollars", "cent", "cents"},
		"A$":   {"Australian dollar", "Australian dollars", "cent", "cents"},
		"AUD":  {"Australian dollar", "Australian dollars", "cent", "cents"},
		"C$":   {"Canadian dollar", "Canadian dollars", "cent", "cents"},
		"CAD":  {"Canadian dollar", "Canadian dollars", "cent", "cents"},
		"NZ$":  {"New Zealand dollar", "New Zealand dollars", "cent", "cents"},
		"HK$":  {"Hong Kong dollar", "Hong Kong dollars", "cent", "cents"},
		"HKD":  {"Hong Kong dollar", "Hong Kong dollars", "cent", "cents"},
		"NT$":  {"Taiwan dollar", "Taiwan dollars", "", ""},
		"TWD":  {"Taiwan dollar", "Taiwan dollars", "", ""},
		"€":    {"euro", "euros", "cent", "cents"},
		"EUR":  {"euro", "euros", "cent", "cents"},
		"£":    {"pound", "pounds", "penny", "pence"},
		"GBP":  {"pound", "pounds", "penny", "pence"},
		"¥":    {"yen", "yen", "", ""},
		"JPY":  {"yen", "yen", "", ""},
		"CNY":  {"yuan", "yuan", "", ""},
		"RMB":  {"yuan", "yuan", "", ""},
		"RM":   {"ringgit", "ringgit", "sen", "sen"},
		"MYR":  {"ringgit", "ringgit", "sen", "sen"},
		"Rp":   {"rupiah", "rupiah", "", ""},
		"IDR":  {"rupiah", "rupiah", "", ""},
		"₹":    {"rupee", "rupees", "", ""},
		"INR":  {"rupee", "rupees", "", ""},
		"฿":    {"baht", "baht", "", ""},
		"THB":  {"baht", "baht", "", ""},
		"₫":    {"dong", "dong", "", ""},
		"VND":  {"dong", "dong", "", ""},
		"₱":    {"peso", "pesos", "centavo", "centavos"},
		"PHP":  {"peso", "pesos", "centavo", "centavos"},
		"₩":    {"won", "won", "", ""},
		"KRW":  {"won", "won", "", ""},
		"CHF":  {"Swiss franc", "Swiss francs", "", ""},
		"euro": {"euro", "euros", "cent", "cents"},
	}

	sizes = map[string]string{"k": "thousand", "K": "thousand", "M": "million", "B": "billion"}

	units = map[string]unit{
		"mm": {"millimetre", "millimetres"}, "cm": {"centimetre", "centimetres"},
		"km": {"kilometre", "kilometres"}, "m": {"metre", "metres"},
		"g": {"gram", "grams"}, "kg": {"kilogram", "kilograms"}, "mg": {"milligram", "milligrams"},
		"ml": {"millilitre", "millilitres"}, "mL": {"millilitre", "millilitres"},
		"l": {"litre", "litres"}, "L": {"litre", "litres"},
		"lb": {"pound", "pounds"}, "lbs": {"pound", "pounds"}, "oz": {"ounce", "ounces"},
		"ft": {"foot", "feet"}, "inch": {"inch", "inches"},
		"KB": {"kilobyte", "kilobytes"}, "MB": {"megabyte", "megabytes"},
		"GB": {"gigabyte", "gigabytes"}, "TB": {"terabyte", "terabytes"},
		"W": {"watt", "watts"}, "kW": {"kilowatt", "kilowatts"}, "kWh": {"kilowatt hour", "kilowatt hours"},
		"V": {"volt", "volts"}, "mAh": {"milliamp hour", "milliamp hours"}, "Hz": {"hertz", "hertz"},
		"GHz": {"gigahertz", "gigahertz"}, "MHz": {"megahertz", "megahertz"},
		"h": {"hour", "hours"}, "hr": {"hour", "hours"}, "hrs": {"hour", "hours"},
		"min": {"minute", "minutes"}, "mins": {"minute", "minutes"},
		"s": {"second", "seconds"}, "sec": {"second", "seconds"}, "secs": {"second", "seconds"}, "ms": {"millisecond", "milliseconds"},
		"°C": {"degree Celsius", "degrees Celsius"}, "°F": {"degree Fahrenheit", "degrees Fahrenheit"}, "°": {"degree", "degrees"},
		"pcs": {"piece", "pieces"}, "pc": {"piece", "pieces"},
	}

	// abbreviations are written out; those in needsPoint only before a full stop,
	// because they are words without it.
	abbreviations = map[string]string{
		"e.g": "for example", "i.e": "that is", "etc": "et cetera", "vs": "versus", "approx": "approximately",
		"dept": "department", "qty": "quantity", "est": "estimated", "incl": "including", "excl": "excluding",
		"dr": "doctor", "mr": "mister", "mrs": "missus", "prof": "professor",
		"asap": "as soon as possible", "id": "I D", "ids": "I Ds", "faq": "F A Q", "sku": "S K U", "usb": "U S B",
		"tv": "T V", "sms": "S M S", "url": "U R L", "pdf": "P D F", "ok": "okay", "w/": "with", "w/o": "without",
		"&": "and", "and/or": "and or", "nos": "numbers",
	}
	needsPoint = set("est", "dr", "incl", "excl", "nos")

	// spellsNext stand before a number whose digits matter.
	spellsNext = set("code", "pin", "number", "digits", "extension", "ext")

	monthNames = map[string]string{
		"jan": "January", "feb": "February", "mar": "March", "apr": "April", "may": "May", "jun": "June", "jul": "July",
		"aug": "August", "sep": "September", "sept": "September", "oct": "October", "nov": "November", "dec": "December",
		"january": "January", "february": "February", "march": "March", "april": "April", "june": "June", "july": "July",
		"august": "August", "september": "September", "october": "October", "november": "November", "december": "December",
	}
	dayNames = map[string]string{
		"mon": "Monday", "tue": "Tuesday", "tues": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "thur": "Thursday",
		"thurs": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday",
	}

	addressSigns = map[rune]string{'.': "dot", '-': "dash", '_': "underscore", '+': "plus", '/': "slash"}
	signs        = map[rune]string{'&': "and", '@': "at", '+': "plus", '=': "equals", '/': "", '_': "", '|': "",
		'<': "less than", '>': "more than", '^': "", '%': "percent", '\\': "", '*': "", '~': "about"}
)
