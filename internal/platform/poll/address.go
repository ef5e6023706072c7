package poll

import (
	"net/netip"
	"strconv"
	"strings"
)

// FormatAddress returns ip:port, with an IPv6 address in brackets.
func FormatAddress(ip string, port int) string {
	if strings.Contains(ip, ":") {
		return "[" + ip + "]:" + strconv.Itoa(port)
	}
	return ip + ":" + strconv.Itoa(port)
}

// endpoints are the two ends of a connection.
type endpoints struct {
	peer, local address
}

// IsUnix reports whether this is a Unix socket.
func (e *endpoints) IsUnix() bool { return e.peer.path != "" }

// IsLocal reports whether the peer runs on this machine: a Unix socket, or a
// loopback address.
func (e *endpoints) IsLocal() bool { return e.peer.isLocal() }

// RemoteAddr returns the peer's address as CLIENT LIST shows it:
// 127.0.0.1:50000, [::1]:50000, or for a Unix socket the listener's path and
// :0.
func (e *endpoints) RemoteAddr() string { return e.peer.String() }

// RemoteIP returns the peer's IP address alone; "/unixsocket" for a Unix
// socket.
func (e *endpoints) RemoteIP() string { return e.peer.ipText() }

// RemotePort returns the peer's port; 0 for a Unix socket.
func (e *endpoints) RemotePort() int { return int(e.peer.port) }

// LocalAddr returns this side's address in the form of RemoteAddr.
func (e *endpoints) LocalAddr() string { return e.local.String() }

// LocalIP returns this side's IP address alone; "/unixsocket" for a Unix
// socket.
func (e *endpoints) LocalIP() string { return e.local.ipText() }

// bound is where a listener listens.
type bound struct {
	local address
}

// Addr returns the address that is listened on, in Conn.RemoteAddr's form.
func (b *bound) Addr() string { return b.local.String() }

// Port returns the TCP port that is listened on; 0 for a Unix socket.
func (b *bound) Port() int { return int(b.local.port) }

// IsUnix reports whether this is a Unix socket's listener.
func (b *bound) IsUnix() bool { return b.local.path != "" }

// address is one end of a connection.
type address struct {
	ip   netip.Addr // invalid for a Unix socket
	port uint16
	path string // of a Unix socket's listener
}

// String returns the address as CLIENT LIST shows it: 127.0.0.1:6379,
// [::1]:6379 or /path:0. An unknown address is "?:0".
func (a address) String() string {
	if a.path != "" {
		return a.path + ":0"
	}
	return FormatAddress(a.ipText(), int(a.port))
}

// ipText returns the bare IP address; "?" if it is not known. A Unix socket
// has the name by which Valkey shows it in place of an IP address.
func (a address) ipText() string {
	switch {
	case a.path != "":
		return "/unixsocket"
	case !a.ip.IsValid():
		return "?"
	}
	return a.ip.String()
}

// isLocal reports whether the peer is on this machine.
func (a address) isLocal() bool {
	if a.path != "" {
		return true
	}
	if a.ip.Is4() {
		return a.ip.IsLoopback()
	}
	return a.ip == netip.IPv6Loopback()
}
