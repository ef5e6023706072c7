//go:build kvasir_portable || !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package poll

import (
	"sync"
	"time"
)

// Poller waits for readiness that the goroutines of its sockets report.
//
// A socket reports every change that may have made it ready; it is then a
// candidate. Wait takes all candidates, asks each for its state, and keeps
// those that are ready as candidates, which makes it level-triggered.
type Poller struct {
	mu         sync.Mutex
	candidates map[source]struct{}
	woken      bool

	signal chan struct{} // holds one element after a report or a wake-up
}

// source is a socket: a Conn or a Listener.
type source interface {
	// event returns what the socket is ready for; ok is false for nothing.
	event() (event Event, ok bool)
}

// New returns a Poller without sockets.
func New(Options) (*Poller, error) {
	return &Poller{candidates: map[source]struct{}{}, signal: make(chan struct{}, 1)}, nil
}

// Close releases the Poller. Its sockets stay open.
func (p *Poller) Close() error { return nil }

// Add registers a connection for reading.
func (p *Poller) Add(c *Conn, token uint64) error {
	if err := c.register(p, token); err != nil {
		return err
	}
	p.report(c)
	return nil
}

// Modify changes what a registered connection is watched for. Reading is
// switched off to push back on a client; with both off, only Hangup is seen.
func (p *Poller) Modify(c *Conn, read, write bool) error {
	c.watch(read, write)
	p.report(c)
	return nil
}

// Remove forgets a connection, which stays open. Events already fetched may
// still name it.
func (p *Poller) Remove(c *Conn) error {
	c.unregister()
	return nil
}

// AddListener registers a listener: Readable means that connections wait.
func (p *Poller) AddListener(l *Listener, token uint64) error {
	l.register(p, token)
	p.report(l)
	return nil
}

// RemoveListener forgets a listener, which stays open.
func (p *Poller) RemoveListener(l *Listener) error {
	l.register(nil, 0)
	return nil
}

// report makes s a candidate.
func (p *Poller) report(s source) {
	p.mu.Lock()
	p.candidates[s] = struct{}{}
	p.mu.Unlock()
	p.rouse()
}

func (p *Poller) rouse() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// Wake makes the current or, if there is none, the next Wait return without
// blocking. It may be called by any goroutine.
func (p *Poller) Wake() {
	p.mu.Lock()
	p.woken = true
	p.mu.Unlock()
	p.rouse()
}

// Wait fills events with ready sockets and returns how many there are. With
// none ready it waits up to timeout (negative: forever) or for a wake-up.
func (p *Poller) Wait(events []Event, timeout time.Duration) (int, error) {
	var expired <-chan time.Time
	if timeout >= 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	for {
		count, woken := p.collect(events)
		if count > 0 || woken || timeout == 0 {
			return count, nil
		}
		select {
		case <-p.signal:
		case <-expired:
			return 0, nil
		}
	}
}

// collect asks the candidates and takes a wake-up.
func (p *Poller) collect(events []Event) (count int, woken bool) {
	p.mu.Lock()
	candidates := p.candidates
	p.candidates = map[source]struct{}{}
	woken, p.woken = p.woken, false
	p.mu.Unlock()
	for s := range candidates {
		if count < len(events) {
			event, ok := s.event()
			if !ok {
				continue
			}
			events[count] = event
			count++
		}
		p.report(s)
	}
	return count, woken
}
