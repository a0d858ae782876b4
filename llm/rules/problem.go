package rules

type problemArguments struct {
	OrderID string `json:"order_id"`
	Problem string `json:"problem"`
	Note    string `json:"note"`
}

// The problems that a parcel can have.
const (
	lostProblem    = "lost"
	lateProblem    = "late"
	damagedProblem = "damaged"
	wrongProblem   = "wrong_item"
)

// maxNote bounds what of the caller's words goes into a report, in bytes.
const maxNote = 300

// problem leads through the report of a lost, late, damaged or wrong parcel.
func (t *turn) problem(u understood) error {
	if !t.tools[toolProblem] {
		return t.withoutReports(u)
	}
	t.state.Task = taskProblem
	arrived := t.state.Problem == damagedProblem || t.state.Problem == wrongProblem
	o, found, err := t.which(u, func(o order) bool {
		if arrived {
			return o.Status == deliveredStatus || o.Status == returnStatus
		}
		return o.Status == processedStatus
	})
	if err != nil || !found {
		return err
	}
	switch o.Status {
	case pendingStatus:
		t.state.Task = ""
		t.say("not_shipped_yet", "Order", o.number())
		return nil
	case cancelledStatus:
		t.state.Task = ""
		return t.status(o)
	}
	problem := t.state.Problem
	if !arrived && t.state.Asked != askedConfirm { // how it stands is what they want to know first
		p, ok, err := t.tracked(o)
		if err != nil {
			return err
		}
		if ok && o.Status == processedStatus {
			t.lastSeen(p, o)
			t.expected(p, o)
		}
	}
	return t.write(wish{
		tool: toolProblem, arguments: problemArguments{o.number(), problem, clip(t.note(), maxNote)}, order: o.number(),
		ask: "problem_confirm_" + problem, again: "problem_confirm_again", done: "problem_done",
		fields: map[string]string{"Order": o.number()},
	})
}

// note is what the caller said of the problem: all of it if the order was clear at
// once, else what they said first.
func (t *turn) note() string {
	if t.state.Wish != "" {
		return t.state.Wish
	}
	return t.text
}

// withoutReports does what can be done where no problems are taken: the status of
// what is still to come, a return of what has come.
func (t *turn) withoutReports(u understood) error {
	switch t.state.Problem {
	case lostProblem, lateProblem:
		t.state.Task, t.state.Aspect = taskOrder, etaAspect
		return t.about(u)
	}
	t.state.Task, t.state.Words = taskReturn, ""
	return t.returning(u)
}
