package server

import (
	"slices"
	"sync"

	"github.com/kvasirdb/kvasir/internal/session"
)

// Room is where clients wait whose command a gate has postponed. The command
// comes again when the room is emptied: it goes through the gates as if it had
// just been received, and what its client has sent behind it follows.
type Room struct {
	mu      sync.Mutex // clients are postponed by several loops at a time
	waiting []*session.Client
}

// Enter notes a client whose command the calling gate postpones.
func (r *Room) Enter(c *session.Client) {
	r.mu.Lock()
	r.waiting = append(r.waiting, c)
	r.mu.Unlock()
}

// Empty lets all clients go on, in the order in which they came. Exclusive mode
// only.
func (r *Room) Empty() {
	r.mu.Lock()
	waiting := r.waiting
	r.waiting = nil
	r.mu.Unlock()
	for _, c := range waiting {
		c.Clear(session.Blocked)
		c.Touch()
	}
}

// Waiting returns how many clients wait.
func (r *Room) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// forget takes out a client that leaves.
func (r *Room) forget(c *session.Client) {
	r.mu.Lock()
	if i := slices.Index(r.waiting, c); i >= 0 {
		r.waiting = slices.Delete(r.waiting, i, i+1)
	}
	r.mu.Unlock()
}
