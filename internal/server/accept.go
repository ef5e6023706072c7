package server

import (
	"errors"
	"slices"

	"github.com/kvasirdb/kvasir/internal/platform/poll"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// listener is a listening socket that loop 0 watches.
type listener struct {
	*poll.Listener
	resting bool // accepting failed; it is watched again at the next cron
}

// addListener and removeListener run on the loop.
func (l *Loop) addListener(ln *poll.Listener) {
	l.listeners = append(l.listeners, listener{Listener: ln})
	l.watch(len(l.listeners) - 1)
}

func (l *Loop) watch(i int) {
	ln := l.listeners[i].Listener
	if err := l.poller.AddListener(ln, listenerToken+uint64(i)); err != nil {
		l.server.hooks.Log.Warningf("Cannot watch listener %s: %v", ln.Addr(), err)
	}
}

func (l *Loop) removeListener(ln *poll.Listener) {
	i := slices.IndexFunc(l.listeners, func(o listener) bool { return o.Listener == ln })
	if i < 0 {
		return
	}
	if !l.listeners[i].resting {
		l.poller.RemoveListener(ln)
	}
	ln.Close()
	l.listeners[i] = listener{}
}

// resumeListeners watches the listeners again that had a rest.
func (l *Loop) resumeListeners() {
	for i := range l.listeners {
		if ln := &l.listeners[i]; ln.resting {
			ln.resting = false
			l.watch(i)
		}
	}
}

// accept takes waiting connections and deals them out to the loops.
func (l *Loop) accept(i int) {
	ln := &l.listeners[i]
	if ln.Listener == nil || ln.resting {
		return
	}
	limits := l.server.Limits()
	for left := max(limits.AcceptsPerTurn, 1); left > 0; {
		batch := l.accepted[:min(left, len(l.accepted))]
		n, err := ln.Accept(batch)
		for _, pc := range batch[:n] {
			l.server.deal(pc, limits)
		}
		if err != nil && !errors.Is(err, poll.ErrAgain) {
			// Out of descriptors, most likely. The connection stays in the
			// queue, and to look again at once would find the same.
			l.server.hooks.Log.Warningf("Accepting client connection: %v", err)
			l.poller.RemoveListener(ln.Listener)
			ln.resting = true
		}
		if err != nil || n < len(batch) {
			return
		}
		left -= n
	}
}

// deal gives a new connection to the next loop, if there is room for it.
func (s *Server) deal(pc *poll.Conn, limits *Limits) {
	if int(s.connected.Add(1)) > limits.MaxClients {
		s.reject(pc, "-ERR max number of clients reached\r\n")
		return
	}
	if limits.ProtectedMode && !pc.IsLocal() && !s.hooks.Users.Required() {
		s.reject(pc, protectedModeError)
		return
	}
	s.Stats.Connections.Add(1)
	id := s.nextID.Add(1)
	loops := s.Loops()
	l := loops[int(s.nextLoop.Add(1)-1)%len(loops)]
	if l.index == 0 {
		l.adopt(pc, id)
	} else if !l.Post(func() { l.adopt(pc, id) }) {
		s.connected.Add(-1)
		pc.Close()
	}
}

func (s *Server) reject(pc *poll.Conn, text string) {
	s.connected.Add(-1)
	s.Stats.Rejected.Add(1)
	pc.Write([]byte(text))
	pc.Close()
}

// adopt makes a client of a new connection.
func (l *Loop) adopt(pc *poll.Conn, id uint64) {
	s := l.server
	c := &conn{loop: l, io: pc}
	c.ID = id
	c.Loop = l
	c.FD = pc.FD()
	c.Addr, c.LocalAddr = pc.RemoteAddr(), pc.LocalAddr()
	c.CreatedMillis, c.LastInteractionMillis = l.nowMillis, l.nowMillis
	c.Out.SetProtocol(resp.RESP2)
	c.Touch = func() { c.loop.touch(c) }
	if pc.IsUnix() {
		c.Set(session.UnixSocket)
	} else if seconds := s.Limits().KeepAliveSeconds; seconds > 0 {
		pc.SetKeepAlive(seconds)
	}
	l.place(c)
	if err := l.poller.Add(pc, c.token); err != nil {
		s.hooks.Log.Warningf("Error registering fd event for the new client connection: %v", err)
		l.displace(c)
		s.connected.Add(-1)
		pc.Close()
		return
	}
	s.hooks.Users.Default(&c.Client)
	s.register(c)
	c.account()
	s.hooks.Log.Verbosef("Accepted %s", c.Addr)
}

// place gives a connection a place among the loop's, and the token that says which.
func (l *Loop) place(c *conn) {
	i := uint32(len(l.conns))
	if n := len(l.free); n > 0 {
		i, l.free = l.free[n-1], l.free[:n-1]
	} else {
		l.conns = append(l.conns, nil)
	}
	// The generation keeps events of a closed connection from reaching the
	// next one with its index; it stays below the listeners' range.
	c.token = (c.ID&(1<<29-1))<<32 | uint64(i)
	l.conns[i] = c
}

// displace makes a connection's place free.
func (l *Loop) displace(c *conn) {
	i := uint32(c.token)
	l.conns[i] = nil
	l.free = append(l.free, i)
}

const protectedModeError = "-DENIED Kvasir is running in protected mode because protected mode is enabled and no password is set for the default user. " +
	"In this mode connections are only accepted from the loopback interface. " +
	"If you want to connect from external computers, you may adopt one of the following solutions: " +
	"1) Disable protected mode with 'CONFIG SET protected-mode no' from the loopback interface, and 'CONFIG REWRITE' to make it last; do so only on a network that strangers cannot reach. " +
	"2) Set protected-mode to no in the configuration file and restart the server. " +
	"3) Start the server with '--protected-mode no' for a trial. " +
	"4) Set a password for the default user.\r\n"
