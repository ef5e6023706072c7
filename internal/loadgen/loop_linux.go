package loadgen

import (
	"fmt"
	"net"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/kvasirdb/kvasir/internal/platform/processors"
)

// newLoop returns the loop that serves the lane best.
func newLoop(l *lane) (loop, error) {
	if l.run.config.TLS != nil || l.run.config.portable {
		return newNetLoop(l), nil
	}
	return newEpollLoop(l)
}

const (
	inputBytes    = 64 << 10
	eventsPerTurn = 512
	// Empty polls before a wait that puts the thread to sleep: a few
	// microseconds, about what the sleep and the wake-up would cost.
	spinsMax = 24
	// wakeupIndex marks the event of the eventfd among those of connections.
	wakeupIndex = -1
)

// epollLoop serves a lane's connections from one thread with raw sockets. A
// batch costs one write and one read; interest in a socket changes only when it
// is full.
//
// Reads, writes and polls go through RawSyscall, which is right for calls that
// never block: the sockets are non-blocking and the polls have no timeout. The
// wait that may block is an ordinary system call, which lets the Go scheduler
// and the garbage collector go on without this thread.
type epollLoop struct {
	lane   *lane
	epoll  int
	wakeup int // eventfd
	conns  []epollConn
	events []unix.EpollEvent
	input  []byte

	driving bool
	live    int // connections with something left to do: to open, or to send
	spins   int

	// paused holds the connections the rate limit makes wait, oldest first;
	// resumeNanos is when to ask again for the first.
	paused      []int32
	resumeNanos int64
}

type epollConn struct {
	session
	fd         int
	connecting bool
	addr       unix.Sockaddr
	// claimed is the phase of the batch that a reconnection is made for.
	claimed phase
	// unsent is what the socket has not taken yet, the end of overflow.
	unsent   []byte
	overflow []byte
}

func newEpollLoop(l *lane) (*epollLoop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	wakeup, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(epoll)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	e := &epollLoop{
		lane:   l,
		epoll:  epoll,
		wakeup: wakeup,
		conns:  make([]epollConn, l.clients),
		events: make([]unix.EpollEvent, eventsPerTurn),
		input:  make([]byte, inputBytes),
	}
	for i := range e.conns {
		e.conns[i].fd = -1
		e.conns[i].node = l.node(i)
	}
	if err := e.control(unix.EPOLL_CTL_ADD, wakeup, wakeupIndex, unix.EPOLLIN); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

func (e *epollLoop) open() error {
	r := e.lane.run
	e.live = len(e.conns)
	started := 0
	deadline := r.clock() + int64(connectTimeout)
	for e.live > 0 && !r.stopped.Load() {
		for started < len(e.conns) && started-(len(e.conns)-e.live) < dialsMax {
			if err := e.start(started); err != nil {
				return err
			}
			started++
		}
		now := r.clock()
		if now >= deadline {
			_, addr := e.lane.address(e.firstUnopened().node)
			return &ConnectError{Addr: addr, Err: unix.ETIMEDOUT}
		}
		if err := e.turn(deadline - now); err != nil {
			return err
		}
	}
	return nil
}

// start makes a connection for the first time.
func (e *epollLoop) start(index int) error {
	c := &e.conns[index]
	network, addr := e.lane.address(c.node)
	var err error
	if c.addr, err = resolve(network, addr); err != nil {
		return &ConnectError{Addr: addr, Err: err}
	}
	return e.connect(c, index)
}

func (e *epollLoop) firstUnopened() *epollConn {
	for i := range e.conns {
		if c := &e.conns[i]; c.connecting || c.greeting {
			return c
		}
	}
	return &e.conns[0]
}

func (e *epollLoop) drive() error {
	r := e.lane.run
	e.driving = true
	e.live = len(e.conns)
	now := r.clock()
	scheduled := now
	if !r.config.Idle {
		for i := range e.conns {
			if err := e.next(&e.conns[i], i, r.clock()); err != nil {
				return err
			}
		}
	}
	for e.live > 0 && !r.timeUp(now) {
		if err := e.turn(e.patience(now)); err != nil {
			return err
		}
		now = r.clock()
		if err := e.resume(now); err != nil {
			return err
		}
		if now-scheduled >= processors.Turn.Nanoseconds() {
			scheduled = now
			runtime.Gosched()
		}
	}
	return nil
}

// patience returns how long to wait for events, or -1 for as long as it takes.
func (e *epollLoop) patience(now int64) (nanos int64) {
	nanos = -1
	if until := e.lane.run.untilNanos; until != 0 {
		nanos = until - now
	}
	if len(e.paused) > 0 {
		wait := max(e.resumeNanos-now, 0)
		if nanos < 0 || wait < nanos {
			nanos = wait
		}
	}
	return nanos
}

// turn waits for events, at most so long, and handles them.
func (e *epollLoop) turn(patienceNanos int64) error {
	n, err := e.wait(patienceNanos)
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	for i := range e.events[:n] {
		event := &e.events[i]
		if event.Fd == wakeupIndex {
			var count [8]byte
			// Emptying it is all; that the run has stopped is seen elsewhere.
			_, _ = rawRead(e.wakeup, count[:])
			continue
		}
		if err := e.handle(int(event.Fd), event.Events); err != nil {
			return err
		}
	}
	return nil
}

func (e *epollLoop) handle(index int, ready uint32) error {
	c := &e.conns[index]
	if c.connecting {
		return e.connected(c, index)
	}
	if ready&unix.EPOLLOUT != 0 {
		if err := e.flush(c, index); err != nil {
			return err
		}
	}
	if ready&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) == 0 {
		return nil
	}
	// One clock reading per connection and event: it ends this batch's latency
	// and starts the next one's. One for the whole turn would make the last of
	// its connections appear to have sent before the first was even read.
	now := e.lane.run.clock()
	n, err := rawRead(c.fd, e.input)
	switch {
	case err == unix.EAGAIN:
		return nil
	case err != nil:
		return fmt.Errorf("Error: %w", capitalized{err}) //nolint:staticcheck // Valkey's text
	case n == 0:
		return fmt.Errorf("Error: %w", errClosedByServer) //nolint:staticcheck // Valkey's text
	}
	greeting := c.greeting
	complete, err := e.lane.received(&c.session, e.input[:n], now)
	if err != nil || !complete {
		return err
	}
	if greeting {
		return e.established(c, index)
	}
	if e.lane.run.config.Reconnect {
		e.disconnect(c)
	}
	return e.next(c, index, now)
}

// next sends the connection's next batch if the run allows it.
func (e *epollLoop) next(c *epollConn, index int, now int64) error {
	verdict, in, wait := e.lane.run.claim(now)
	switch verdict {
	case finished:
		e.disconnect(c)
		e.live--
		return nil
	case tooEarly:
		if len(e.paused) == 0 {
			e.resumeNanos = now + wait
		}
		e.paused = append(e.paused, int32(index))
		return nil
	}
	return e.dispatch(c, index, in, now)
}

// resume lets go on those of the paused connections whose time has come.
func (e *epollLoop) resume(now int64) error {
	resumed := 0
	for resumed < len(e.paused) && e.resumeNanos <= now {
		index := int(e.paused[resumed])
		c := &e.conns[index]
		verdict, in, wait := e.lane.run.claim(now)
		if verdict == tooEarly {
			e.resumeNanos = now + wait
			break
		}
		resumed++
		if verdict == finished {
			e.disconnect(c)
			e.live--
			continue
		}
		if err := e.dispatch(c, index, in, e.lane.run.clock()); err != nil {
			return err
		}
	}
	e.paused = append(e.paused[:0], e.paused[resumed:]...)
	return nil
}

// dispatch sends a batch that has been claimed.
func (e *epollLoop) dispatch(c *epollConn, index int, in phase, now int64) error {
	if c.fd < 0 {
		c.claimed = in
		return e.connect(c, index)
	}
	return e.send(c, index, e.lane.render(&c.session, in, now))
}

func (e *epollLoop) send(c *epollConn, index int, data []byte) error {
	n, err := write(c.fd, data)
	if err != nil || n == len(data) {
		return err
	}
	c.overflow = append(c.overflow[:0], data[n:]...)
	c.unsent = c.overflow
	return e.control(unix.EPOLL_CTL_MOD, c.fd, index, unix.EPOLLIN|unix.EPOLLOUT)
}

// write returns how much the socket took; of a server that has hung up, all.
func write(fd int, data []byte) (int, error) {
	n, err := rawWrite(fd, data)
	switch {
	case err == nil, err == unix.EAGAIN:
		return n, nil
	case hungUp(err):
		return len(data), nil
	}
	return 0, writeError(err)
}

func (e *epollLoop) flush(c *epollConn, index int) error {
	n, err := write(c.fd, c.unsent)
	if err != nil {
		return err
	}
	c.unsent = c.unsent[n:]
	if len(c.unsent) > 0 {
		return nil
	}
	return e.control(unix.EPOLL_CTL_MOD, c.fd, index, unix.EPOLLIN)
}

// connect starts a connection; connected goes on when it stands or has failed.
func (e *epollLoop) connect(c *epollConn, index int) error {
	_, addr := e.lane.address(c.node)
	fd, err := startConnect(c.addr, e.lane.run.config.MultipathTCP)
	if err != nil {
		return &ConnectError{Addr: addr, Err: err}
	}
	c.fd, c.connecting = fd, true
	return e.control(unix.EPOLL_CTL_ADD, fd, index, unix.EPOLLIN|unix.EPOLLOUT)
}

func (e *epollLoop) connected(c *epollConn, index int) error {
	code, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err != nil {
		_, addr := e.lane.address(c.node)
		return &ConnectError{Addr: addr, Err: err}
	}
	c.connecting = false
	if err := e.control(unix.EPOLL_CTL_MOD, c.fd, index, unix.EPOLLIN); err != nil {
		return err
	}
	if greeting := e.lane.greet(&c.session); len(greeting) > 0 {
		return e.send(c, index, greeting)
	}
	return e.established(c, index)
}

// established goes on with a connection that has been greeted.
func (e *epollLoop) established(c *epollConn, index int) error {
	if !e.driving {
		e.live--
		return nil
	}
	return e.send(c, index, e.lane.render(&c.session, c.claimed, e.lane.run.clock()))
}

func (e *epollLoop) disconnect(c *epollConn) {
	if c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
	}
}

func (e *epollLoop) interrupt() {
	one := [8]byte{7: 1}
	// It fails only when the counter is full: the loop has been woken then.
	_, _ = unix.Write(e.wakeup, one[:])
}

func (e *epollLoop) close() {
	for i := range e.conns {
		e.disconnect(&e.conns[i])
	}
	unix.Close(e.wakeup)
	unix.Close(e.epoll)
}

// wait polls for events. It polls without waiting a few times before it waits;
// how often depends on whether that has helped lately.
func (e *epollLoop) wait(patienceNanos int64) (int, error) {
	for spin := 0; ; spin++ {
		n, err := rawPoll(e.epoll, e.events)
		if err != nil || n > 0 {
			if spin > 0 {
				e.spins = min(2*e.spins, spinsMax)
			}
			return n, err
		}
		if spin >= e.spins || len(e.paused) > 0 {
			break
		}
	}
	e.spins = max(e.spins/2, 2)
	millis := -1
	if patienceNanos >= 0 {
		millis = int((patienceNanos + int64(time.Millisecond) - 1) / int64(time.Millisecond))
	}
	n, err := unix.EpollWait(e.epoll, e.events, millis)
	if err == unix.EINTR {
		return 0, nil
	}
	return n, err
}

func (e *epollLoop) control(op, fd, index int, events uint32) error {
	event := unix.EpollEvent{Events: events, Fd: int32(index)}
	if err := unix.EpollCtl(e.epoll, op, fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// resolve looks an address up once, so that reconnecting does not.
func resolve(network, addr string) (unix.Sockaddr, error) {
	if network == "unix" {
		return &unix.SockaddrUnix{Name: addr}, nil
	}
	tcp, err := net.ResolveTCPAddr(network, addr)
	if err != nil {
		return nil, err
	}
	if ip := tcp.IP.To4(); ip != nil {
		return &unix.SockaddrInet4{Port: tcp.Port, Addr: [4]byte(ip)}, nil
	}
	sockaddr := &unix.SockaddrInet6{Port: tcp.Port}
	copy(sockaddr.Addr[:], tcp.IP)
	if tcp.Zone != "" {
		zone, err := net.InterfaceByName(tcp.Zone)
		if err != nil {
			return nil, err
		}
		sockaddr.ZoneId = uint32(zone.Index)
	}
	return sockaddr, nil
}

// startConnect returns a non-blocking socket that is connected or connecting.
func startConnect(addr unix.Sockaddr, multipath bool) (fd int, err error) {
	family, protocol := unix.AF_UNIX, 0
	switch addr.(type) {
	case *unix.SockaddrInet4:
		family = unix.AF_INET
	case *unix.SockaddrInet6:
		family = unix.AF_INET6
	}
	if multipath && family != unix.AF_UNIX {
		protocol = unix.IPPROTO_MPTCP
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return -1, err
	}
	if family == unix.AF_UNIX {
		// This waits while the server's backlog is full; a non-blocking connect
		// would fail and leave nothing to poll for.
		err = unix.Connect(fd, addr)
		if err == nil {
			err = unix.SetNonblock(fd, true)
		}
	} else {
		err = unix.SetNonblock(fd, true)
		if err == nil {
			err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		}
		if err == nil {
			err = unix.Connect(fd, addr)
		}
	}
	if err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func rawRead(fd int, p []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, errno
		}
		return int(n), nil
	}
}

func rawWrite(fd int, p []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, errno
		}
		return int(n), nil
	}
}

// rawPoll returns the events there are, without waiting.
func rawPoll(epoll int, events []unix.EpollEvent) (int, error) {
	for {
		// Not every architecture has epoll_wait; epoll_pwait without a mask is it.
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll),
			uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, errno
		}
		return int(n), nil
	}
}
