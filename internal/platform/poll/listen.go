package poll

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// ListenOptions configures a listener.
type ListenOptions struct {
	// Backlog is how many connections may wait to be accepted (tcp-backlog);
	// the system may allow fewer. 0 means DefaultBacklog.
	Backlog int
	// Mark is set on the socket for packet filters (socket-mark-id), on
	// Linux; 0 for none.
	Mark uint32
	// Multipath asks for Multipath TCP (mptcp), on Linux.
	Multipath bool
}

// DefaultBacklog is Valkey's default tcp-backlog.
const DefaultBacklog = 511

func (o ListenOptions) backlog() int {
	if o.Backlog == 0 {
		return DefaultBacklog
	}
	return o.Backlog
}

// ListenError says why a listener could not be made, in the words that belong
// in the server's log. Unwrap gives the system's error, by which a server
// decides whether the address may be skipped.
type ListenError struct {
	text string
	err  error
}

func (e *ListenError) Error() string { return e.text }

func (e *ListenError) Unwrap() error { return e.err }

// resolveBind turns the address of a bind directive into a numeric one.
func resolveBind(addr string) (netip.Addr, error) {
	switch addr {
	case "*", "":
		return netip.IPv4Unspecified(), nil
	case "::*":
		return netip.IPv6Unspecified(), nil
	}
	if ip, err := netip.ParseAddr(addr); err == nil {
		return ip, nil
	}
	if strings.Contains(addr, ":") {
		return netip.Addr{}, &ListenError{"Name or service not known", &net.AddrError{Err: "not an IPv6 address", Addr: addr}}
	}
	found, err := net.DefaultResolver.LookupNetIP(context.Background(), "ip4", addr)
	if err != nil {
		return netip.Addr{}, &ListenError{"Name or service not known", err}
	}
	return found[0].Unmap(), nil
}

// zoneID returns the interface number of an IPv6 zone, given as number or
// name; 0 if there is none.
func zoneID(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if number, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(number)
	}
	device, err := net.InterfaceByName(zone)
	if err != nil {
		return 0
	}
	return uint32(device.Index)
}
