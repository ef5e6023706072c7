//go:build linux && !kvasir_portable

package poll

import (
	"fmt"
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poller waits for readiness by epoll.
type Poller struct {
	fd      int
	eventFD int // written to by Wake
	wake    wakeState
	spin    spinner
	rest    rest
	raw     []unix.EpollEvent
}

// wakeToken marks the eventfd's event; no socket may use it.
const wakeToken = ^uint64(0)

// New returns a Poller without sockets.
func New(options Options) (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create: %s", strerror(err))
	}
	eventFD, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("eventfd: %s", strerror(err))
	}
	p := &Poller{fd: fd, eventFD: eventFD, spin: newSpinner(options)}
	// Edge-triggered: every write is an event, and nobody needs to read.
	if err := p.control(unix.EPOLL_CTL_ADD, eventFD, unix.EPOLLIN|unix.EPOLLET, wakeToken); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close releases the Poller. Its sockets stay open.
func (p *Poller) Close() error {
	p.rest.close()
	errEvent := unix.Close(p.eventFD)
	if err := unix.Close(p.fd); err != nil {
		return err
	}
	return errEvent
}

// Add registers a connection for reading. The token must not be the largest
// uint64.
func (p *Poller) Add(c *Conn, token uint64) error {
	c.token = token
	return p.control(unix.EPOLL_CTL_ADD, c.fd, unix.EPOLLIN, token)
}

// Modify changes what a registered connection is watched for. Reading is
// switched off to push back on a client; with both off, only Hangup is seen.
func (p *Poller) Modify(c *Conn, read, write bool) error {
	return p.control(unix.EPOLL_CTL_MOD, c.fd, interest(read, write), c.token)
}

// Remove forgets a connection, which stays open. Events already fetched may
// still name it.
func (p *Poller) Remove(c *Conn) error {
	return p.control(unix.EPOLL_CTL_DEL, c.fd, 0, 0)
}

// AddListener registers a listener: Readable means that connections wait.
func (p *Poller) AddListener(l *Listener, token uint64) error {
	return p.control(unix.EPOLL_CTL_ADD, l.fd, unix.EPOLLIN, token)
}

// RemoveListener forgets a listener, which stays open.
func (p *Poller) RemoveListener(l *Listener) error {
	return p.control(unix.EPOLL_CTL_DEL, l.fd, 0, 0)
}

func interest(read, write bool) (mask uint32) {
	if read {
		mask |= unix.EPOLLIN
	}
	if write {
		mask |= unix.EPOLLOUT
	}
	return mask
}

func (p *Poller) control(operation, fd int, mask uint32, token uint64) error {
	event := unix.EpollEvent{Events: mask}
	*tokenOf(&event) = token
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.fd), uintptr(operation), uintptr(fd),
		uintptr(unsafe.Pointer(&event)), 0, 0)
	if errno != 0 {
		return fmt.Errorf("epoll_ctl: %s", strerror(errno))
	}
	return nil
}

// tokenOf returns the 8 bytes of an event that belong to the user; package
// unix names them Fd and Pad. They are not aligned to 8 bytes on amd64, which
// that processor does not mind.
func tokenOf(event *unix.EpollEvent) *uint64 {
	return (*uint64)(unsafe.Pointer(&event.Fd))
}

// Wake makes the current or, if there is none, the next Wait return without
// blocking. It may be called by any goroutine, and costs next to nothing while
// the loop is busy.
func (p *Poller) Wake() {
	if !p.wake.notify() {
		return
	}
	one := uint64(1)
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(p.eventFD), uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one))
		if errno != unix.EINTR {
			return
		}
	}
}

// Wait fills events with ready sockets and returns how many there are. With
// none ready it waits up to timeout (negative: forever) or for a wake-up; it
// may also return 0 early, when a signal interrupts it.
func (p *Poller) Wait(events []Event, timeout time.Duration) (int, error) {
	if len(p.raw) < len(events) {
		p.raw = make([]unix.EpollEvent, len(events))
	}
	raw := p.raw[:len(events)]

	n, err := p.poll(raw)
	if n == 0 && err == nil && timeout != 0 {
		n, err = p.waitLonger(raw, timeout)
	}
	p.wake.awake()
	if n > 0 {
		p.rest.end()
	}
	if err != nil {
		return 0, err
	}
	return translate(raw[:n], events), nil
}

// waitLonger is Wait after a first look has found nothing.
func (p *Poller) waitLonger(raw []unix.EpollEvent, timeout time.Duration) (int, error) {
	for range p.spin.budget() {
		if p.wake.pending() {
			p.rest.end()
			return 0, nil
		}
		if n, err := p.poll(raw); n != 0 || err != nil {
			return n, err
		}
	}
	if !p.wake.sleep() {
		p.rest.end() // a wake-up came first
		return 0, nil
	}
	start := time.Now()
	var n int
	var err error
	if p.rest.begins(start) {
		n, err = p.restFor(raw, timeout)
	} else {
		n, err = p.block(raw, timeout)
	}
	p.spin.waited(time.Since(start), n > 0)
	return n, err
}

// poll looks without blocking.
func (p *Poller) poll(raw []unix.EpollEvent) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(unsafe.SliceData(raw))),
		uintptr(len(raw)), 0, 0, 0)
	return waitResult(n, errno)
}

// block waits, giving other goroutines the processor meanwhile.
func (p *Poller) block(raw []unix.EpollEvent, timeout time.Duration) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(unsafe.SliceData(raw))),
		uintptr(len(raw)), uintptr(timeoutMillis(timeout)), 0, 0)
	return waitResult(n, errno)
}

// timeoutMillis rounds a timeout up, lest the loop spin through the last
// fraction of a millisecond.
func timeoutMillis(timeout time.Duration) int {
	if timeout < 0 {
		return -1
	}
	const longest = time.Duration(math.MaxInt32) * time.Millisecond
	timeout = min(timeout, longest)
	return int((timeout + time.Millisecond - 1) / time.Millisecond)
}

func waitResult(n uintptr, errno unix.Errno) (int, error) {
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, fmt.Errorf("epoll_wait: %s", strerror(errno))
}

// translate turns epoll's events into ours, leaving out the wake-up.
func translate(raw []unix.EpollEvent, events []Event) int {
	count := 0
	for i := range raw {
		token, mask := *tokenOf(&raw[i]), raw[i].Events
		if token == wakeToken {
			continue
		}
		events[count] = Event{
			Token:    token,
			Readable: mask&unix.EPOLLIN != 0,
			Writable: mask&unix.EPOLLOUT != 0,
			Hangup:   mask&(unix.EPOLLHUP|unix.EPOLLERR) != 0,
		}
		count++
	}
	return count
}
