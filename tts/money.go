package tts

import (
	"strconv"
	"strings"
)

// sayMoney reads "$12.50", "S$5", "12€", "-$3" and "$1.2M".
func sayMoney(s string) string {
	minus := ""
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		minus, s = "minus ", rest
	}
	for _, symbol := range symbols {
		rest, ok := strings.CutPrefix(s, symbol)
		if !ok {
			rest, ok = strings.CutSuffix(s, symbol)
		}
		if !ok || rest == "" {
			continue
		}
		c := currencies[symbol]
		if n, ok := parseNumber(rest); ok {
			return minus + c.amount(n)
		}
		if size, ok := sizes[rest[len(rest)-1:]]; ok {
			if n, ok := parseNumber(rest[:len(rest)-1]); ok {
				return minus + n.words() + " " + size + " " + c.many
			}
		}
	}
	return ""
}

// amount writes out an amount of money.
func (c currency) amount(n number) string {
	sign := ""
	if n.negative {
		sign, n.negative = "minus ", false
	}
	name := c.many
	if n.whole == 1 {
		name = c.one
	}
	fraction := n.fraction
	if c.cent == "" || len(fraction) > 2 {
		if strings.Trim(fraction, "0") == "" {
			n.fraction = ""
		}
		if n.fraction != "" {
			name = c.many
		}
		return sign + n.words() + " " + name
	}
	cents := 0
	if fraction != "" {
		cents, _ = strconv.Atoi((fraction + "0")[:2])
	}
	coin := c.cents
	if cents == 1 {
		coin = c.cent
	}
	switch {
	case cents == 0:
		return sign + cardinal(n.whole) + " " + name
	case n.whole == 0:
		return sign + cardinal(int64(cents)) + " " + coin
	}
	return sign + cardinal(n.whole) + " " + name + " and " + cardinal(int64(cents)) + " " + coin
}
