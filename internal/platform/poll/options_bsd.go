//go:build (freebsd || netbsd || dragonfly) && !kvasir_portable

package poll

import "golang.org/x/sys/unix"

const (
	keepIdleOption     = unix.TCP_KEEPIDLE
	keepIdleName       = "TCP_KEEPIDLE"
	keepIntervalOption = unix.TCP_KEEPINTVL
	keepCountOption    = unix.TCP_KEEPCNT
)

// setMark does nothing: the system has no marks, and Valkey ignores the
// setting there too.
func setMark(int, uint32) error { return nil }
