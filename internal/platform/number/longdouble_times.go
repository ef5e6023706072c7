package number

import "math"

// TimesCeil returns the smallest integer that is not below x·factor, the
// product being rounded to the format first. ok is false when that is beyond
// the largest int64; what is below the smallest one counts as that.
func (x LongDouble) TimesCeil(factor int64) (n int64, ok bool) {
	product, f := x, LongDoubleFromInt(factor)
	if !x.f.IsInf() {
		product.f.SetPrec(longDoublePrecision).Mul(&x.f, &f.f)
		product.limit()
	}
	largest := LongDoubleFromInt(math.MaxInt64)
	if product.f.Cmp(&largest.f) > 0 {
		return 0, false
	}
	n, _ = product.f.Int64() // truncated
	truncated := LongDoubleFromInt(n)
	if truncated.f.Cmp(&product.f) < 0 {
		n++
	}
	return n, true
}
