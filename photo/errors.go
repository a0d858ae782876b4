package photo

import (
	"errors"
	"fmt"
)

// Why a photo was refused.
var (
	ErrTooLarge    = errors.New("the photo is too large")
	ErrNotPhoto    = errors.New("the file is not a photo")
	ErrUnsupported = errors.New("photos of this kind are not read")
	ErrBroken      = errors.New("the photo is broken")
	ErrTooSlow     = errors.New("the photo took too long to read")
)

// refusal is one of the errors above with plain words and perhaps a cause.
type refusal struct {
	kind, cause error
	say         string
}

func refuse(kind, cause error, format string, args ...any) error {
	return &refusal{kind: kind, cause: cause, say: fmt.Sprintf(format, args...)}
}

func (r *refusal) Error() string {
	if r.cause != nil {
		return r.say + " (" + r.cause.Error() + ")"
	}
	return r.say
}

func (r *refusal) Unwrap() []error {
	if r.cause != nil {
		return []error{r.kind, r.cause}
	}
	return []error{r.kind}
}

// Say is what to tell whoever sent the photo, in plain English and with what to
// do, when err is a refusal; ok is false for any other error.
func Say(err error) (words string, ok bool) {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return "", false
	}
	return r.say, true
}
