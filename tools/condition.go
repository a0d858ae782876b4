package tools

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
)

// maxConditionCost bounds the work of one condition, in CEL's units; a plain
// comparison costs about one.
const maxConditionCost = 10_000

// condition is what a tool requires, compiled. The zero of the pointer always
// holds.
type condition struct {
	source  string
	program cel.Program
}

// newCondition compiles a CEL expression over
//
//	caller        {customer_id, name, verified, language}
//	conversation  {id, language, turn}
//	args          the arguments as the model gave them
//
// An expression that is not a bool, or names anything else, is an error.
func newCondition(source string) (*condition, error) {
	if strings.TrimSpace(source) == "" {
		return nil, nil
	}
	env, err := conditions()
	if err != nil {
		return nil, err
	}
	ast, faults := compileCondition(env, source)
	if len(faults) > 0 {
		return nil, faults[0]
	}
	return newProgram(env, ast, source)
}

// ConditionError is one thing that is wrong with a condition.
type ConditionError struct {
	// Line counts from 1 and Column, in characters, from 0.
	Line, Column int
	Message      string
}

func (e *ConditionError) Error() string { return e.Message }

// Condition is a compiled condition, for [Tool.CompileWith].
type Condition struct{ compiled *condition }

// CheckCondition compiles a condition, or finds all that is wrong with it. What it
// names of caller and conversation must be there, which CEL alone would find only
// when the tool is called.
func CheckCondition(source string) (Condition, []*ConditionError) {
	if strings.TrimSpace(source) == "" {
		return Condition{}, nil
	}
	env, err := conditions()
	if err != nil {
		return Condition{}, []*ConditionError{{1, 0, err.Error()}}
	}
	ast, faults := compileCondition(env, source)
	if len(faults) > 0 {
		return Condition{}, faults
	}
	native := ast.NativeRep()
	celast.PostOrderVisit(native.Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		if e.Kind() != celast.SelectKind || e.AsSelect().Operand().Kind() != celast.IdentKind {
			return
		}
		of, field := e.AsSelect().Operand().AsIdent(), e.AsSelect().FieldName()
		if known, ok := conditionFields[of]; ok && !slices.Contains(known, field) {
			at := native.SourceInfo().GetStartLocation(e.ID())
			faults = append(faults, &ConditionError{at.Line(), at.Column(), fmt.Sprintf("%s has no %s; it has %s", of, field, strings.Join(known, ", "))})
		}
	}))
	if len(faults) > 0 {
		return Condition{}, faults
	}
	compiled, err := newProgram(env, ast, source)
	if err != nil {
		return Condition{}, []*ConditionError{{1, 0, err.Error()}}
	}
	return Condition{compiled}, nil
}

func newProgram(env *cel.Env, ast *cel.Ast, source string) (*condition, error) {
	program, err := env.Program(ast, cel.CostLimit(maxConditionCost))
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", source, err)
	}
	return &condition{source, program}, nil
}

// conditionFields are what the groups of a condition have.
var conditionFields = map[string][]string{
	"caller":       {"customer_id", "name", "verified", "language"},
	"conversation": {"id", "language", "turn"},
}

// conditions is the environment of all conditions.
func conditions() (*cel.Env, error) {
	env, err := cel.NewEnv(
		cel.Variable("caller", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("conversation", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("args", cel.MapType(cel.StringType, cel.DynType)),
	)
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	return env, nil
}

func compileCondition(env *cel.Env, source string) (*cel.Ast, []*ConditionError) {
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		var faults []*ConditionError
		for _, e := range issues.Errors() {
			message, _, _ := strings.Cut(strings.ReplaceAll(e.Message, " (in container '')", ""), " expecting ")
			faults = append(faults, &ConditionError{e.Location.Line(), e.Location.Column(), message})
		}
		return nil, faults
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, []*ConditionError{{1, 0, fmt.Sprintf("%q gives %s; a condition gives true or false", source, t)}}
	}
	return ast, nil
}

// check returns an *[Error] that says what is missing when the condition does not
// hold.
func (c *condition) check(call Call, args map[string]any) error {
	if c == nil {
		return nil
	}
	if args == nil {
		args = map[string]any{}
	}
	out, _, err := c.program.Eval(map[string]any{
		"caller": map[string]any{
			"customer_id": call.Caller.CustomerID, "name": call.Caller.Name, "language": call.Caller.Language,
			"verified": call.Caller.Verified || call.Caller.Staff,
		},
		"conversation": map[string]any{"id": call.Conversation.ID, "language": call.Conversation.Language, "turn": call.Conversation.Turn},
		"args":         args,
	})
	if err == nil {
		if holds, ok := out.Value().(bool); ok && holds {
			return nil
		}
		err = errors.New("it does not hold")
	}
	if strings.Contains(c.source, "caller.verified") && !call.Caller.Verified && !call.Caller.Staff {
		return &Error{Code: Unverified, Message: call.Name + " needs to know who is calling, and this caller has not shown that. " +
			"Ask for the e-mail address of their account, or their name and postal code, and look them up first."}
	}
	return &Error{Code: NotAllowed, Message: fmt.Sprintf("%s is not possible here. It requires: %s (%v).", call.Name, c.source, err)}
}
