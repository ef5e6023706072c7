//go:build kvasir_portable || !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package poll

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
)

// acceptedMax bounds the connections that are accepted but not yet fetched.
const acceptedMax = 128

// Listener accepts connections without blocking: a goroutine of its own waits
// for them.
type Listener struct {
	bound
	nl      net.Listener
	waiting chan net.Conn

	mu     sync.Mutex
	poller *Poller // nil while not registered
	token  uint64
	closed bool
	err    error // what ended the accepting
}

// ListenTCP listens on one address and port; port 0 lets the system choose.
// The address is "*" for all of IPv4, "::*" for all of IPv6, a numeric address
// or a name. One with a colon is IPv6, and listens for IPv6 only.
func ListenTCP(addr string, port int, _ ListenOptions) (*Listener, error) {
	target, err := resolveBind(addr)
	if err != nil {
		return nil, err
	}
	network := "tcp4"
	if target.Is6() {
		network = "tcp6"
	}
	var config net.ListenConfig
	nl, err := config.Listen(context.Background(), network, net.JoinHostPort(target.String(), strconv.Itoa(port)))
	if err != nil {
		return nil, &ListenError{"bind: " + err.Error(), err}
	}
	return newListener(nl, addressOf(nl.Addr())), nil
}

// ListenUnix listens on a Unix socket at path, replacing what is there.
// permissions (unixsocketperm) are set unless 0. Groups are not supported.
func ListenUnix(path string, permissions os.FileMode, group string, _ ListenOptions) (*Listener, error) {
	if group != "" {
		return nil, &ListenError{fmt.Sprintf("chown error for group '%s': not supported", group), errors.ErrUnsupported}
	}
	// An old socket file would make bind fail. Where there is none, or it
	// cannot be removed, bind tells.
	_ = os.Remove(path)
	var config net.ListenConfig
	nl, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, &ListenError{"bind: " + err.Error(), err}
	}
	if permissions != 0 {
		// As in Valkey, a failure leaves the permissions of the umask.
		_ = os.Chmod(path, permissions)
	}
	return newListener(nl, address{path: path}), nil
}

func newListener(nl net.Listener, local address) *Listener {
	l := &Listener{nl: nl, bound: bound{local}, waiting: make(chan net.Conn, acceptedMax)}
	go l.accept()
	return l
}

// accept waits for connections until the listener is closed.
func (l *Listener) accept() {
	defer close(l.waiting)
	for {
		nc, err := l.nl.Accept()
		if err != nil {
			l.mu.Lock()
			l.err = err
			l.mu.Unlock()
			l.report()
			return
		}
		l.waiting <- nc
		l.report()
	}
}

func (l *Listener) report() {
	l.mu.Lock()
	poller := l.poller
	l.mu.Unlock()
	if poller != nil {
		poller.report(l)
	}
}

func (l *Listener) event() (Event, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ready := l.poller != nil && !l.closed && (len(l.waiting) > 0 || l.err != nil)
	return Event{Token: l.token, Readable: ready}, ready
}

func (l *Listener) register(p *Poller, token uint64) {
	l.mu.Lock()
	l.poller, l.token = p, token
	l.mu.Unlock()
}

// Accept fills conns with waiting connections, at most as many as fit, and
// returns how many there are; fewer than fit means that none waits any more.
// An error ("accept: …") tells why no more can be accepted.
func (l *Listener) Accept(conns []*Conn) (int, error) {
	for count := range conns {
		select {
		case nc, open := <-l.waiting:
			if !open {
				l.mu.Lock()
				defer l.mu.Unlock()
				return count, fmt.Errorf("accept: %w", l.err)
			}
			ends := endpoints{peer: addressOf(nc.RemoteAddr()), local: addressOf(nc.LocalAddr())}
			if l.IsUnix() {
				ends = endpoints{peer: l.local, local: l.local}
			}
			conns[count] = newConn(nc, ends)
		default:
			return count, nil
		}
	}
	return len(conns), nil
}

// Close stops listening. Connections that wait to be accepted are closed.
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrClosed
	}
	l.closed, l.poller = true, nil
	l.mu.Unlock()
	err := l.nl.Close()
	for nc := range l.waiting {
		nc.Close()
	}
	return err
}

// FD returns -1: the descriptor belongs to package net.
func (l *Listener) FD() int { return -1 }
