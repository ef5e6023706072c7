//go:build openbsd && !kvasir_portable

package poll

// OpenBSD has system-wide keep-alive times only.
const (
	keepIdleOption     = 0
	keepIdleName       = "TCP_KEEPIDLE"
	keepIntervalOption = 0
	keepCountOption    = 0
)

// setMark does nothing: the system has no marks for sockets.
func setMark(int, uint32) error { return nil }
