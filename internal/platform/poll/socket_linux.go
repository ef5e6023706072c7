//go:build linux && !kvasir_portable

package poll

import (
	"encoding/binary"
	"io"
	"net/netip"
	"runtime"
	"unsafe"

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
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
			uintptr(len(p)), 0, 0, 0)
		switch errno {
		case 0:
			if n == 0 {
				return 0, io.EOF
			}
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, ioError("read", errno)
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
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
			uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, ioError("write", errno)
		}
	}
}

// Writev is Write for bytes in pieces. It takes at most the first 64 pieces.
func (c *Conn) Writev(pieces [][]byte) (int, error) {
	var vector [pieceMax]unix.Iovec
	used := 0
	for _, piece := range pieces[:min(len(pieces), pieceMax)] {
		if len(piece) != 0 {
			vector[used].Base = unsafe.SliceData(piece)
			vector[used].SetLen(len(piece))
			used++
		}
	}
	if used == 0 {
		return 0, nil
	}
	message := unix.Msghdr{Iov: &vector[0]}
	message.SetIovlen(used)
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&message)), unix.MSG_NOSIGNAL)
		runtime.KeepAlive(&vector)
		runtime.KeepAlive(pieces)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, ioError("write", errno)
		}
	}
}

// acceptSocket takes one connection off the listener's queue.
func acceptSocket(listener int) (fd int, peer address, errno unix.Errno) {
	var raw unix.RawSockaddrAny
	for {
		size := uint32(unix.SizeofSockaddrAny)
		n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&raw)),
			uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			return int(n), peerAddress(&raw), 0
		case unix.EINTR:
		default:
			return 0, address{}, errno
		}
	}
}

// peerAddress reads the address that accept has left.
func peerAddress(raw *unix.RawSockaddrAny) address {
	switch raw.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(raw))
		return address{ip: netip.AddrFrom4(in.Addr), port: networkOrder(in.Port)}
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(raw))
		return address{ip: netip.AddrFrom16(in.Addr), port: networkOrder(in.Port)}
	}
	return address{}
}

// networkOrder reads a port stored in network order.
func networkOrder(port uint16) uint16 {
	var bytes [2]byte
	binary.NativeEndian.PutUint16(bytes[:], port)
	return binary.BigEndian.Uint16(bytes[:])
}

// retryAccept reports whether errno only concerns the connection that was at
// the head of the queue. Linux passes that connection's network errors on.
func retryAccept(errno unix.Errno) bool {
	switch errno {
	case unix.ECONNABORTED, unix.ENETDOWN, unix.EPROTO, unix.ENOPROTOOPT, unix.EHOSTDOWN,
		unix.ENONET, unix.EHOSTUNREACH, unix.EOPNOTSUPP, unix.ENETUNREACH:
		return true
	}
	return false
}
