//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !kvasir_portable

package poll

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"unicode"

	"golang.org/x/sys/unix"
)

// Conn is a non-blocking stream socket. It belongs to one goroutine at a time,
// the loop that it is registered with.
type Conn struct {
	endpoints
	fd    int
	token uint64
}

// FromNetConn makes a Conn of a TCP or Unix connection of package net, which
// it takes over: nc is closed, the socket is not.
func FromNetConn(nc net.Conn) (*Conn, error) {
	source, ok := nc.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, fmt.Errorf("no socket under a %T", nc)
	}
	file, err := source.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("fcntl(F_DUPFD_CLOEXEC): %s", strerror(err))
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("fcntl(F_SETFL,O_NONBLOCK): %s", strerror(err))
	}
	nc.Close()
	c := &Conn{fd: fd}
	c.local = localAddress(fd)
	if peer, err := unix.Getpeername(fd); err == nil {
		c.peer = addressOf(peer)
	}
	return c, nil
}

// NetConn returns the socket as a connection of package net, for goroutines
// that want to block on it. Both stay usable and are closed independently; the
// socket is shut down when both are closed.
func (c *Conn) NetConn() (net.Conn, error) {
	fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("fcntl(F_DUPFD_CLOEXEC): %s", strerror(err))
	}
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	return net.FileConn(file)
}

// Close closes the socket, which also unregisters it from its Poller.
func (c *Conn) Close() error {
	if c.fd < 0 {
		return ErrClosed
	}
	fd := c.fd
	c.fd = -1
	return unix.Close(fd)
}

// Shutdown ends both directions of the connection without closing the socket:
// the peer sees the end of the stream, the loop a hangup.
func (c *Conn) Shutdown() error { return unix.Shutdown(c.fd, unix.SHUT_RDWR) }

// FD returns the socket's descriptor, -1 after Close.
func (c *Conn) FD() int { return c.fd }

// localAddress returns the address that the socket is bound to.
func localAddress(fd int) address {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return address{}
	}
	return addressOf(name)
}

func addressOf(name unix.Sockaddr) address {
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		return address{ip: netip.AddrFrom4(name.Addr), port: uint16(name.Port)}
	case *unix.SockaddrInet6:
		return address{ip: netip.AddrFrom16(name.Addr), port: uint16(name.Port)}
	case *unix.SockaddrUnix:
		return address{path: name.Name}
	}
	return address{}
}

// SetNoDelay switches Nagle's algorithm off or on. Accepted TCP connections
// begin with it off.
func (c *Conn) SetNoDelay(on bool) error {
	value := 0
	if on {
		value = 1
	}
	if err := unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, value); err != nil {
		return fmt.Errorf("setsockopt TCP_NODELAY: %s", strerror(err))
	}
	return nil
}

// keepAliveProbes is how many probes may go unanswered.
const keepAliveProbes = 3

// SetKeepAlive makes the system probe an idle TCP connection after
// intervalSeconds, then every third of that, and break it after three probes
// without an answer (tcp-keepalive).
func (c *Conn) SetKeepAlive(intervalSeconds int) error {
	settings := [...]struct {
		level, option, value int
		name                 string
	}{
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1, "SO_KEEPALIVE"},
		{unix.IPPROTO_TCP, keepIdleOption, intervalSeconds, keepIdleName},
		{unix.IPPROTO_TCP, keepIntervalOption, max(intervalSeconds/3, 1), "TCP_KEEPINTVL"},
		{unix.IPPROTO_TCP, keepCountOption, keepAliveProbes, "TCP_KEEPCNT"},
	}
	for _, s := range settings {
		if s.option == 0 {
			continue // the system does not have it
		}
		if err := unix.SetsockoptInt(c.fd, s.level, s.option, s.value); err != nil {
			return fmt.Errorf("setsockopt %s: %s", s.name, strerror(err))
		}
	}
	return nil
}

// ioError returns the error of a read or write.
func ioError(operation string, errno unix.Errno) error {
	if errno == unix.EAGAIN {
		return ErrAgain
	}
	return &os.SyscallError{Syscall: operation, Err: errno}
}

// strerror returns the text that C's strerror has for an error number. Go's
// differs in beginning with a small letter.
func strerror(err error) string {
	text := err.Error()
	if len(text) > 1 && unicode.IsLower(rune(text[0])) && unicode.IsLower(rune(text[1])) {
		return string(text[0]-'a'+'A') + text[1:]
	}
	return text
}
