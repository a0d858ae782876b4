package shop

import (
	"encoding/json"
	"strconv"
	"strings"

	"golang.org/x/text/currency"
)

// Money is an amount in the minor units of a currency (ISO 4217).
type Money struct {
	Minor    int64
	Currency string
}

// Number writes the amount in major units, as exact as it is kept: 12990 SGD is
// 129.9. A currency that is unknown or "" counts as having two decimals.
func (m Money) Number() json.Number {
	digits := scale(m.Currency)
	minor, sign := m.Minor, ""
	if minor < 0 {
		minor, sign = -minor, "-"
	}
	text := strconv.FormatInt(minor, 10)
	if digits == 0 {
		return json.Number(sign + text)
	}
	if len(text) <= digits {
		text = strings.Repeat("0", digits-len(text)+1) + text
	}
	whole, part := text[:len(text)-digits], text[len(text)-digits:]
	if part = strings.TrimRight(part, "0"); part == "" {
		return json.Number(sign + whole)
	}
	return json.Number(sign + whole + "." + part)
}

// scale is the number of decimals of a currency.
func scale(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	digits, _ := currency.Standard.Rounding(unit)
	return digits
}
