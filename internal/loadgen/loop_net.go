package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const netInputBytes = 16 << 10

// netLoop serves a lane's connections with a goroutine each and the standard
// library's sockets. It runs on every system and speaks TLS.
type netLoop struct {
	lane   *lane
	conns  []*netConn
	ctx    context.Context // ends when the loop shall
	cancel context.CancelFunc
	mu     sync.Mutex // guards the lane
}

// netConn is one connection. Only its goroutine uses it.
type netConn struct {
	session
	conn net.Conn // nil while there is none
	// release ends the connection's watch on the loop's context.
	release func() bool
	request []byte
	input   []byte
}

func newNetLoop(l *lane) *netLoop {
	n := &netLoop{lane: l}
	n.ctx, n.cancel = context.WithCancel(l.run.ctx)
	for i := range l.clients {
		n.conns = append(n.conns, &netConn{
			session: session{node: l.node(i)},
			input:   make([]byte, netInputBytes),
		})
	}
	return n
}

func (n *netLoop) open() error {
	dials := make(chan struct{}, dialsMax)
	return n.each(func(c *netConn) error {
		dials <- struct{}{}
		defer func() { <-dials }()
		return n.connect(c)
	})
}

func (n *netLoop) drive() error {
	r := n.lane.run
	if r.untilNanos != 0 {
		timer := time.AfterFunc(time.Duration(r.untilNanos-r.clock()), n.cancel)
		defer timer.Stop()
	}
	return n.each(func(c *netConn) error {
		err := n.serve(c)
		if r.timeUp(r.clock()) {
			// The loop's own end is what broke the connection off.
			return nil
		}
		if err != nil && r.ctx.Err() != nil {
			return context.Cause(r.ctx) // likewise the end of the run
		}
		return err
	})
}

// each calls do for every connection at once and returns the first error, after
// which it ends the others.
func (n *netLoop) each(do func(*netConn) error) error {
	var (
		all   sync.WaitGroup
		once  sync.Once
		first error
	)
	for _, c := range n.conns {
		all.Go(func() {
			if err := do(c); err != nil {
				once.Do(func() {
					first = err
					n.cancel()
				})
			}
		})
	}
	all.Wait()
	return first
}

func (n *netLoop) serve(c *netConn) error {
	r := n.lane.run
	if r.config.Idle {
		return n.await(c)
	}
	for {
		now := r.clock()
		verdict, in, wait := r.claim(now)
		switch verdict {
		case finished:
			return nil
		case tooEarly:
			if !n.sleep(time.Duration(wait)) {
				return nil
			}
			continue
		}
		if c.conn == nil {
			if err := n.connect(c); err != nil {
				return err
			}
		}
		n.mu.Lock()
		c.request = append(c.request[:0], n.lane.render(&c.session, in, r.clock())...)
		n.mu.Unlock()
		if _, err := c.conn.Write(c.request); err != nil && !hungUp(err) {
			return writeError(err)
		}
		if err := n.await(c); err != nil {
			return err
		}
		if r.config.Reconnect {
			n.disconnect(c)
		}
	}
}

// await reads until all replies owed are there.
func (n *netLoop) await(c *netConn) error {
	for {
		got, err := c.conn.Read(c.input)
		if got > 0 {
			n.mu.Lock()
			complete, err := n.lane.received(&c.session, c.input[:got], n.lane.run.clock())
			n.mu.Unlock()
			if err != nil || complete {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("Error: %w", errClosedByServer) //nolint:staticcheck // Valkey's text
		case err != nil:
			return fmt.Errorf("Error: %w", capitalized{cause(err)}) //nolint:staticcheck // Valkey's text
		}
	}
}

// sleep waits and tells whether the loop goes on.
func (n *netLoop) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-n.ctx.Done():
		return false
	}
}

// connect makes and greets a connection.
func (n *netLoop) connect(c *netConn) error {
	network, addr := n.lane.address(c.node)
	ctx, cancel := context.WithTimeout(n.ctx, connectTimeout)
	defer cancel()
	conn, err := n.dial(ctx, network, addr)
	if err != nil {
		return &ConnectError{Addr: addr, Err: err}
	}
	c.conn = conn
	c.release = context.AfterFunc(n.ctx, func() {
		// It fails only for a connection that has been closed.
		_ = conn.SetDeadline(time.Unix(1, 0))
	})
	n.mu.Lock()
	greeting := n.lane.greet(&c.session)
	n.mu.Unlock()
	if len(greeting) == 0 {
		return nil
	}
	if _, err := conn.Write(greeting); err != nil {
		return &ConnectError{Addr: addr, Err: err}
	}
	return n.await(c)
}

func (n *netLoop) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var dialer net.Dialer
	dialer.SetMultipathTCP(n.lane.run.config.MultipathTCP)
	if config := n.lane.run.config.TLS; config != nil {
		secure := tls.Dialer{NetDialer: &dialer, Config: config}
		return secure.DialContext(ctx, network, addr)
	}
	return dialer.DialContext(ctx, network, addr)
}

func (n *netLoop) disconnect(c *netConn) {
	if c.conn == nil {
		return
	}
	c.release()
	c.conn.Close()
	c.conn = nil
}

func (n *netLoop) interrupt() { n.cancel() }

func (n *netLoop) close() {
	n.cancel()
	for _, c := range n.conns {
		n.disconnect(c)
	}
}
