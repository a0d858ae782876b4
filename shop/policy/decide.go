package policy

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
)

// maxCost bounds the work of one condition, in CEL's units; a comparison costs
// about one.
const maxCost = 2000

// union are the countries of the European Union, where people may send back what
// they bought at a distance for 14 days (directive 2011/83/EU).
const union = " AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK "

// ErrNoRule says that no rule is about a case.
var ErrNoRule = errors.New("policy: no rule is about this case; end the list with one whose condition is true")

func newEnv() (*cel.Env, error) {
	var options []cel.EnvOption
	for _, name := range []string{"problem", "country", "mode", "category"} {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	for _, name := range []string{"days", "days_silent", "days_late"} {
		options = append(options, cel.Variable(name, cel.IntType))
	}
	options = append(options, cel.Variable("price", cel.DoubleType), cel.Variable("eu", cel.BoolType))
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	return env, nil
}

// compile makes a program of a condition, or says what is wrong with it.
func compile(env *cel.Env, when string) (cel.Program, string) {
	ast, issues := env.Compile(when)
	if err := issues.Err(); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Sprintf("the condition cannot be read: %s; write such as: category == \"electronics\" && !eu", strings.TrimPrefix(first, "ERROR: <input>:"))
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return nil, fmt.Sprintf("the condition gives %s; it must be true or false", ast.OutputType())
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost))
	if err != nil {
		return nil, fmt.Sprintf("the condition cannot be used: %v", err)
	}
	return program, ""
}

func (c Case) vars() map[string]any {
	return map[string]any{
		"problem": c.Problem, "country": c.Country, "mode": c.Mode, "category": c.Category, "price": c.Price,
		"days": int64(c.Days), "days_silent": int64(c.DaysSilent), "days_late": int64(c.DaysLate),
		"eu": c.Country != "" && strings.Contains(union, " "+c.Country+" "),
	}
}

// first finds the first rule whose condition holds.
func first[R any](rules []compiled[R], c Case) (R, error) {
	vars := c.vars()
	for _, r := range rules {
		out, _, err := r.when.Eval(vars)
		if err != nil {
			return r.rule, fmt.Errorf("policy: deciding a case: %w", err)
		}
		if holds, ok := out.Value().(bool); ok && holds {
			return r.rule, nil
		}
	}
	var none R
	return none, ErrNoRule
}

// Return says under what terms something may be returned, or [ErrNoRule].
func (b *Book) Return(c Case) (Terms, error) {
	r, err := first(b.returns, c)
	if err != nil {
		return Terms{}, err
	}
	t := Terms{
		Rule: r.ID, Returnable: r.Returnable, WindowDays: r.WindowDays, WhoPays: r.WhoPays,
		RefundTo: r.RefundTo, RefundDays: r.RefundDays, FeePercent: r.FeePercent,
	}
	if t.Returnable && c.Days > r.WindowDays {
		t.Returnable, t.Over = false, true
	}
	return t, nil
}

// Problem says what is offered for a problem, or [ErrNoRule].
func (b *Book) Problem(c Case) (Offer, error) {
	r, err := first(b.problems, c)
	if err != nil {
		return Offer{}, err
	}
	return Offer{Rule: r.ID, Kind: r.Offer, AfterDays: r.AfterDays, WithinDays: r.WithinDays}, nil
}
