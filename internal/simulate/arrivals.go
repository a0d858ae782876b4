package simulate

import (
	"math"
	"time"
)

// rate is how many callers come in a second at a time.
func (s *simulation) rate(at time.Duration) float64 {
	mean := s.Calls / s.Talk.Seconds()
	day := 1 - s.Swing*math.Cos(2*math.Pi*at.Hours()/24)
	return mean * day * s.Sale.at(at)
}

// highest is a rate that is never exceeded.
func (s *simulation) highest() float64 {
	return s.Calls / s.Talk.Seconds() * (1 + s.Swing) * max(1, s.Sale.Factor)
}

// untilNext is when the next caller comes: a Poisson process whose rate changes, by
// thinning one of the highest rate.
func (s *simulation) untilNext() time.Duration {
	highest := s.highest()
	var in time.Duration
	for {
		in += time.Duration(s.coming.ExpFloat64() / highest * float64(time.Second))
		if s.now+in >= s.For || s.coming.Float64()*highest < s.rate(s.now+in) {
			return in
		}
	}
}

// at is what a sale makes of arrivals at a time.
func (a Sale) at(t time.Duration) float64 {
	if a.Factor == 0 {
		return 1
	}
	top := a.At + a.Rise
	end := top + a.Stay
	switch {
	case t < a.At || t >= end+a.Fall:
		return 1
	case t < top:
		return 1 + (a.Factor-1)*float64(t-a.At)/float64(a.Rise)
	case t < end:
		return a.Factor
	default:
		return a.Factor - (a.Factor-1)*float64(t-end)/float64(a.Fall)
	}
}
