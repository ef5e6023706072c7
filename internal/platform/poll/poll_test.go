package poll

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds waits for events that do come.
const patience = 10 * time.Second

func newPoller(t testing.TB) *Poller {
	t.Helper()
	p, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func listenLoopback(t testing.TB) *Listener {
	t.Helper()
	l, err := ListenTCP("127.0.0.1", 0, ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(t testing.TB, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// waitFor returns the first event of token that satisfies want.
func waitFor(t testing.TB, p *Poller, token uint64, want func(Event) bool) Event {
	t.Helper()
	events := make([]Event, 16)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		n, err := p.Wait(events, time.Until(deadline))
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events[:n] {
			if event.Token == token && want(event) {
				return event
			}
		}
	}
	t.Fatalf("token %d: the event did not come", token)
	return Event{}
}

func readable(e Event) bool { return e.Readable }
func writable(e Event) bool { return e.Writable }
func hangup(e Event) bool   { return e.Hangup }

// acceptOne accepts a connection through the poller.
func acceptOne(t testing.TB, p *Poller, l *Listener) *Conn {
	t.Helper()
	const token = 1 << 40
	if err := p.AddListener(l, token); err != nil {
		t.Fatal(err)
	}
	waitFor(t, p, token, readable)
	conns := make([]*Conn, 1)
	if n, err := l.Accept(conns); n != 1 || err != nil {
		t.Fatalf("%d connections, error %v", n, err)
	}
	if err := p.RemoveListener(l); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conns[0].Close() })
	return conns[0]
}

// pair returns both ends of a connection, the first one registered.
func pair(t testing.TB, p *Poller, token uint64) (*Conn, net.Conn) {
	t.Helper()
	l := listenLoopback(t)
	client := dial(t, "tcp", l.Addr())
	c := acceptOne(t, p, l)
	if err := p.Add(c, token); err != nil {
		t.Fatal(err)
	}
	return c, client
}

// readAll reads count bytes of a registered connection.
func readAll(t testing.TB, p *Poller, c *Conn, token uint64, count int) []byte {
	t.Helper()
	var got []byte
	buf := make([]byte, 4096)
	for len(got) < count {
		n, err := c.Read(buf)
		got = append(got, buf[:n]...)
		if errors.Is(err, ErrAgain) {
			waitFor(t, p, token, readable)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func TestReadWrite(t *testing.T) {
	p := newPoller(t)
	c, client := pair(t, p, 7)
	if _, err := c.Read(make([]byte, 10)); err != ErrAgain {
		t.Fatalf("reading nothing: %v", err)
	}
	if _, err := client.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, p, 7, readable)
	if got := readAll(t, p, c, 7, 5); string(got) != "hello" {
		t.Fatalf("read %q", got)
	}
	if n, err := c.Write([]byte("one ")); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := c.Writev([][]byte{[]byte("two "), nil, []byte("three")}); n != 9 || err != nil {
		t.Fatal(n, err)
	}
	got := make([]byte, 13)
	if _, err := io.ReadFull(client, got); err != nil || string(got) != "one two three" {
		t.Fatalf("%q, %v", got, err)
	}
	for _, write := range []func() (int, error){
		func() (int, error) { return c.Write(nil) },
		func() (int, error) { return c.Writev(nil) },
		func() (int, error) { return c.Read(nil) },
	} {
		if n, err := write(); n != 0 || err != nil {
			t.Fatalf("nothing to transfer: %d, %v", n, err)
		}
	}
}

// TestLevelTriggered: unread bytes are reported again and again.
func TestLevelTriggered(t *testing.T) {
	p := newPoller(t)
	c, client := pair(t, p, 1)
	if _, err := client.Write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		waitFor(t, p, 1, readable)
		if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	events := make([]Event, 4)
	if n, err := p.Wait(events, 0); n != 0 || err != nil {
		t.Fatalf("%d events of a drained socket, %v", n, err)
	}
}

// TestFullSocket: a peer that does not read stops the writer, and room for
// more bytes is reported if asked for.
func TestFullSocket(t *testing.T) {
	p := newPoller(t)
	c, client := pair(t, p, 1)
	chunk := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	sent := 0
	events := make([]Event, 4)
	if err := p.Modify(c, true, true); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := c.Writev([][]byte{chunk[:100], chunk[100:]})
		sent += n
		if err != nil && err != ErrAgain {
			t.Fatal(err)
		}
		if sent > 1<<30 {
			t.Fatal("the socket is never full")
		}
		// The system may still make room by moving bytes to the peer's side.
		if err == ErrAgain {
			if n, err := p.Wait(events, 20*time.Millisecond); n == 0 && err == nil {
				break
			}
		}
	}
	received := make(chan int64, 1)
	go func() {
		n, _ := io.Copy(io.Discard, client)
		received <- n
	}()
	waitFor(t, p, 1, writable)
	if err := p.Modify(c, true, false); err != nil {
		t.Fatal(err)
	}
	if n, _ := p.Wait(events, 0); n != 0 {
		t.Fatalf("event %+v although nothing is asked for", events[0])
	}
	if err := p.Remove(c); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case n := <-received:
		if n != int64(sent) {
			t.Fatalf("%d bytes sent, %d received", sent, n)
		}
	case <-time.After(patience):
		t.Fatal("the peer does not see the end of the stream")
	}
}

// TestReadingSwitchedOff: pushing back on a client.
func TestReadingSwitchedOff(t *testing.T) {
	p := newPoller(t)
	c, client := pair(t, p, 1)
	if err := p.Modify(c, false, false); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	events := make([]Event, 4)
	if n, _ := p.Wait(events, 20*time.Millisecond); n != 0 {
		t.Fatalf("event %+v of a socket that is not read", events[0])
	}
	if err := p.Modify(c, true, false); err != nil {
		t.Fatal(err)
	}
	waitFor(t, p, 1, readable)
}

func TestEndOfStream(t *testing.T) {
	p := newPoller(t)
	c, client := pair(t, p, 1)
	if _, err := client.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	client.Close()
	if got := readAll(t, p, c, 1, 4); string(got) != "last" {
		t.Fatalf("read %q", got)
	}
	waitFor(t, p, 1, readable)
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatal(n, err)
	}
}

// TestHalfClosed: a client that has sent everything still gets its replies.
func TestHalfClosed(t *testing.T) {
	p := newPoller(t)
	c, client := pair(t, p, 1)
	if err := client.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, p, 1, readable)
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	if n, err := c.Write([]byte("reply")); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(client, got); err != nil {
		t.Fatal(err)
	}
}

// TestReset: a broken connection is reported even if nothing is asked for,
// and reading tells the reason.
func TestReset(t *testing.T) {
	p := newPoller(t)
	c, client := pair(t, p, 1)
	if err := p.Modify(c, false, false); err != nil {
		t.Fatal(err)
	}
	client.(*net.TCPConn).SetLinger(0)
	client.Close()
	waitFor(t, p, 1, hangup)
	if _, err := c.Read(make([]byte, 1)); err == nil || err == ErrAgain {
		t.Fatalf("reading a broken connection: %v", err)
	}
	if _, err := c.Write([]byte("x")); err == nil || err == ErrAgain {
		t.Fatalf("writing to a broken connection: %v", err)
	}
}

func TestShutdown(t *testing.T) {
	p := newPoller(t)
	c, client := pair(t, p, 1)
	if err := c.Shutdown(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, p, 1, readable)
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
}

func TestTimeout(t *testing.T) {
	p := newPoller(t)
	events := make([]Event, 4)
	if n, err := p.Wait(events, 0); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	start := time.Now()
	for time.Since(start) < 5*time.Millisecond {
		// A wait may end early, but not with an event.
		if n, err := p.Wait(events, 5*time.Millisecond); n != 0 || err != nil {
			t.Fatal(n, err)
		}
	}
}

// TestWake: messages from many goroutines all arrive, each announced by a
// wake-up, whether the loop sleeps or works.
func TestWake(t *testing.T) {
	p := newPoller(t)
	const senders, messages = 8, 2000
	var (
		mu    sync.Mutex
		queue []int
		wg    sync.WaitGroup
	)
	for sender := range senders {
		wg.Go(func() {
			for i := range messages {
				mu.Lock()
				queue = append(queue, sender*messages+i)
				mu.Unlock()
				p.Wake()
			}
		})
	}
	seen := map[int]bool{}
	events := make([]Event, 4)
	for len(seen) < senders*messages {
		n, err := p.Wait(events, patience)
		if n != 0 || err != nil {
			t.Fatalf("a wake-up returned %d events, %v", n, err)
		}
		mu.Lock()
		if len(queue) == 0 && len(seen) == 0 {
			mu.Unlock()
			continue
		}
		for _, message := range queue {
			seen[message] = true
		}
		queue = queue[:0]
		mu.Unlock()
	}
	wg.Wait()
}

// TestWakeBeforeWait: a wake-up while the loop works is not lost.
func TestWakeBeforeWait(t *testing.T) {
	p := newPoller(t)
	events := make([]Event, 4)
	for range 100 {
		p.Wake()
		p.Wake()
		start := time.Now()
		if n, err := p.Wait(events, patience); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if time.Since(start) > patience/2 {
			t.Fatal("the wake-up was lost")
		}
	}
}

func TestAcceptStorm(t *testing.T) {
	p := newPoller(t)
	l := listenLoopback(t)
	if err := p.AddListener(l, 99); err != nil {
		t.Fatal(err)
	}
	const clients = 200
	addr := l.Addr()
	results := make(chan error, clients)
	for i := range clients {
		go func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				results <- err
				return
			}
			defer c.Close()
			want := "client " + strconv.Itoa(i)
			if _, err := io.WriteString(c, want); err != nil {
				results <- err
				return
			}
			got := make([]byte, len(want))
			if _, err = io.ReadFull(c, got); err == nil && string(got) != want {
				err = errors.New("echo of " + want + " is " + string(got))
			}
			results <- err
		}()
	}
	conns := map[uint64]*Conn{}
	batch := make([]*Conn, 16)
	events := make([]Event, 8) // fewer than sockets are ready
	buf := make([]byte, 100)
	next := uint64(100)
	for done := 0; done < clients; {
		n, err := p.Wait(events, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events[:n] {
			if event.Token == 99 {
				count, err := l.Accept(batch)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range batch[:count] {
					if err := p.Add(c, next); err != nil {
						t.Fatal(err)
					}
					conns[next] = c
					next++
				}
				continue
			}
			c := conns[event.Token]
			n, err := c.Read(buf)
			if err == ErrAgain {
				continue
			}
			if err != nil {
				if err := p.Remove(c); err != nil {
					t.Fatal(err)
				}
				c.Close()
				delete(conns, event.Token)
				continue
			}
			if written, err := c.Write(buf[:n]); written != n || err != nil {
				t.Fatal(written, err)
			}
		}
	drain:
		for {
			select {
			case err := <-results:
				if err != nil {
					t.Fatal(err)
				}
				done++
			default:
				break drain
			}
		}
	}
	for _, c := range conns {
		c.Close()
	}
}

func TestAddresses(t *testing.T) {
	p := newPoller(t)
	c, client := pair(t, p, 1)
	if got, want := c.RemoteAddr(), client.LocalAddr().String(); got != want {
		t.Errorf("remote address %q, want %q", got, want)
	}
	if got, want := c.LocalAddr(), client.RemoteAddr().String(); got != want {
		t.Errorf("local address %q, want %q", got, want)
	}
	if c.RemoteIP() != "127.0.0.1" || c.LocalIP() != "127.0.0.1" || c.IsUnix() || !c.IsLocal() {
		t.Errorf("%q, %q, unix %v, local %v", c.RemoteIP(), c.LocalIP(), c.IsUnix(), c.IsLocal())
	}
	if _, port, _ := net.SplitHostPort(client.LocalAddr().String()); strconv.Itoa(c.RemotePort()) != port {
		t.Errorf("remote port %d, want %s", c.RemotePort(), port)
	}
	for _, test := range []struct {
		ip   string
		want string
	}{{"10.0.0.1", "10.0.0.1:6379"}, {"::1", "[::1]:6379"}, {"?", "?:6379"}} {
		if got := FormatAddress(test.ip, 6379); got != test.want {
			t.Errorf("FormatAddress(%q) = %q", test.ip, got)
		}
	}
}

func TestIPv6(t *testing.T) {
	p := newPoller(t)
	l, err := ListenTCP("::1", 0, ListenOptions{})
	if err != nil {
		if strings.Contains(err.Error(), "bind: ") || strings.Contains(err.Error(), "unable to bind") {
			t.Logf("this machine has no IPv6 loopback: %v", err)
			return
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	client := dial(t, "tcp", l.Addr())
	c := acceptOne(t, p, l)
	if got, want := c.RemoteAddr(), client.LocalAddr().String(); got != want || !strings.HasPrefix(got, "[::1]:") {
		t.Errorf("remote address %q, want %q", got, want)
	}
	if !c.IsLocal() {
		t.Error("the loopback address is not local")
	}
}

func TestUnixSocket(t *testing.T) {
	p := newPoller(t)
	path := filepath.Join(t.TempDir(), "kvasir.sock")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := ListenUnix(path, 0o700, "", ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if info, err := os.Stat(path); err != nil || info.Mode()&os.ModeSocket == 0 || info.Mode().Perm() != 0o700 {
		t.Errorf("socket file: %v, %v", info.Mode(), err)
	}
	client := dial(t, "unix", path)
	c := acceptOne(t, p, l)
	if err := p.Add(c, 5); err != nil {
		t.Fatal(err)
	}
	if c.RemoteAddr() != path+":0" || c.LocalAddr() != path+":0" || c.RemoteIP() != "/unixsocket" || !c.IsUnix() || !c.IsLocal() {
		t.Errorf("%q, %q, %q, unix %v, local %v", c.RemoteAddr(), c.LocalAddr(), c.RemoteIP(), c.IsUnix(), c.IsLocal())
	}
	if _, err := client.Write([]byte("over unix")); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, p, c, 5, 9); string(got) != "over unix" {
		t.Errorf("read %q", got)
	}
	client.Close()
	waitFor(t, p, 5, readable)
}

func TestNetConnRoundTrip(t *testing.T) {
	p := newPoller(t)
	l := listenLoopback(t)
	dialed := dial(t, "tcp", l.Addr())
	server := acceptOne(t, p, l)
	client, err := FromNetConn(dialed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if client.RemoteAddr() != server.LocalAddr() {
		t.Errorf("remote address %q, want %q", client.RemoteAddr(), server.LocalAddr())
	}
	blocking, err := server.NetConn()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(blocking, got); err != nil || string(got) != "ping" {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := blocking.Write([]byte("pong")); err != nil {
		t.Fatal(err)
	}
	if err := p.Add(client, 3); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, p, client, 3, 4); string(got) != "pong" {
		t.Fatalf("read %q", got)
	}
}

func TestSocketOptions(t *testing.T) {
	p := newPoller(t)
	c, _ := pair(t, p, 1)
	for _, err := range []error{c.SetKeepAlive(300), c.SetKeepAlive(1), c.SetNoDelay(false), c.SetNoDelay(true)} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestClosed(t *testing.T) {
	p := newPoller(t)
	c, _ := pair(t, p, 1)
	l := listenLoopback(t)
	for _, closer := range []io.Closer{c, l} {
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
		if err := closer.Close(); err != ErrClosed {
			t.Errorf("closing %T again: %v", closer, err)
		}
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || err == ErrAgain {
		t.Errorf("reading a closed connection: %v", err)
	}
	if c.FD() != -1 {
		t.Errorf("descriptor %d after Close", c.FD())
	}
}

func TestSpinner(t *testing.T) {
	s := newSpinner(Options{})
	if s.budget() != 0 {
		t.Error("polls before anything is known")
	}
	s.waited(spinWait/2, true)
	if s.budget() != DefaultSpinPolls {
		t.Error("does not poll after a short wait")
	}
	s.waited(spinWait/2, false)
	if s.budget() != 0 {
		t.Error("polls after a wait without work")
	}
	s.waited(spinWait*2, true)
	if s.budget() != 0 {
		t.Error("polls after a long wait")
	}
	never := newSpinner(Options{SpinPolls: -1})
	never.waited(0, true)
	if never.budget() != 0 {
		t.Error("polls although it is switched off")
	}
}

// BenchmarkEcho is a request and its reply, each way through a loop of its own
// making on one goroutine, as the server's hot path goes.
func BenchmarkEcho(b *testing.B) {
	p := newPoller(b)
	l := listenLoopback(b)
	client := dial(b, "tcp", l.Addr())
	c := acceptOne(b, p, l)
	if err := p.Add(c, 1); err != nil {
		b.Fatal(err)
	}
	near, err := FromNetConn(client)
	if err != nil {
		b.Fatal(err)
	}
	defer near.Close()
	if err := p.Add(near, 2); err != nil {
		b.Fatal(err)
	}
	events := make([]Event, 16)
	buf := make([]byte, 512)
	message := []byte("*1\r\n$4\r\nPING\r\n")
	if _, err := near.Write(message); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n, err := p.Wait(events, time.Second)
		if err != nil {
			b.Fatal(err)
		}
		for _, event := range events[:n] {
			target := c
			if event.Token == 2 {
				target = near
			}
			count, err := target.Read(buf)
			if err != nil && err != ErrAgain {
				b.Fatal(err)
			}
			if _, err := target.Write(buf[:count]); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkWakeRunning(b *testing.B) {
	p := newPoller(b)
	for b.Loop() {
		p.Wake()
	}
}

func BenchmarkWaitReady(b *testing.B) {
	p := newPoller(b)
	_, client := pair(b, p, 1)
	if _, err := client.Write([]byte("x")); err != nil {
		b.Fatal(err)
	}
	events := make([]Event, 16)
	waitFor(b, p, 1, readable)
	for b.Loop() {
		if n, err := p.Wait(events, time.Second); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
}
