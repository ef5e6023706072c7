//go:build linux && !kvasir_portable

package poll

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	keepIdleOption     = unix.TCP_KEEPIDLE
	keepIdleName       = "TCP_KEEPIDLE"
	keepIntervalOption = unix.TCP_KEEPINTVL
	keepCountOption    = unix.TCP_KEEPCNT
)

// protocol returns the protocol number of listening sockets.
func (o ListenOptions) protocol() int {
	if o.Multipath {
		return unix.IPPROTO_MPTCP
	}
	return unix.IPPROTO_TCP
}

// newSocket makes a non-blocking stream socket that programs started by this
// one do not inherit.
func newSocket(family, protocol int) (int, error) {
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
}

func setMark(fd int, mark uint32) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(mark)); err != nil {
		return fmt.Errorf("setsockopt: %s", strerror(err))
	}
	return nil
}
