// Package server joins sockets, protocol and engine: it accepts connections,
// runs the event loops, and enforces the limits of clients.
//
// Vocabulary:
//
//   - A loop is one OS thread with its own poller and executor. It owns the
//     connections dealt out to it and touches no others, except in exclusive
//     mode.
//   - A turn of a loop is: wait for ready sockets; read each and queue its
//     requests; execute them; flush every client with output; do what others
//     have posted; keep the timers. Except while it waits, the loop holds its
//     executor's reader lock, so that in exclusive mode every client of every
//     loop stands still: CLIENT LIST reads them, CLIENT KILL ends them, and
//     whoever serves a waiting client writes into its output.
//   - A frame that is not complete yet, and requests of a client that has to
//     wait, are kept in the connection's pending buffer. All other requests are
//     executed from the loop's shared read buffer without being copied. A large
//     argument is received in the pending buffer, which grows at most to what
//     has been announced, and is executed from there.
//   - A share is what one client may take of a turn: so many bytes parsed, of
//     replies made, of output written. A client with more goes on in the next
//     turn, which comes at once but serves the others as well.
//   - A client leaves when nobody knows it any more: it is in no registry, waits
//     for nothing, and its close callbacks have run, in exclusive mode. Its loop
//     closes the socket at the next opportunity.
package server

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/blocking"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/platform/poll"
	"github.com/kvasirdb/kvasir/internal/platform/processors"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// Hooks are what the server asks its surroundings. All are required.
type Hooks struct {
	// Kept tells what other parts keep for a client. Owner loop or exclusive
	// mode.
	Kept func(c *session.Client) session.Kept
	// TransactionWrites reports whether a client has queued a command that may
	// change data.
	TransactionWrites func(c *session.Client) bool
	// Users decide who clients are.
	Users Authenticator
	// Cron runs on loop 0 between turns, every Limits.CronInterval.
	Cron func(nowMillis int64)
	// Paused tells that the clients' data begins or ends to stand still.
	// Exclusive mode.
	Paused func(paused bool)
	// Log writes a line to the server's log.
	Log Logger
}

// Logger writes to the server's log.
type Logger interface {
	Verbosef(format string, args ...any)
	Noticef(format string, args ...any)
	Warningf(format string, args ...any)
}

// Limits are the limits that connections are held to. They are replaced as a
// whole when the configuration changes.
type Limits struct {
	Requests          resp.Limits
	QueryBufferBytes  int64 // client-query-buffer-limit
	MaxClients        int
	IdleTimeoutMillis int64 // timeout; 0 none
	KeepAliveSeconds  int
	AcceptsPerTurn    int // max-new-connections-per-cycle
	ProtectedMode     bool
	HideUserData      bool          // hide-user-data-from-log
	ClientsBytes      int64         // maxmemory-clients; 0 none
	CronInterval      time.Duration // at most a second; see hz
	Output            [OutputClasses]OutputLimit
	// OutputInBlocks makes any output count as one block of it at least, as if
	// there were no reply buffer.
	OutputInBlocks bool
}

// OutputClass is a class of client-output-buffer-limit.
type OutputClass int

// The classes.
const (
	OutputNormal OutputClass = iota
	OutputReplica
	OutputPubSub
	OutputClasses
)

// OutputLimit bounds how much output may wait for a client; 0 is no limit.
type OutputLimit struct {
	HardBytes   int64
	SoftBytes   int64
	SoftSeconds int64
}

// Server owns the loops and the registry of clients.
type Server struct {
	engine *engine.Engine
	hooks  Hooks
	loops  atomic.Pointer[[]*Loop] // replaced, never changed in place
	wanted atomic.Int32            // loops; see resize
	crew   crew
	limits atomic.Pointer[Limits]

	nextID      atomic.Uint64
	nextLoop    atomic.Uint32
	connected   atomic.Int64 // connections dealt out and not closed
	clientBytes atomic.Int64 // what all connections occupy
	cronPaused  atomic.Bool  // DEBUG PAUSE-CRON
	ending      atomic.Bool  // Stop was called
	wakesAt     atomic.Int64 // until when loop 0 sleeps, Unix milliseconds
	durability  atomic.Pointer[Durability]

	mu      sync.Mutex
	clients map[uint64]*conn // guarded by mu; stable in exclusive mode

	Pauses Pauses
	// Snapshots is where clients wait for a value to be saved.
	Snapshots Room
	Stats     Stats
}

// PauseCron stops the periodic work of all loops, or lets it go on: idle
// clients, buffers that are too large, and Hooks.Cron. The deadlines of waiting
// clients and of pauses are kept all the same.
func (s *Server) PauseCron(on bool) { s.cronPaused.Store(on) }

// New returns a server with n loops that are not running yet.
func New(e *engine.Engine, n int, limits *Limits, hooks Hooks) (*Server, error) {
	s := &Server{engine: e, hooks: hooks, clients: map[uint64]*conn{}}
	s.Pauses.hooks = &s.hooks
	s.limits.Store(limits)
	var loops []*Loop
	for i := range n {
		l, err := newLoop(s, i)
		if err != nil {
			return nil, err
		}
		loops = append(loops, l)
	}
	s.loops.Store(&loops)
	s.wanted.Store(int32(n))
	return s, nil
}

// SetLimits replaces the limits.
func (s *Server) SetLimits(l *Limits) { s.limits.Store(l) }

// Limits returns the limits in force.
func (s *Server) Limits() *Limits { return s.limits.Load() }

// Loops returns the loops. Number 0 is always the same; see SetLoops.
func (s *Server) Loops() []*Loop { return *s.loops.Load() }

// Listen makes loop 0 accept connections from a listener, which the server
// closes when it stops.
func (s *Server) Listen(l *poll.Listener) bool {
	first := s.Loops()[0]
	return first.Post(func() { first.addListener(l) })
}

// Unlisten closes a listener.
func (s *Server) Unlisten(l *poll.Listener) bool {
	first := s.Loops()[0]
	return first.Post(func() { first.removeListener(l) })
}

// Run runs all loops and returns when Stop has ended them.
func (s *Server) Run() {
	loops := s.Loops()
	processors.Reserve(len(loops))
	for _, l := range loops {
		s.crew.running.Go(l.run)
	}
	s.crew.running.Wait()
}

// Stop makes every loop flush what it can, close its clients and end.
func (s *Server) Stop() {
	s.ending.Store(true)
	for _, l := range s.Loops() {
		l.stopping.Store(true)
		l.poller.Wake()
	}
}

// Clients returns the number of connected clients.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// EachClient calls f for every client, in no order. Exclusive mode only.
func (s *Server) EachClient(f func(c *session.Client)) {
	s.mu.Lock()
	all := make([]*conn, 0, len(s.clients))
	for _, c := range s.clients {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		f(&c.Client)
	}
}

// Client returns a client by ID, or nil. The caller holds a reader lock; without
// exclusive mode it must not touch what belongs to the client's loop.
func (s *Server) Client(id uint64) *session.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clients[id]; c != nil {
		return &c.Client
	}
	return nil
}

// ClientsBytes returns what all connections occupy.
func (s *Server) ClientsBytes() int64 { return s.clientBytes.Load() }

// Kill ends a client: for everybody it is gone at once; its loop closes the
// socket. Exclusive mode only, and not for the client whose command runs.
func (s *Server) Kill(cl *session.Client) {
	cl.Set(session.CloseSoon)
	s.leave(connOf(cl))
	cl.Touch()
}

// leave takes a client out of everything that knows it. Exclusive mode only.
func (s *Server) leave(c *conn) {
	if c.left {
		return
	}
	c.left = true
	if w := blocking.Of(&c.Client); w != nil {
		s.engine.Waiting.Remove(w)
	}
	s.Pauses.room.forget(&c.Client)
	s.Snapshots.forget(&c.Client)
	s.unregister(c)
	c.Closed()
	c.account()
}

func (s *Server) register(c *conn) {
	s.mu.Lock()
	s.clients[c.ID] = c
	s.mu.Unlock()
}

func (s *Server) unregister(c *conn) {
	s.mu.Lock()
	delete(s.clients, c.ID)
	s.mu.Unlock()
}
