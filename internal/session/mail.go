package session

import (
	"sync"
	"sync/atomic"
)

// Message is something to say to a client that it has not asked for just now: a
// message of a channel, an invalidation. It may be sent to many clients, and so
// must not change once it is.
type Message interface {
	// Deliver appends the message to the client's output. It runs on the loop
	// that owns the client, between two commands of the client's.
	Deliver(to *Client)
}

// messagesMax is how many messages may wait for a client's loop. A loop takes
// them at least once a turn, so only one command, a transaction say, that sends
// this many can pass the limit. The client is closed then, as one is that does
// not read.
const messagesMax = 1 << 20

// messagesKept is the room for messages that a client keeps.
const messagesKept = 16

// mailbox is how a client gets messages from commands of others, which run on
// any loop. Its own loop empties it: at the beginning of a turn, so that what was
// sent before a request came is seen before its reply; after each command of the
// client's, so that what the command itself caused follows its reply; and at the
// end of the turn.
type mailbox struct {
	mu       sync.Mutex
	messages []Message // guarded by mu
	overflow bool      // guarded by mu
	waiting  atomic.Bool
}

// Send leaves a message for the client. Any goroutine that holds a reader lock
// may send, whatever else it has locked: while it does, the client does not
// leave. Messages that were sent one after the other arrive in that order.
func (c *Client) Send(m Message) {
	b := &c.mail
	b.mu.Lock()
	if len(b.messages) < messagesMax {
		b.messages = append(b.messages, m)
	} else {
		b.overflow = true
	}
	first := len(b.messages) == 1
	if first {
		b.waiting.Store(true)
	}
	b.mu.Unlock()
	if first {
		c.Touch()
	}
}

// HasMail reports whether messages wait for the client.
func (c *Client) HasMail() bool { return c.mail.waiting.Load() }

// TakeMail appends what has been sent to the client's output. Owner loop only,
// and not amid a reply.
func (c *Client) TakeMail() {
	b := &c.mail
	b.mu.Lock()
	messages, overflow := b.messages, b.overflow
	b.messages, b.overflow = nil, false
	b.waiting.Store(false)
	b.mu.Unlock()
	if overflow {
		c.Set(CloseSoon)
		return
	}
	for _, m := range messages {
		m.Deliver(c)
	}
	if cap(messages) <= messagesKept {
		clear(messages)
		b.mu.Lock()
		if b.messages == nil {
			b.messages = messages[:0]
		}
		b.mu.Unlock()
	}
}

// dropMail forgets what a client that leaves was not told.
func (c *Client) dropMail() {
	b := &c.mail
	b.mu.Lock()
	b.messages = nil
	b.waiting.Store(false)
	b.mu.Unlock()
}
