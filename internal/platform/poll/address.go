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
