//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !kvasir_portable

package poll

import (
	"errors"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestListenErrors: the texts are those that operators know from the log.
func TestListenErrors(t *testing.T) {
	l := listenLoopback(t)
	dir := t.TempDir()
	tests := []struct {
		name   string
		listen func() (*Listener, error)
		want   string
		errno  error
	}{
		{"port taken", func() (*Listener, error) { return ListenTCP("127.0.0.1", l.Port(), ListenOptions{}) },
			"bind: Address already in use", unix.EADDRINUSE},
		{"not our address", func() (*Listener, error) { return ListenTCP("192.0.2.1", 0, ListenOptions{}) },
			"bind: Cannot assign requested address", unix.EADDRNOTAVAIL},
		{"not an address", func() (*Listener, error) { return ListenTCP("1:2", 0, ListenOptions{}) },
			"Name or service not known", nil},
		{"no directory", func() (*Listener, error) {
			return ListenUnix(filepath.Join(dir, "none", "s"), 0, "", ListenOptions{})
		}, "bind: No such file or directory", unix.ENOENT},
		{"long path", func() (*Listener, error) {
			return ListenUnix("/"+strings.Repeat("x", 199), 0, "", ListenOptions{})
		}, "unix socket path too long (200), must be under ", unix.ENAMETOOLONG},
		{"unknown group", func() (*Listener, error) {
			return ListenUnix(filepath.Join(dir, "s"), 0o700, "no-such-group", ListenOptions{})
		}, "getgrnam error for group 'no-such-group': Success", user.UnknownGroupError("no-such-group")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, err := test.listen()
			if err == nil {
				l.Close()
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %q, want %q", err, test.want)
			}
			if test.errno != nil && !errors.Is(err, test.errno) {
				t.Errorf("error %q is not a %v", err, test.errno)
			}
		})
	}
}

func TestKeepAliveValues(t *testing.T) {
	p := newPoller(t)
	c, _ := pair(t, p, 1)
	if err := c.SetKeepAlive(300); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ level, option, value int }{
		{unix.IPPROTO_TCP, keepIdleOption, 300},
		{unix.IPPROTO_TCP, keepIntervalOption, 100},
		{unix.IPPROTO_TCP, keepCountOption, 3},
	} {
		if want.option == 0 {
			continue
		}
		if got, err := unix.GetsockoptInt(c.fd, want.level, want.option); err != nil || got != want.value {
			t.Errorf("option %d is %d, %v; want %d", want.option, got, err, want.value)
		}
	}
	if got, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE); err != nil || got == 0 {
		t.Errorf("keep-alive is %d, %v", got, err)
	}
	if got, err := unix.GetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || got == 0 {
		t.Errorf("no-delay of an accepted connection is %d, %v", got, err)
	}
}

// TestAcceptUntilEmpty: Accept takes what waits and returns without waiting.
func TestAcceptUntilEmpty(t *testing.T) {
	p := newPoller(t)
	l := listenLoopback(t)
	if err := p.AddListener(l, 1); err != nil {
		t.Fatal(err)
	}
	conns := make([]*Conn, 4)
	if n, err := l.Accept(conns); n != 0 || err != nil {
		t.Fatalf("%d connections where none wait, %v", n, err)
	}
	dial(t, "tcp", l.Addr())
	dial(t, "tcp", l.Addr())
	accepted := 0
	for accepted < 2 {
		waitFor(t, p, 1, readable)
		n, err := l.Accept(conns)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range conns[:n] {
			c.Close()
		}
		accepted += n
	}
}
