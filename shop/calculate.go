package shop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"parley/tools"
)

// maxDepth bounds the nesting of an expression.
const maxDepth = 100

type calculateArgs struct {
	Expression string `json:"expression"`
}

func calculate(_ context.Context, args calculateArgs, _ tools.Call) (any, error) {
	if strings.ContainsFunc(args.Expression, func(r rune) bool { return !strings.ContainsRune("0123456789+-*/(). ", r) }) {
		return nil, errExpression
	}
	value, err := evaluate(args.Expression)
	if err != nil {
		return nil, &tools.Error{Code: tools.InvalidArguments, Message: "The expression cannot be calculated: " + err.Error()}
	}
	return decimal(value), nil
}

// decimal writes a number with one decimal at least and two at most, as τ²-bench
// does: 5.0, 17.99. Very large ones get an exponent.
func decimal(value float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'f', 2, 64), 64)
	if err != nil { // what was just written can be read
		rounded = value
	}
	if math.Abs(rounded) >= 1e16 {
		return strconv.FormatFloat(rounded, 'e', -1, 64)
	}
	text := strconv.FormatFloat(rounded, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// evaluate computes an expression of numbers, + - * /, // (rounded down), ** (power)
// and brackets, with the precedence of Python, whose expressions models write.
func evaluate(expression string) (float64, error) {
	e := expr{rest: expression}
	value, err := e.sum(0)
	if err != nil {
		return 0, err
	}
	if e.peek() != "" {
		return 0, fmt.Errorf("%q is not expected there", e.rest)
	}
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return 0, errors.New("the result is too large")
	}
	return value, nil
}

// expr reads an expression by recursive descent.
type expr struct{ rest string }

// peek gives the next operator or bracket, "0" before a number, "" at the end.
func (e *expr) peek() string {
	e.rest = strings.TrimLeft(e.rest, " ")
	for _, op := range []string{"**", "//", "+", "-", "*", "/", "(", ")"} {
		if strings.HasPrefix(e.rest, op) {
			return op
		}
	}
	if e.rest == "" {
		return ""
	}
	return "0"
}

func (e *expr) take(op string) { e.rest = e.rest[len(op):] }

func (e *expr) sum(depth int) (float64, error) {
	left, err := e.product(depth)
	for err == nil {
		op := e.peek()
		if op != "+" && op != "-" {
			break
		}
		e.take(op)
		var right float64
		if right, err = e.product(depth); op == "+" {
			left += right
		} else {
			left -= right
		}
	}
	return left, err
}

func (e *expr) product(depth int) (float64, error) {
	left, err := e.signed(depth)
	for err == nil {
		op := e.peek()
		if op != "*" && op != "/" && op != "//" {
			break
		}
		e.take(op)
		var right float64
		if right, err = e.signed(depth); err != nil {
			break
		}
		switch {
		case op == "*":
			left *= right
		case right == 0:
			return 0, errors.New("division by zero")
		case op == "/":
			left /= right
		default:
			left = math.Floor(left / right)
		}
	}
	return left, err
}

func (e *expr) signed(depth int) (float64, error) {
	if depth > maxDepth {
		return 0, errors.New("it is nested too deeply")
	}
	switch op := e.peek(); op {
	case "-":
		e.take(op)
		value, err := e.signed(depth + 1)
		return -value, err
	case "+":
		e.take(op)
		return e.signed(depth + 1)
	}
	base, err := e.atom(depth)
	if err == nil && e.peek() == "**" {
		e.take("**")
		var exponent float64
		exponent, err = e.signed(depth + 1)
		base = math.Pow(base, exponent)
	}
	return base, err
}

func (e *expr) atom(depth int) (float64, error) {
	switch op := e.peek(); op {
	case "(":
		e.take(op)
		value, err := e.sum(depth + 1)
		if err != nil {
			return 0, err
		}
		if e.peek() != ")" {
			return 0, errors.New("a bracket is not closed")
		}
		e.take(")")
		return value, nil
	case "0":
		end := strings.IndexFunc(e.rest, func(r rune) bool { return !strings.ContainsRune("0123456789.", r) })
		if end < 0 {
			end = len(e.rest)
		}
		number := e.rest[:end]
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a number", number)
		}
		e.take(number)
		return value, nil
	default:
		return 0, errors.New("a number is missing")
	}
}
