//go:build (darwin || freebsd || netbsd || openbsd || dragonfly) && !kvasir_portable

package poll

import (
	"io"

	"golang.org/x/sys/unix"
)

// pieceMax is how many pieces one vectored write takes.
const pieceMax = 64

// Read reads up to len(p) bytes. It returns ErrAgain if there are none now,
// io.EOF at the end of the stream.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := unix.Read(c.fd, p)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, ioError("read", err.(unix.Errno))
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Write writes as many of p's bytes as the socket takes now. It returns
// ErrAgain if that is none.
func (c *Conn) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := unix.Write(c.fd, p)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, ioError("write", err.(unix.Errno))
		default:
			return n, nil
		}
	}
}

// Writev is Write for bytes in pieces. It takes at most the first 64 pieces.
func (c *Conn) Writev(pieces [][]byte) (int, error) {
	pieces = pieces[:min(len(pieces), pieceMax)]
	total := 0
	for _, piece := range pieces {
		total += len(piece)
	}
	if total == 0 {
		return 0, nil
	}
	for {
		n, err := unix.SendmsgBuffers(c.fd, pieces, nil, nil, 0)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, ioError("write", err.(unix.Errno))
		default:
			return n, nil
		}
	}
}

// acceptSocket takes one connection off the listener's queue.
func acceptSocket(listener int) (fd int, peer address, errno unix.Errno) {
	for {
		fd, name, err := unix.Accept(listener)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, address{}, err.(unix.Errno)
		}
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			unix.Close(fd)
			return 0, address{}, err.(unix.Errno)
		}
		return fd, addressOf(name), 0
	}
}

// retryAccept reports whether errno only concerns the connection that was at
// the head of the queue.
func retryAccept(errno unix.Errno) bool { return errno == unix.ECONNABORTED }

// protocol returns the protocol number of listening sockets.
func (o ListenOptions) protocol() int { return unix.IPPROTO_TCP }

// newSocket makes a non-blocking stream socket that programs started by this
// one do not inherit.
func newSocket(family, protocol int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM, protocol)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
