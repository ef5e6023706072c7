package session

import (
	"fmt"
	"sync"
	"testing"
)

type note struct{ from, number int }

func (n note) Deliver(to *Client) { to.Out.RawString(fmt.Sprintf("%d.%d ", n.from, n.number)) }

func TestMailKeepsTheOrderOfEachSender(t *testing.T) {
	var mu sync.Mutex
	touched := 0
	c := &Client{Touch: func() { mu.Lock(); touched++; mu.Unlock() }}
	const senders, notes = 4, 200
	var wg sync.WaitGroup
	for from := range senders {
		wg.Go(func() {
			for i := range notes {
				c.Send(note{from, i})
			}
		})
	}
	wg.Wait()
	if !c.HasMail() || touched != 1 {
		t.Fatalf("has mail: %v, touched %d times", c.HasMail(), touched)
	}
	c.TakeMail()
	next := make([]int, senders)
	for text := string(c.Out.Bytes()); text != ""; {
		var n note
		if _, err := fmt.Sscanf(text, "%d.%d ", &n.from, &n.number); err != nil {
			t.Fatal(err)
		}
		if n.number != next[n.from] {
			t.Fatalf("note %d of sender %d, want %d", n.number, n.from, next[n.from])
		}
		next[n.from]++
		text = text[len(fmt.Sprintf("%d.%d ", n.from, n.number)):]
	}
	if c.HasMail() || next[0] != notes {
		t.Errorf("has mail: %v, %d notes", c.HasMail(), next[0])
	}
}

func TestTooMuchMailClosesTheClient(t *testing.T) {
	c := &Client{Touch: func() {}}
	for i := range messagesMax + 1 {
		c.Send(note{0, i})
	}
	c.TakeMail()
	if !c.Has(CloseSoon) || c.Out.Len() != 0 {
		t.Errorf("flags %b, %d bytes of output", c.Flags, c.Out.Len())
	}
}

func TestMailOfAClientThatLeaves(t *testing.T) {
	c := &Client{Touch: func() {}}
	c.Send(note{})
	c.Closed()
	if c.HasMail() {
		t.Error("mail is kept for a client that is gone")
	}
}
