//go:build linux && !kvasir_portable

package poll

import "testing"

// restUntilQuiet waits until the poller rests.
func restUntilQuiet(t *testing.T, p *Poller) {
	t.Helper()
	events := make([]Event, 4)
	for range 100 {
		if n, err := p.Wait(events, restAfter/4); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if p.rest.file != nil {
			return
		}
	}
	t.Fatal("a poller without events does not rest")
}

// TestRest lets a poller rest and ends that by each kind of event.
func TestRest(t *testing.T) {
	p := newPoller(t)
	c, peer := pair(t, p, 7)
	for what, cause := range map[string]func(){
		"bytes":     func() { peer.Write([]byte("x")) },
		"a wake-up": p.Wake,
	} {
		restUntilQuiet(t, p)
		done := make(chan struct{})
		go func() {
			cause()
			close(done)
		}()
		events := make([]Event, 4)
		n, err := p.Wait(events, patience)
		<-done
		if err != nil || what == "bytes" && (n != 1 || events[0].Token != 7) {
			t.Errorf("%s: %d events, %v", what, n, err)
		}
		if p.rest.file != nil {
			t.Errorf("%s did not end the rest", what)
		}
		c.Read(make([]byte, 8))
	}
}

// TestClosedAtRest closes a poller that rests: the copy of its descriptor goes too.
func TestClosedAtRest(t *testing.T) {
	p, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	restUntilQuiet(t, p)
	twin := p.rest.file
	p.Close()
	if twin.Close() == nil {
		t.Error("the copy was still open")
	}
}
