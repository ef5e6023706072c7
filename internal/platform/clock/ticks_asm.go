//go:build amd64 || arm64

package clock

// Ticks reads the processor's time counter: the time stamp counter on amd64,
// the virtual counter on arm64. It does not wait for earlier instructions, so
// it is good to some tens of nanoseconds. On every processor of the last decade
// the counter runs at a constant rate and in step on all cores.
func Ticks() uint64
