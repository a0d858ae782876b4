package shop

import (
	"encoding/json"
	"fmt"
	"math/big"
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

// KnownCurrency says whether a code is one of ISO 4217's.
func KnownCurrency(code string) bool {
	unit, err := currency.ParseISO(code)
	return err == nil && unit.String() == code
}

// maxMinor bounds an amount: sums of a few thousand such still fit.
const maxMinor = 1 << 50

// ParseMoney reads an amount in major units, such as 129.9, exactly. One that has
// more decimals than its currency is an error.
func ParseMoney(text, code string) (Money, error) {
	m, exact, err := parseMoney(text, code)
	if err == nil && !exact {
		err = fmt.Errorf("%s has more than the %d decimals of %s", text, scale(code), code)
	}
	return m, err
}

// RoundMoney reads an amount in major units and rounds it to the currency's
// decimals, half up.
func RoundMoney(text, code string) (Money, error) {
	m, _, err := parseMoney(text, code)
	return m, err
}

func parseMoney(text, code string) (m Money, exact bool, err error) {
	m.Currency = code
	whole, decimals, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	amount, ok := new(big.Rat).SetString(text)
	if !ok || strings.Trim(whole+decimals, "0123456789") != "" || len(text) > 40 {
		return m, false, fmt.Errorf("%q is no amount; write a number such as 129.90", text)
	}
	amount.Mul(amount, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale(code))), nil)))
	exact = amount.IsInt()
	rounded, _ := new(big.Int).SetString(amount.FloatString(0), 10)
	if !rounded.IsInt64() || rounded.Int64() > maxMinor || rounded.Int64() < -maxMinor {
		return m, false, fmt.Errorf("%q is too large an amount", text)
	}
	m.Minor = rounded.Int64()
	return m, exact, nil
}
