//go:build kvasir_portable || !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package poll

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// bufferBytesMax bounds the bytes held for each direction of a
	// connection.
	bufferBytesMax = 256 << 10
	readBytes      = 16 << 10
	// lingerMax is how long a closed connection tries to send what is left.
	lingerMax = 5 * time.Second
)

// Conn is a stream connection whose Read and Write never block: two goroutines
// move bytes between the socket and bounded buffers. They start with the first
// use, and end after Close.
type Conn struct {
	endpoints
	nc    net.Conn
	start sync.Once

	mu      sync.Mutex
	changed sync.Cond // the buffers or closed have changed; on mu
	started bool
	closed  bool
	in, out []byte
	inErr   error // what ended the reading
	outErr  error

	poller      *Poller // nil while not registered
	token       uint64
	read, write bool // what the loop watches for
}

func newConn(nc net.Conn, ends endpoints) *Conn {
	c := &Conn{nc: nc, endpoints: ends}
	c.changed.L = &c.mu
	return c
}

// FromNetConn makes a Conn of a connection of package net, which it takes
// over.
func FromNetConn(nc net.Conn) (*Conn, error) {
	return newConn(nc, endpoints{peer: addressOf(nc.RemoteAddr()), local: addressOf(nc.LocalAddr())}), nil
}

// NetConn returns the connection of package net underneath, for goroutines
// that want to block on it. That is possible only before the Conn is first
// read, written or registered.
func (c *Conn) NetConn() (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started {
		return nil, errors.New("the connection is in use by an event loop")
	}
	return c.nc, nil
}

func addressOf(a net.Addr) address {
	switch a := a.(type) {
	case *net.TCPAddr:
		ip, _ := netip.AddrFromSlice(a.IP)
		return address{ip: ip.Unmap(), port: uint16(a.Port)}
	case *net.UnixAddr:
		return address{path: a.Name}
	}
	return address{}
}

func (c *Conn) pump() {
	c.start.Do(func() {
		c.mu.Lock()
		c.started = true
		c.mu.Unlock()
		go c.receive()
		go c.send()
	})
}

// receive moves bytes from the socket to in.
func (c *Conn) receive() {
	chunk := make([]byte, readBytes)
	for {
		n, err := c.nc.Read(chunk)
		c.mu.Lock()
		c.in = append(c.in, chunk[:n]...)
		c.inErr = err
		for len(c.in) >= bufferBytesMax && !c.closed {
			c.changed.Wait()
		}
		done := c.closed || err != nil
		c.mu.Unlock()
		c.report()
		if done {
			return
		}
	}
}

// send moves bytes from out to the socket, and closes it in the end.
func (c *Conn) send() {
	defer c.nc.Close()
	for {
		c.mu.Lock()
		for len(c.out) == 0 && !c.closed {
			c.changed.Wait()
		}
		chunk := c.out
		c.mu.Unlock()
		if len(chunk) == 0 {
			return
		}
		n, err := c.nc.Write(chunk)
		c.mu.Lock()
		c.out = append(c.out[:0:0], c.out[n:]...)
		c.outErr = err
		c.mu.Unlock()
		c.report()
		if err != nil {
			return
		}
	}
}

// report tells the loop that the state has changed.
func (c *Conn) report() {
	c.mu.Lock()
	poller := c.poller
	c.mu.Unlock()
	if poller != nil {
		poller.report(c)
	}
}

func (c *Conn) event() (Event, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.poller == nil || c.closed {
		return Event{}, false
	}
	e := Event{
		Token:    c.token,
		Readable: c.read && (len(c.in) > 0 || c.inErr != nil),
		Writable: c.write && (len(c.out) < bufferBytesMax || c.outErr != nil),
		Hangup:   c.outErr != nil || (c.inErr != nil && c.inErr != io.EOF),
	}
	return e, e.Readable || e.Writable || e.Hangup
}

func (c *Conn) register(p *Poller, token uint64) error {
	c.pump()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.poller, c.token, c.read, c.write = p, token, true, false
	return nil
}

func (c *Conn) watch(read, write bool) {
	c.mu.Lock()
	c.read, c.write = read, write
	c.mu.Unlock()
}

func (c *Conn) unregister() {
	c.mu.Lock()
	c.poller = nil
	c.mu.Unlock()
}

// Read reads up to len(p) bytes. It returns ErrAgain if there are none now,
// io.EOF at the end of the stream.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.pump()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return 0, ErrClosed
	case len(c.in) > 0:
		n := copy(p, c.in)
		c.in = c.in[n:]
		if len(c.in) == 0 {
			c.in = nil // an idle connection holds no buffer
		}
		c.changed.Broadcast()
		return n, nil
	case c.inErr != nil:
		return 0, c.inErr
	}
	return 0, ErrAgain
}

// Write writes as many of p's bytes as there is room for now. It returns
// ErrAgain if there is none.
func (c *Conn) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.pump()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return 0, ErrClosed
	case c.outErr != nil:
		return 0, c.outErr
	case c.inErr != nil && c.inErr != io.EOF:
		return 0, c.inErr // broken both ways
	}
	n := min(len(p), bufferBytesMax-len(c.out))
	if n <= 0 {
		return 0, ErrAgain
	}
	c.out = append(c.out, p[:n]...)
	c.changed.Broadcast()
	return n, nil
}

// Writev is Write for bytes in pieces.
func (c *Conn) Writev(pieces [][]byte) (int, error) {
	total := 0
	for _, piece := range pieces {
		n, err := c.Write(piece)
		total += n
		if err != nil && total == 0 {
			return 0, err
		}
		if n < len(piece) {
			break
		}
	}
	return total, nil
}

// Close closes the connection. What Write has taken is still sent, within some
// seconds.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.closed, c.poller = true, nil
	c.changed.Broadcast()
	if !c.started {
		return c.nc.Close()
	}
	// The socket is closed by send. A deadline in the past ends receive.
	now := time.Now()
	return errors.Join(c.nc.SetReadDeadline(now), c.nc.SetWriteDeadline(now.Add(lingerMax)))
}

// Shutdown ends both directions of the connection: the peer sees the end of
// the stream, the loop a hangup.
func (c *Conn) Shutdown() error {
	if tcp, ok := c.nc.(interface {
		CloseRead() error
		CloseWrite() error
	}); ok {
		return errors.Join(tcp.CloseWrite(), tcp.CloseRead())
	}
	return c.nc.Close()
}

// FD returns -1: the descriptor belongs to package net.
func (c *Conn) FD() int { return -1 }

// SetNoDelay switches Nagle's algorithm off or on. TCP connections begin with
// it off.
func (c *Conn) SetNoDelay(on bool) error {
	if tcp, ok := c.nc.(*net.TCPConn); ok {
		if err := tcp.SetNoDelay(on); err != nil {
			return fmt.Errorf("setsockopt TCP_NODELAY: %w", err)
		}
	}
	return nil
}

// SetKeepAlive makes the system probe an idle TCP connection after
// intervalSeconds, then every third of that, and break it after three probes
// without an answer (tcp-keepalive).
func (c *Conn) SetKeepAlive(intervalSeconds int) error {
	tcp, ok := c.nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	err := tcp.SetKeepAliveConfig(net.KeepAliveConfig{
		Enable:   true,
		Idle:     time.Duration(intervalSeconds) * time.Second,
		Interval: time.Duration(max(intervalSeconds/3, 1)) * time.Second,
		Count:    3,
	})
	if err != nil {
		return fmt.Errorf("setsockopt SO_KEEPALIVE: %w", err)
	}
	return nil
}
