// Package client speaks RESP to a server: one blocking connection, commands
// out, replies in.
//
// It serves Kvasir's own tools (the command line client, the load generator,
// sentinel) and tests, so it shows replies as they stood on the wire instead of
// turning them into Go types, and it neither pools nor retries: a caller that
// wants another connection dials it.
//
// Vocabulary:
//
//	reply      one Value, answering one command
//	push       a RESP3 message the server sends unasked (pub/sub, invalidation)
//	Do         one command and its reply
//	Send       buffer a command; Flush writes; Receive takes the next reply
//
// An error reply is a Value of kind Error, not a Go error: Go errors say that
// the connection or the protocol failed, after which the connection is dead.
package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

// Options says where and how to connect. The zero value is a plain RESP2
// connection to 127.0.0.1:6379.
type Options struct {
	// Network is "tcp" (the default), "tcp4", "tcp6" or "unix".
	Network string
	// Addr is host:port, or the path of a unix socket.
	Addr string
	// User and Password authenticate the connection when Password is set.
	// Without User it is the default user.
	User     string
	Password string
	// DB is selected when it is not 0.
	DB int
	// Resp3 switches the connection to RESP3.
	Resp3 bool
	// Name is the connection's name in CLIENT LIST.
	Name string
	// TLS, when set, encrypts the connection. It is cloned; without a
	// ServerName the host of Addr is used.
	TLS *tls.Config
	// MultipathTCP asks for MPTCP. Where either side lacks it, it is plain TCP.
	MultipathTCP bool
	// DialTimeout bounds connecting, the TLS handshake and the commands that
	// set the connection up. 0 means no bound.
	DialTimeout time.Duration
	// ReadTimeout and WriteTimeout bound each Receive and each Flush. 0 means
	// no bound.
	ReadTimeout  time.Duration
	WriteTimeout time.Duration
	// OnPush takes the push messages that arrive while a reply is awaited. It
	// runs on the reading goroutine and must not use the connection. Without
	// it, Receive returns pushes as replies of kind Push, and Do drops them.
	OnPush func(Value)
	// Limits bounds replies; nil means DefaultLimits.
	Limits *Limits
}

const (
	defaultAddr      = "127.0.0.1:6379"
	writeBufferBytes = 16 << 10
)

// ErrClosed is returned by a connection after Close.
var ErrClosed = errors.New("connection is closed")

// Conn is one connection. One goroutine may write (Send, Write, Flush) while
// another reads (Receive); Do does both and excludes either. Close may be
// called from anywhere and ends blocked calls.
type Conn struct {
	conn         net.Conn
	reader       *Reader
	writer       *bufio.Writer
	header       []byte
	onPush       func(Value)
	readTimeout  time.Duration
	writeTimeout time.Duration
	closed       atomic.Bool
}

// Dial connects, authenticates and selects the database. A ServerError in the
// returned error's chain is the server's refusal.
func Dial(ctx context.Context, o Options) (*Conn, error) {
	if o.DialTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.DialTimeout)
		defer cancel()
	}
	network, addr := o.Network, o.Addr
	if network == "" {
		network = "tcp"
	}
	if addr == "" {
		addr = defaultAddr
	}
	var dialer net.Dialer
	dialer.SetMultipathTCP(o.MultipathTCP)
	nc, err := dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if o.TLS != nil {
		if nc, err = startTLS(ctx, nc, addr, o.TLS); err != nil {
			return nil, err
		}
	}
	c := NewConn(nc, o)
	if err := c.setUp(ctx, o); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func startTLS(ctx context.Context, nc net.Conn, addr string, config *tls.Config) (net.Conn, error) {
	config = config.Clone()
	if config.ServerName == "" {
		if host, _, err := net.SplitHostPort(addr); err == nil {
			config.ServerName = host
		}
	}
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secure, nil
}

// NewConn makes a Conn of a connection that exists, which it then owns. It uses
// the timeouts, limits and push callback of o and sends nothing.
func NewConn(nc net.Conn, o Options) *Conn {
	limits := DefaultLimits
	if o.Limits != nil {
		limits = *o.Limits
	}
	return &Conn{
		conn:         nc,
		reader:       NewReader(nc, limits),
		writer:       bufio.NewWriterSize(nc, writeBufferBytes),
		onPush:       o.OnPush,
		readTimeout:  o.ReadTimeout,
		writeTimeout: o.WriteTimeout,
	}
}

// setUp sends the commands that make the connection what o asks for.
func (c *Conn) setUp(ctx context.Context, o Options) error {
	var commands [][]string
	user := o.User
	if user == "" {
		user = "default"
	}
	switch {
	case o.Resp3 && o.Password != "":
		commands = append(commands, []string{"HELLO", "3", "AUTH", user, o.Password})
	case o.Resp3:
		commands = append(commands, []string{"HELLO", "3"})
	case o.Password != "" && o.User != "":
		commands = append(commands, []string{"AUTH", o.User, o.Password})
	case o.Password != "":
		commands = append(commands, []string{"AUTH", o.Password})
	}
	if o.Name != "" {
		commands = append(commands, []string{"CLIENT", "SETNAME", o.Name})
	}
	if o.DB != 0 {
		commands = append(commands, []string{"SELECT", strconv.Itoa(o.DB)})
	}
	for _, args := range commands {
		v, err := c.Do(ctx, args...)
		if err == nil {
			err = v.Err()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
	}
	return nil
}

// Do sends one command, with whatever Send has buffered ahead of it, and
// returns the next reply. It does not fit commands that answer with pushes or
// with several replies, such as SUBSCRIBE: use Send, Flush and Receive.
func (c *Conn) Do(ctx context.Context, args ...string) (Value, error) {
	stop := c.watch(ctx)
	defer stop()
	if err := c.Send(args...); err != nil {
		return Value{}, contextError(ctx, err)
	}
	if err := c.Flush(); err != nil {
		return Value{}, contextError(ctx, err)
	}
	for {
		v, err := c.Receive()
		if err != nil {
			return Value{}, contextError(ctx, err)
		}
		if v.Kind != Push {
			return v, nil
		}
	}
}

// watch closes the connection when ctx ends before stop is called: a command
// whose reply nobody reads leaves the stream out of step for good.
func (c *Conn) watch(ctx context.Context) (stop func() bool) {
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, func() { c.Close() })
}

// contextError names the context's end as the cause of a failure it brought about.
func contextError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Send buffers one command. It writes only when the buffer is full.
func (c *Conn) Send(args ...string) error {
	c.header = appendHeader(c.header[:0], '*', len(args))
	for _, arg := range args {
		c.header = appendHeader(c.header, '$', len(arg))
		if err := c.write(c.header); err != nil {
			return err
		}
		if err := c.writeString(arg); err != nil {
			return err
		}
		c.header = append(c.header[:0], '\r', '\n')
	}
	return c.write(c.header)
}

// AppendCommand appends the wire form of a command to dst.
func AppendCommand(dst []byte, args ...string) []byte {
	dst = appendHeader(dst, '*', len(args))
	for _, arg := range args {
		dst = appendHeader(dst, '$', len(arg))
		dst = append(dst, arg...)
		dst = append(dst, '\r', '\n')
	}
	return dst
}

func appendHeader(dst []byte, kind byte, n int) []byte {
	dst = append(dst, kind)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, '\r', '\n')
}

// Write buffers bytes that already are in wire form.
func (c *Conn) Write(p []byte) (int, error) {
	if err := c.write(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *Conn) write(p []byte) error {
	if err := c.makeRoom(len(p)); err != nil {
		return err
	}
	if _, err := c.writer.Write(p); err != nil {
		return c.fail(err)
	}
	return nil
}

func (c *Conn) writeString(s string) error {
	if err := c.makeRoom(len(s)); err != nil {
		return err
	}
	if _, err := c.writer.WriteString(s); err != nil {
		return c.fail(err)
	}
	return nil
}

// makeRoom sets the write deadline if buffering n bytes will make a write.
func (c *Conn) makeRoom(n int) error {
	if n <= c.writer.Available() {
		return nil
	}
	return c.armWrite()
}

// Flush writes what Send buffered.
func (c *Conn) Flush() error {
	if err := c.armWrite(); err != nil {
		return err
	}
	if err := c.writer.Flush(); err != nil {
		return c.fail(err)
	}
	return nil
}

func (c *Conn) armWrite() error {
	if c.writeTimeout <= 0 {
		return nil
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.writeTimeout)); err != nil {
		return c.fail(err)
	}
	return nil
}

// Receive returns the next reply. Push messages go to OnPush, or are returned
// where there is none. After an error the connection is dead, except after a
// timeout that struck between two replies.
func (c *Conn) Receive() (Value, error) {
	for {
		if c.readTimeout > 0 {
			if err := c.conn.SetReadDeadline(time.Now().Add(c.readTimeout)); err != nil {
				return Value{}, c.fail(err)
			}
		}
		v, err := c.reader.Read()
		if err != nil {
			return Value{}, c.fail(err)
		}
		if v.Kind != Push || c.onPush == nil {
			return v, nil
		}
		c.onPush(v)
	}
}

// Read takes bytes that are no reply, such as the snapshot a primary sends. What
// Receive has buffered comes first.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.reader.buf.Read(p)
	if err != nil && err != io.EOF {
		err = c.fail(err)
	}
	return n, err
}

// ReceiveContext is Receive, ended by ctx. When ctx ends first the connection
// is closed.
func (c *Conn) ReceiveContext(ctx context.Context) (Value, error) {
	stop := c.watch(ctx)
	defer stop()
	v, err := c.Receive()
	if err != nil {
		return Value{}, contextError(ctx, err)
	}
	return v, nil
}

// Buffered returns how many received bytes are not decoded yet.
func (c *Conn) Buffered() int { return c.reader.Buffered() }

// NetConn returns the connection underneath, for deadlines and half-closing.
func (c *Conn) NetConn() net.Conn { return c.conn }

// Close ends the connection. A second call does nothing.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	return c.conn.Close()
}

func (c *Conn) fail(err error) error {
	if c.closed.Load() {
		return ErrClosed
	}
	return err
}
