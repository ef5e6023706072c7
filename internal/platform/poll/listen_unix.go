//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !kvasir_portable

package poll

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// Listener accepts connections without blocking.
type Listener struct {
	bound
	fd int
}

// ListenTCP listens on one address and port; port 0 lets the system choose.
// The address is "*" for all of IPv4, "::*" for all of IPv6, a numeric address
// or a name. One with a colon is IPv6, and listens for IPv6 only. Errors have
// Valkey's texts, with the error number within.
func ListenTCP(addr string, port int, options ListenOptions) (*Listener, error) {
	target, err := resolveBind(addr)
	if err != nil {
		return nil, err
	}
	family := unix.AF_INET
	var name unix.Sockaddr = &unix.SockaddrInet4{Port: port, Addr: as4(target)}
	if target.Is6() {
		family = unix.AF_INET6
		name = &unix.SockaddrInet6{Port: port, Addr: target.As16(), ZoneId: zoneID(target.Zone())}
	}
	fd, err := newSocket(family, options.protocol())
	if err != nil {
		return nil, &ListenError{fmt.Sprintf("unable to bind socket, errno: %d", errnoOf(err)), err}
	}
	l := &Listener{fd: fd}
	if err := l.start(name, options, family == unix.AF_INET6); err != nil {
		unix.Close(fd)
		return nil, err
	}
	l.local = localAddress(fd)
	return l, nil
}

// start binds and listens.
func (l *Listener) start(name unix.Sockaddr, options ListenOptions, v6 bool) error {
	if v6 {
		if err := unix.SetsockoptInt(l.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return listenError("setsockopt: ", err)
		}
	}
	if err := unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return listenError("setsockopt SO_REUSEADDR: ", err)
	}
	if err := unix.Bind(l.fd, name); err != nil {
		return listenError("bind: ", err)
	}
	if err := unix.Listen(l.fd, options.backlog()); err != nil {
		return listenError("listen: ", err)
	}
	if options.Mark != 0 {
		return setMark(l.fd, options.Mark)
	}
	return nil
}

func as4(a netip.Addr) (bytes [4]byte) {
	if a.Is4() {
		return a.As4()
	}
	return bytes
}

// ListenUnix listens on a Unix socket at path, replacing what is there.
// permissions (unixsocketperm) are set unless 0, and the group (unixsocketgroup)
// unless empty.
func ListenUnix(path string, permissions os.FileMode, group string, options ListenOptions) (*Listener, error) {
	var raw unix.RawSockaddrUnix
	if len(path) > len(raw.Path)-1 {
		return nil, &ListenError{fmt.Sprintf("unix socket path too long (%d), must be under %d", len(path), len(raw.Path)), unix.ENAMETOOLONG}
	}
	// An old socket file would make bind fail. Where there is none, or it
	// cannot be removed, bind tells.
	_ = unix.Unlink(path)
	fd, err := newSocket(unix.AF_UNIX, 0)
	if err != nil {
		return nil, listenError("creating socket: ", err)
	}
	if err := startUnix(fd, path, permissions, group, options); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &Listener{fd: fd, bound: bound{address{path: path}}}, nil
}

func startUnix(fd int, path string, permissions os.FileMode, group string, options ListenOptions) error {
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return listenError("bind: ", err)
	}
	if permissions != 0 {
		// As in Valkey, a failure leaves the permissions of the umask.
		_ = unix.Chmod(path, uint32(permissions))
	}
	if group != "" {
		id, err := groupID(group)
		if err != nil {
			return &ListenError{fmt.Sprintf("getgrnam error for group '%s': %s", group, groupErrorText(err)), err}
		}
		if err := unix.Chown(path, -1, id); err != nil {
			return listenError(fmt.Sprintf("chown error for group '%s': ", group), err)
		}
	}
	if err := unix.Listen(fd, options.backlog()); err != nil {
		return listenError("listen: ", err)
	}
	return nil
}

// groupErrorText is strerror of getgrnam's error number, which stays 0 when the
// group does not exist.
func groupErrorText(err error) string {
	var unknown user.UnknownGroupError
	if errors.As(err, &unknown) {
		return "Success"
	}
	return err.Error()
}

func groupID(name string) (int, error) {
	group, err := user.LookupGroup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(group.Gid)
}

func listenError(prefix string, err error) error {
	return &ListenError{prefix + strerror(err), err}
}

func errnoOf(err error) int {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return int(errno)
	}
	return 0
}

// Close stops listening. Connections that wait to be accepted are reset.
func (l *Listener) Close() error {
	if l.fd < 0 {
		return ErrClosed
	}
	fd := l.fd
	l.fd = -1
	return unix.Close(fd)
}

// FD returns the socket's descriptor, -1 after Close.
func (l *Listener) FD() int { return l.fd }

// Accept fills conns with waiting connections, at most as many as fit, and
// returns how many there are; fewer than fit means that none waits any more.
// An error ("accept: …") tells why the next one could not be accepted, for
// example that there are no descriptors left; the connections before it are
// good. Connections that broke before they were accepted count as tries.
func (l *Listener) Accept(conns []*Conn) (int, error) {
	count := 0
	for range conns {
		fd, peer, errno := acceptSocket(l.fd)
		switch {
		case errno == 0:
			conns[count] = l.newConn(fd, peer)
			count++
		case errno == unix.EAGAIN:
			return count, nil
		case !retryAccept(errno):
			return count, fmt.Errorf("accept: %s", strerror(errno))
		}
	}
	return count, nil
}

func (l *Listener) newConn(fd int, peer address) *Conn {
	if l.IsUnix() {
		return &Conn{fd: fd, endpoints: endpoints{peer: l.local, local: l.local}}
	}
	c := &Conn{fd: fd, endpoints: endpoints{peer: peer, local: localAddress(fd)}}
	// It fails only for a connection that is already broken, which reading
	// will show.
	_ = c.SetNoDelay(true)
	return c
}
