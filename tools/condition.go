package tools

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
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
	env, err := cel.NewEnv(
		cel.Variable("caller", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("conversation", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("args", cel.MapType(cel.StringType, cel.DynType)),
	)
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("%q gives %s; a condition gives true or false", source, t)
	}
	program, err := env.Program(ast, cel.CostLimit(maxConditionCost))
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", source, err)
	}
	return &condition{source, program}, nil
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
