package tools

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
)

// Function is a builtin: Go code that a tool file names under run: builtin. Make
// one with [Func].
type Function struct {
	// Name is what files call it: "shop.track_parcel".
	Name string
	// Effect is what the code really does. A file must say the same.
	Effect Effect
	// Arguments are the JSON names that the code understands.
	Arguments []string
	run       Run
}

// Func makes a builtin from a Go function with a typed argument struct, whose
// fields have json tags. By the time it runs, the arguments have passed the
// schema of the tool's file and have been decoded into A.
func Func[A any](name string, effect Effect, run func(context.Context, A, Call) (any, error)) Function {
	return Function{Name: name, Effect: effect, Arguments: jsonNames(reflect.TypeFor[A]()), run: func(ctx context.Context, call Call) (any, error) {
		var args A
		if err := json.Unmarshal(call.Arguments, &args); err != nil {
			return nil, &Error{Code: InvalidArguments, Message: "The arguments do not fit: " + err.Error()}
		}
		return run(ctx, args, call)
	}}
}

// Run is the function's code as a way of running a tool.
func (f Function) Run() Run { return f.run }

// jsonNames lists the names that a struct's fields have in JSON.
func jsonNames(t reflect.Type) []string {
	names := []string{}
	if t.Kind() != reflect.Struct {
		return names
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}
