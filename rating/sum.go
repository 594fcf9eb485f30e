package rating

import (
	"math/bits"

	"tollgate"
)

// sum is an exact sum of products. The limits of a tariff and of a call keep
// it below 2^90.
type sum struct{ high, low uint64 }

// add adds a·b.
func (s *sum) add(a, b uint64) {
	high, low := bits.Mul64(a, b)
	var carry uint64
	s.low, carry = bits.Add64(s.low, low, 0)
	s.high, _ = bits.Add64(s.high, high, carry)
}

func (s sum) less(o sum) bool { return s.high < o.high || s.high == o.high && s.low < o.low }

// round divides by divisor, which is at most 10^18, and rounds to a whole
// number; it reports false if that does not fit in 64 bits.
func (s sum) round(divisor uint64, mode tollgate.Rounding) (uint64, bool) {
	if s.high >= divisor {
		return 0, false
	}
	quotient, rest := bits.Div64(s.high, s.low, divisor)
	up := false
	switch mode {
	case tollgate.RoundHalfUp:
		up = 2*rest >= divisor
	case tollgate.RoundHalfEven:
		up = 2*rest > divisor || 2*rest == divisor && quotient%2 == 1
	case tollgate.RoundUp:
		up = rest > 0
	case tollgate.RoundDown:
	}
	if up {
		quotient++
	}
	return quotient, !up || quotient > 0
}

// pow10 returns 10^n, 0 ≤ n ≤ 19.
func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
