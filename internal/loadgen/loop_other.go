//go:build !linux

package loadgen

// newLoop returns the loop that serves the lane best.
func newLoop(l *lane) (loop, error) {
	return newNetLoop(l), nil
}
