package telemetry

import "testing"

func TestRateIsTheMeanOfTheLastSamples(t *testing.T) {
	var r Rate
	second := int64(1e6)
	r.Sample(100, 5*second, 1e6) // the first sample has nothing to compare with
	if r.Mean() != 0 {
		t.Fatalf("after one sample: %d", r.Mean())
	}
	for i := range int64(samples) {
		r.Sample(100+(i+1)*50, (6+i)*second, 1e6)
	}
	if got := r.Mean(); got != 50 {
		t.Errorf("50 per second: %d", got)
	}
	for i := range int64(samples) {
		r.Sample(900, (100+i)*second, 1e6)
	}
	if got := r.Mean(); got != 0 {
		t.Errorf("standing still: %d", got)
	}
	r.Sample(1000, 115*second, 1e6) // no time has passed
	if got := r.Mean(); got != 0 {
		t.Errorf("no time: %d", got)
	}
}
