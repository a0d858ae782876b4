// Package policy is what a shop allows and offers, as rules in YAML that a support
// lead edits: what may be returned, until when, who pays the way back and where the
// money goes; and what is offered for a parcel that is lost, late, damaged or wrong.
//
// A rule's condition is CEL. The first rule that fits decides. Each rule carries
// examples, which are run when the file is read: a file whose examples fail is not
// taken.
package policy

import (
	_ "embed"
	"fmt"

	"cel.dev/cel-go/cel"

	"parley/internal/yamltree"
)

// Case is what the rules know of a thing and its order.
type Case struct {
	// Problem is lost, late, damaged or wrong_item; "" for a return.
	Problem string `yaml:"problem" enum:"lost,late,damaged,wrong_item" doc:"What is wrong with the parcel."`
	// Country is an ISO 3166 code, Mode how the parcel travelled, Category the shop's
	// kind of product; all may be "".
	Country  string `yaml:"country" doc:"ISO 3166 code of the country that the order went to."`
	Mode     string `yaml:"mode" doc:"How it travelled: express, overseas_warehouse, dedicated_line or postal."`
	Category string `yaml:"category" doc:"The kind of product, such as electronics."`
	// Days since the delivery, DaysSilent since the parcel's last event, DaysLate after
	// the promised day.
	Days       int `yaml:"days" doc:"Days since the delivery."`
	DaysSilent int `yaml:"days_silent" doc:"Days since the parcel's last event."`
	DaysLate   int `yaml:"days_late" doc:"Days after the promised day."`
	// Price is in major units.
	Price float64 `yaml:"price" doc:"What it cost, such as 129.90."`
}

// ReturnRule says under what terms something may be returned.
type ReturnRule struct {
	ID         string          `yaml:"id" need:"*" doc:"A name for the rule, by which answers say what decided."`
	When       string          `yaml:"when" need:"*" doc:"CEL over country, eu, mode, category, price; true for all that it is about."`
	Returnable bool            `yaml:"returnable" doc:"Whether it may be returned at all."`
	WindowDays int             `yaml:"window_days" min:"0" max:"3650" doc:"Days after delivery within which it may be returned."`
	WhoPays    string          `yaml:"who_pays" enum:"shop,customer" doc:"Who pays the way back."`
	RefundTo   []string        `yaml:"refund_to" enum:"original,gift_card" doc:"Where the money may go, the usual place first: the original payment method, a gift card."`
	RefundDays int             `yaml:"refund_days" min:"0" max:"365" doc:"Days after which the money is back."`
	FeePercent int             `yaml:"fee_percent" min:"0" max:"100" doc:"What is kept of the price."`
	Examples   []ReturnExample `yaml:"examples" need:"*" doc:"Cases that this rule must decide, run when the file is read."`
}

// ReturnExample is a case and what must come of it.
type ReturnExample struct {
	Given      Case `yaml:"given" doc:"The case."`
	Returnable bool `yaml:"returnable" doc:"Whether it can still be returned then."`
}

// ProblemRule says what is offered for a problem.
type ProblemRule struct {
	ID         string           `yaml:"id" need:"*" doc:"A name for the rule, by which answers say what decided."`
	When       string           `yaml:"when" need:"*" doc:"CEL over problem, country, eu, mode, category, price, days_silent, days_late."`
	Offer      string           `yaml:"offer" need:"*" enum:"wait,investigate,reship,refund,replacement" doc:"What the shop offers."`
	AfterDays  int              `yaml:"after_days" min:"0" max:"365" doc:"Days until the offer takes effect."`
	WithinDays int              `yaml:"within_days" min:"0" max:"365" doc:"Days within which it is done."`
	Examples   []ProblemExample `yaml:"examples" need:"*" doc:"Cases that this rule must decide, run when the file is read."`
}

// ProblemExample is a case that a rule must decide.
type ProblemExample struct {
	Given Case `yaml:"given" doc:"The case."`
}

// Terms are what comes of a return rule for a case.
type Terms struct {
	Rule       string
	Returnable bool // by the rule, and within its window
	WindowDays int
	WhoPays    string
	RefundTo   []string
	RefundDays int
	FeePercent int
	// Over says that the window is.
	Over bool
}

// Offer is what comes of a problem rule.
type Offer struct {
	Rule, Kind            string
	AfterDays, WithinDays int
}

type document struct {
	Returns  []ReturnRule  `yaml:"returns" need:"*" doc:"What may be returned; the first rule that fits decides."`
	Problems []ProblemRule `yaml:"problems" need:"*" doc:"What is offered for a problem; the first rule that fits decides."`
}

// Book is a shop's policy. It does not change and is safe for use by many
// goroutines.
type Book struct {
	returns  []compiled[ReturnRule]
	problems []compiled[ProblemRule]
}

type compiled[R any] struct {
	rule R
	when cel.Program
}

//go:embed policy.yaml
var embedded []byte

// Default is the policy that comes with the program.
func Default() (*Book, error) { return Parse("policy.yaml", embedded) }

// MaxBytes bounds a policy file. The one that comes with the program has 4 kB; the
// parser takes time by the square of the number of keys.
const MaxBytes = 64 << 10

// Parse reads a policy file; name stands for it in errors, which are
// [yamltree.Errors]: all that is wrong, with line and column and what would be right.
func Parse(name string, data []byte) (*Book, error) {
	r := yamltree.New(name, yamltree.Options{Thing: "policy", MaxBytes: MaxBytes})
	var doc document
	if root := r.Parse(data); root != nil {
		r.Read(root, &doc)
	}
	if errs := r.Errors(); len(errs) > 0 {
		return nil, errs
	}
	env, err := newEnv()
	if err != nil {
		return nil, err
	}
	b := &Book{}
	fail := func(path, format string, args ...any) { r.FailAt(r.Place(path), path, fmt.Sprintf(format, args...)) }
	ids := make(map[string]bool)
	for i, rule := range doc.Returns {
		path := fmt.Sprintf("returns[%d]", i)
		when, wrong := compile(env, rule.When)
		if wrong != "" {
			fail(path+".when", "%s", wrong)
		}
		if ids[rule.ID] {
			fail(path+".id", "%q is there twice; each rule has a name of its own", rule.ID)
		}
		ids[rule.ID] = true
		if rule.Returnable {
			for _, key := range []string{"window_days", "who_pays", "refund_to", "refund_days"} {
				if !r.Given(path + "." + key) {
					fail(path, "the key %q is missing; a rule for what may be returned has window_days, who_pays, refund_to and refund_days", key)
				}
			}
		}
		b.returns = append(b.returns, compiled[ReturnRule]{rule, when})
	}
	for i, rule := range doc.Problems {
		path := fmt.Sprintf("problems[%d]", i)
		when, wrong := compile(env, rule.When)
		if wrong != "" {
			fail(path+".when", "%s", wrong)
		}
		if ids[rule.ID] {
			fail(path+".id", "%q is there twice; each rule has a name of its own", rule.ID)
		}
		ids[rule.ID] = true
		b.problems = append(b.problems, compiled[ProblemRule]{rule, when})
	}
	if len(r.Errors()) == 0 {
		b.runExamples(fail)
		b.checkComplete(fail)
	}
	if errs := r.Errors(); len(errs) > 0 {
		return nil, errs
	}
	return b, nil
}

// checkComplete checks that there is a rule for a thing and for a parcel of which
// nothing is known, as there are in a store that was imported.
func (b *Book) checkComplete(fail func(path, format string, args ...any)) {
	if _, err := b.Return(Case{}); err != nil {
		fail("returns", "nothing is said about a thing of which nothing is known (%v)", err)
	}
	for _, problem := range []string{"lost", "late", "damaged", "wrong_item"} {
		if _, err := b.Problem(Case{Problem: problem}); err != nil {
			fail("problems", "nothing is said about a parcel that is %s and of which nothing else is known (%v)", problem, err)
		}
	}
}

// runExamples checks that each rule decides its own examples as they say.
func (b *Book) runExamples(fail func(path, format string, args ...any)) {
	for i, c := range b.returns {
		for j, e := range c.rule.Examples {
			path := fmt.Sprintf("returns[%d].examples[%d]", i, j)
			terms, err := b.Return(e.Given)
			switch {
			case err != nil:
				fail(path, "the example fails: %v", err)
			case terms.Rule != c.rule.ID:
				fail(path, "the example is decided by rule %q, expected %q", terms.Rule, c.rule.ID)
			case terms.Returnable != e.Returnable:
				fail(path, "the example gives returnable %v, expected %v", terms.Returnable, e.Returnable)
			}
		}
	}
	for i, c := range b.problems {
		for j, e := range c.rule.Examples {
			path := fmt.Sprintf("problems[%d].examples[%d]", i, j)
			offer, err := b.Problem(e.Given)
			switch {
			case err != nil:
				fail(path, "the example fails: %v", err)
			case offer.Rule != c.rule.ID:
				fail(path, "the example is decided by rule %q, expected %q", offer.Rule, c.rule.ID)
			}
		}
	}
}
