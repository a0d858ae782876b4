package shop

import "parley/tools"

// reach is whose rows a call may see and change.
type reach struct {
	customer string // "" is nobody
	staff    bool
}

// reachOf is what a caller reaches: a customer who is known for sure their own
// rows, the shop's own people all, anyone else none.
func reachOf(c tools.Caller) reach {
	r := reach{staff: c.Staff}
	if c.Verified {
		r.customer = c.CustomerID
	}
	return r
}

// has says whether a customer's rows are within reach.
func (r reach) has(customerID string) bool {
	return r.staff || r.customer != "" && r.customer == customerID
}
