package tools

import "encoding/json"

// Failure is what a brain is given in place of a result.
type Failure struct {
	Error FailureDetail `json:"error"`
}

// FailureDetail says what went wrong with a call.
type FailureDetail struct {
	// Code is one of the codes of an [Error], or "fault" when the tool could not be
	// run and nothing is known about what it did.
	Code string `json:"code"`
	// Message is a sentence for the brain.
	Message string `json:"message"`
	// Say is what the shop wants callers to hear about it, in their language; may
	// be "".
	Say string `json:"say,omitempty"`
}

// Fault is the code of a failure that is no [Error].
const Fault = "fault"

// JSON writes the failure as a brain reads it.
func (f FailureDetail) JSON() string {
	raw, err := json.Marshal(Failure{f})
	if err != nil { // strings always marshal
		return `{"error":{"code":"fault"}}`
	}
	return string(raw)
}
