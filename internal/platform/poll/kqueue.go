//go:build (darwin || freebsd || netbsd || openbsd || dragonfly) && !kvasir_portable

package poll

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Poller waits for readiness by kqueue.
type Poller struct {
	fd   int
	wake wakeState
	spin spinner
	raw  []unix.Kevent_t

	// A byte written to the pipe ends a wait. It is read by the loop.
	wakeRead, wakeWrite int

	// sockets maps descriptors to what they are registered for: the user's
	// word of a kqueue event is a Go pointer, which a token is not.
	sockets map[int]registration
}

type registration struct {
	token       uint64
	read, write bool
}

// New returns a Poller without sockets.
func New(options Options) (*Poller, error) {
	fd, err := unix.Kqueue()
	if err != nil {
		return nil, fmt.Errorf("kqueue: %s", strerror(err))
	}
	unix.CloseOnExec(fd)
	pipe := make([]int, 2)
	if err := unix.Pipe(pipe); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("pipe: %s", strerror(err))
	}
	p := &Poller{
		fd: fd, spin: newSpinner(options),
		wakeRead: pipe[0], wakeWrite: pipe[1],
		sockets: map[int]registration{},
	}
	for _, end := range pipe {
		unix.CloseOnExec(end)
		if err := unix.SetNonblock(end, true); err != nil {
			p.Close()
			return nil, fmt.Errorf("fcntl(F_SETFL,O_NONBLOCK): %s", strerror(err))
		}
	}
	if err := p.change(p.wakeRead, unix.EVFILT_READ, unix.EV_ADD); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close releases the Poller. Its sockets stay open.
func (p *Poller) Close() error {
	errRead, errWrite := unix.Close(p.wakeRead), unix.Close(p.wakeWrite)
	for _, err := range []error{unix.Close(p.fd), errRead, errWrite} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Add registers a connection for reading.
func (p *Poller) Add(c *Conn, token uint64) error {
	c.token = token
	return p.register(c.fd, token)
}

// Modify changes what a registered connection is watched for. Reading is
// switched off to push back on a client; with both off, only Hangup is seen.
func (p *Poller) Modify(c *Conn, read, write bool) error {
	now, found := p.sockets[c.fd]
	if !found {
		return fmt.Errorf("kevent: %s", strerror(unix.ENOENT))
	}
	if read != now.read {
		// Without interest in bytes the filter stays, edge-triggered, as only
		// it tells of a hangup. Only a new filter changes its trigger.
		if err := p.change(c.fd, unix.EVFILT_READ, unix.EV_DELETE); err != nil {
			return err
		}
		flags := unix.EV_ADD | unix.EV_CLEAR
		if read {
			flags = unix.EV_ADD
		}
		if err := p.change(c.fd, unix.EVFILT_READ, flags); err != nil {
			return err
		}
	}
	if write != now.write {
		flags := unix.EV_DELETE
		if write {
			flags = unix.EV_ADD
		}
		if err := p.change(c.fd, unix.EVFILT_WRITE, flags); err != nil {
			return err
		}
	}
	p.sockets[c.fd] = registration{now.token, read, write}
	return nil
}

// Remove forgets a connection, which stays open. Events already fetched may
// still name it.
func (p *Poller) Remove(c *Conn) error { return p.forget(c.fd) }

// AddListener registers a listener: Readable means that connections wait.
func (p *Poller) AddListener(l *Listener, token uint64) error { return p.register(l.fd, token) }

// RemoveListener forgets a listener, which stays open.
func (p *Poller) RemoveListener(l *Listener) error { return p.forget(l.fd) }

func (p *Poller) register(fd int, token uint64) error {
	if err := p.change(fd, unix.EVFILT_READ, unix.EV_ADD); err != nil {
		return err
	}
	p.sockets[fd] = registration{token: token, read: true}
	return nil
}

func (p *Poller) forget(fd int) error {
	now, found := p.sockets[fd]
	if !found {
		return fmt.Errorf("kevent: %s", strerror(unix.ENOENT))
	}
	delete(p.sockets, fd)
	if now.write {
		if err := p.change(fd, unix.EVFILT_WRITE, unix.EV_DELETE); err != nil {
			return err
		}
	}
	return p.change(fd, unix.EVFILT_READ, unix.EV_DELETE)
}

func (p *Poller) change(fd, filter, flags int) error {
	var event [1]unix.Kevent_t
	unix.SetKevent(&event[0], fd, filter, flags)
	for {
		_, err := unix.Kevent(p.fd, event[:], nil, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("kevent: %s", strerror(err))
		}
		return nil
	}
}

// Wake makes the current or, if there is none, the next Wait return without
// blocking. It may be called by any goroutine, and costs next to nothing while
// the loop is busy.
func (p *Poller) Wake() {
	if !p.wake.notify() {
		return
	}
	for {
		// A full pipe wakes as well as one more byte in it.
		if _, err := unix.Write(p.wakeWrite, []byte{0}); err != unix.EINTR {
			return
		}
	}
}

// Wait fills events with ready sockets and returns how many there are. With
// none ready it waits up to timeout (negative: forever) or for a wake-up; it
// may also return 0 early, when a signal interrupts it. A socket that is ready
// both ways may take two events.
func (p *Poller) Wait(events []Event, timeout time.Duration) (int, error) {
	if len(p.raw) < len(events) {
		p.raw = make([]unix.Kevent_t, len(events))
	}
	raw := p.raw[:len(events)]

	n, err := p.poll(raw, 0)
	if n == 0 && err == nil && timeout != 0 {
		n, err = p.waitLonger(raw, timeout)
	}
	p.wake.awake()
	if err != nil {
		return 0, err
	}
	return p.translate(raw[:n], events), nil
}

// waitLonger is Wait after a first look has found nothing.
func (p *Poller) waitLonger(raw []unix.Kevent_t, timeout time.Duration) (int, error) {
	for range p.spin.budget() {
		if p.wake.pending() {
			return 0, nil
		}
		if n, err := p.poll(raw, 0); n != 0 || err != nil {
			return n, err
		}
	}
	if !p.wake.sleep() {
		return 0, nil
	}
	start := time.Now()
	n, err := p.poll(raw, timeout)
	p.spin.waited(time.Since(start), n > 0)
	return n, err
}

// poll waits up to timeout; negative: forever.
func (p *Poller) poll(raw []unix.Kevent_t, timeout time.Duration) (int, error) {
	var limit *unix.Timespec
	if timeout >= 0 {
		value := unix.NsecToTimespec(int64(timeout))
		limit = &value
	}
	n, err := unix.Kevent(p.fd, nil, raw, limit)
	switch err {
	case nil:
		return n, nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, fmt.Errorf("kevent: %s", strerror(err))
}

// translate turns kqueue's events into ours, taking the wake-up out.
func (p *Poller) translate(raw []unix.Kevent_t, events []Event) int {
	count := 0
	for i := range raw {
		fd := int(raw[i].Ident)
		if fd == p.wakeRead {
			p.drainWakeups()
			continue
		}
		socket, found := p.sockets[fd]
		if !found {
			continue // closed without Remove, or removed after the fetch
		}
		ended := raw[i].Flags&unix.EV_EOF != 0
		reading := raw[i].Filter == unix.EVFILT_READ
		event := Event{
			Token:    socket.token,
			Readable: reading && socket.read,
			Writable: !reading && socket.write,
			// The end of the peer's stream alone is no hangup; an error is,
			// and so is a connection that takes no more bytes.
			Hangup: ended && (!reading || raw[i].Fflags != 0),
		}
		if event.Readable || event.Writable || event.Hangup {
			events[count] = event
			count++
		}
	}
	return count
}

func (p *Poller) drainWakeups() {
	var scratch [64]byte
	for {
		n, err := unix.Read(p.wakeRead, scratch[:])
		if err == unix.EINTR {
			continue
		}
		if n < len(scratch) {
			return
		}
	}
}
