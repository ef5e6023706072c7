package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// session is the conversation with the server: the connection, and what the
// commands sent so far have made of it (database, protocol, transaction,
// subscriptions). It outlives connections: after a loss the next command dials
// again and restores database and protocol.
type session struct {
	app  *app
	opts *options
	tls  *tls.Config

	// host and port are the node talked to; a cluster redirect moves them.
	host string
	port int

	link      *link // nil: not connected
	asking    bool  // the next command was redirected by ASK
	db        int   // selected on the connection
	wantedDB  int   // to be selected on the next one
	resp3     bool
	multi     bool
	dbAtMulti int

	subscribed bool
	unsharded  int64 // channels and patterns
	sharded    int64
	// announce, if set, tells the user of a connection made anew.
	announce func()
	// awaitsPush: the command in progress is confirmed by push messages.
	awaitsPush bool
}

// errLost says that the connection broke in a way that dialing again may mend.
var errLost = errors.New("connection lost")

// exitError ends the program with that status.
type exitError int

func (e exitError) Error() string { return "exit status " + strconv.Itoa(int(e)) }

const reconnectInterval = time.Second

func newSession(a *app, o *options, config *tls.Config) *session {
	return &session{app: a, opts: o, tls: config, host: o.host, port: o.port, wantedDB: o.db}
}

// link is one connection. Its first replies are read by whoever asks; from the
// first call of next on, a goroutine reads, one reply ahead, so that the
// session can wait for the server, the keyboard and Ctrl-C at once.
type link struct {
	conn    *client.Conn
	replies chan received // nil until the goroutine runs
	quit    chan struct{}
	done    sync.WaitGroup
}

type received struct {
	value client.Value
	err   error
}

func newLink(conn *client.Conn) *link {
	return &link{conn: conn, quit: make(chan struct{})}
}

// next returns the channel of the replies to come.
func (l *link) next() <-chan received {
	if l.replies == nil {
		l.replies = make(chan received)
		l.done.Go(l.read)
	}
	return l.replies
}

func (l *link) read() {
	for {
		v, err := l.conn.Receive()
		select {
		case l.replies <- received{v, err}:
		case <-l.quit:
			return
		}
		if err != nil {
			return
		}
	}
}

// receive waits for the next reply and nothing else.
func (l *link) receive() (client.Value, error) {
	if l.replies == nil {
		return l.conn.Receive()
	}
	got := <-l.replies
	return got.value, got.err
}

// exchange sends a command and returns its reply, passing over pushes.
func (l *link) exchange(args ...string) (client.Value, error) {
	if err := l.write(args...); err != nil {
		return client.Value{}, err
	}
	for {
		v, err := l.receive()
		if err != nil || v.Kind != client.Push {
			return v, err
		}
	}
}

func (l *link) write(args ...string) error {
	if err := l.conn.Send(args...); err != nil {
		return err
	}
	return l.conn.Flush()
}

func (l *link) close() {
	close(l.quit)
	// The socket's state no longer matters to anyone.
	_ = l.conn.Close()
	l.done.Wait()
}

// address is the node's name in messages and in the prompt.
func (s *session) address() string {
	if s.opts.socket != "" {
		return s.opts.socket
	}
	return net.JoinHostPort(s.host, strconv.Itoa(s.port))
}

// dialOptions returns how to reach the node, without what the session sets up
// by commands of its own.
func (s *session) dialOptions() client.Options {
	o := client.Options{Network: "tcp", Addr: s.address(), TLS: s.tls, DialTimeout: s.opts.connectTimeout, MultipathTCP: s.opts.mptcp}
	switch {
	case s.opts.socket != "":
		o.Network = "unix"
	case s.opts.preferIPv4:
		o.Network = "tcp4"
	case s.opts.preferIPv6:
		o.Network = "tcp6"
	}
	return o
}

func (s *session) dial(ctx context.Context) (*client.Conn, error) {
	o := s.dialOptions()
	conn, err := client.Dial(ctx, o)
	var dns *net.DNSError
	var addr *net.AddrError
	if err != nil && (errors.As(err, &dns) || errors.As(err, &addr)) && strings.HasPrefix(o.Network, "tcp") && o.Network != "tcp" {
		// The family is a preference: a host without such an address may have another.
		o.Network = "tcp"
		conn, err = client.Dial(ctx, o)
	}
	return conn, err
}

// connect dials and restores the state. It leaves a link even where AUTH or
// SELECT was refused: the user may put that right by a command.
func (s *session) connect(quiet bool) error {
	s.disconnect()
	conn, err := s.dial(context.Background())
	if err != nil {
		if !quiet {
			fmt.Fprintf(s.app.errOut, "Could not connect to Valkey at %s: %s\n", s.plainAddress(), reason(err))
		}
		return errLost
	}
	s.link = newLink(conn)
	if s.opts.hasPassword {
		if err := s.authenticate(); err != nil {
			return err
		}
	}
	if err := s.selectWanted(); err != nil {
		return err
	}
	if s.opts.resp3 != resp3No && !s.opts.resp2 {
		return s.switchToResp3()
	}
	return nil
}

// plainAddress is host:port without the brackets of an IPv6 host.
func (s *session) plainAddress() string {
	if s.opts.socket != "" {
		return s.opts.socket
	}
	return s.host + ":" + strconv.Itoa(s.port)
}

func (s *session) disconnect() {
	if s.link != nil {
		s.link.close()
		s.link = nil
	}
	s.db, s.resp3, s.multi = 0, false, false
	s.leaveSubscribed()
}

func (s *session) leaveSubscribed() {
	s.subscribed, s.unsharded, s.sharded = false, 0, 0
}

func (s *session) authenticate() error {
	args := []string{"AUTH", s.opts.password}
	if s.opts.user != "" {
		args = []string{"AUTH", s.opts.user, s.opts.password}
	}
	v, err := s.setUp(args...)
	if err == nil && v.Kind == client.Error {
		fmt.Fprintf(s.app.errOut, "AUTH failed: %s\n", v.Str)
		err = v.Err()
	}
	return err
}

// selectWanted brings the connection to the database the user is in.
func (s *session) selectWanted() error {
	if s.wantedDB == s.db {
		return nil
	}
	v, err := s.setUp("SELECT", strconv.Itoa(s.wantedDB))
	if err != nil {
		return err
	}
	if v.Kind == client.Error {
		fmt.Fprintf(s.app.errOut, "SELECT %d failed: %s\n", s.wantedDB, v.Str)
		return v.Err()
	}
	s.db = s.wantedDB
	return nil
}

func (s *session) switchToResp3() error {
	v, err := s.setUp("HELLO", "3")
	if err != nil {
		return err
	}
	if v.Kind == client.Error {
		fmt.Fprintf(s.app.errOut, "HELLO 3 failed: %s\n", v.Str)
		if s.opts.resp3 == resp3Decided {
			return v.Err()
		}
		return nil
	}
	s.resp3 = true
	return nil
}

// setUp sends a command of our own and returns its reply.
func (s *session) setUp(args ...string) (client.Value, error) {
	v, err := s.link.exchange(args...)
	if err != nil {
		fmt.Fprint(s.app.errOut, "\nI/O error\n")
		return client.Value{}, errLost
	}
	return v, nil
}

// ask sends a command of our own on a connection that may have to be made.
func (s *session) ask(args ...string) (client.Value, error) {
	if s.link == nil {
		if err := s.connect(true); err != nil {
			return client.Value{}, err
		}
	}
	return s.setUp(args...)
}

// insist sends a command of our own, dialing again every second while there is
// no connection, and says so. Ctrl-C ends it with errInterrupted.
func (s *session) insist(args ...string) (client.Value, error) {
	const eraseLine = "\r\x1b[0K"
	for tries := 0; ; tries++ {
		if s.link != nil {
			v, err := s.link.exchange(args...)
			if err == nil {
				if tries > 0 {
					s.app.printf(eraseLine)
				}
				return v, nil
			}
			s.disconnect()
		}
		s.app.printf("%sReconnecting... %d\r", eraseLine, tries+1)
		if err := s.app.pause(reconnectInterval); err != nil {
			return client.Value{}, err
		}
		if err := s.connect(true); err != nil && s.link != nil {
			return client.Value{}, errReported // refused: trying again is of no use
		}
	}
}

// reason words a failed connection as the operating system does.
func reason(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	var timeout net.Error
	text := err.Error()
	switch {
	case errors.As(err, &errno):
		text = errno.Error()
	case errors.As(err, &dns):
		text = "Name or service not known"
	case errors.As(err, &timeout) && timeout.Timeout():
		text = "Connection timed out"
	}
	return capitalized(text)
}

// lossReason words a broken connection.
func lossReason(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, client.ErrClosed) {
		return "Server closed the connection"
	}
	return reason(err)
}

func capitalized(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
