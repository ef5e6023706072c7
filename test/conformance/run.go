package conformance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/test/harness"
)

const (
	replyTimeout = 10 * time.Second
	// pollInterval is the pause between two looks at a server's state.
	pollInterval = 2 * time.Millisecond
)

// runner plays one script to one server in one protocol.
type runner struct {
	server   *harness.Server
	protocol int
	clients  map[string]*connection
	waiting  map[string]bool // clients that are to be blocked
}

type connection struct {
	net.Conn
	in *bufio.Reader
}

func newRunner(server *harness.Server, protocol int) *runner {
	return &runner{server: server, protocol: protocol, clients: map[string]*connection{}, waiting: map[string]bool{}}
}

func (r *runner) close() {
	for _, c := range r.clients {
		c.Close()
	}
}

// left reports whether a step is left out in this protocol.
func (r *runner) left(st *step) bool { return st.protocol != 0 && st.protocol != r.protocol }

// compared reports whether the server is one whose replies the step is about.
func (r *runner) compared(st *step) bool {
	switch r.server.Product {
	case "kvasir":
		return true
	case "redis":
		if st.valkey {
			return false
		}
	}
	return !st.kvasir && (st.since == "" || !older(r.server.Version, st.since))
}

// play runs one step and returns its replies, as many as the step has.
func (r *runner) play(st *step) ([]string, error) {
	c, err := r.client(st.client)
	if err != nil {
		return nil, err
	}
	if !st.eventually {
		return r.exchange(c, st)
	}
	deadline := time.Now().Add(replyTimeout)
	for {
		got, err := r.exchange(c, st)
		if err != nil || r.check(st, got) == nil || time.Now().After(deadline) {
			return got, err
		}
		time.Sleep(pollInterval)
	}
}

// exchange sends the step's bytes and reads its replies.
func (r *runner) exchange(c *connection, st *step) ([]string, error) {
	if _, err := c.Write(st.send); err != nil {
		return nil, err
	}
	if len(st.want) == 1 && st.want[0].in(r.protocol) == pending {
		r.waiting[st.client] = true
		return []string{pending}, r.awaitBlocked()
	}
	delete(r.waiting, st.client)
	c.SetReadDeadline(time.Now().Add(replyTimeout))
	var got []string
	for range max(len(st.want), 1) {
		v, err := readReply(c.in, r.protocol)
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
			c.Close()
			delete(r.clients, st.client)
			return append(got, closed), nil
		}
		if err != nil {
			return got, err
		}
		if st.unordered {
			v = v.sorted()
		}
		got = append(got, v.String())
	}
	return got, nil
}

// check compares replies with what the step expects.
func (r *runner) check(st *step, got []string) error {
	var wrong []string
	for i, want := range st.want {
		reply := "(nothing)"
		if i < len(got) {
			reply = got[i]
		}
		if w := want.in(r.protocol); !matches(w, reply) {
			wrong = append(wrong, fmt.Sprintf("want %s\n    got  %s", shortened(w), shortened(reply)))
		}
	}
	if len(st.want) == 0 {
		wrong = append(wrong, fmt.Sprintf("no reply is expected, got %s", shortened(strings.Join(got, " "))))
	}
	if wrong == nil {
		return nil
	}
	return errors.New(strings.Join(wrong, "\n    "))
}

// shownMax is how much of a reply a failure shows.
const shownMax = 400

func shortened(text string) string {
	if len(text) <= shownMax {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:shownMax], len(text))
}

// client returns the connection of a name.
func (r *runner) client(name string) (*connection, error) {
	if c := r.clients[name]; c != nil {
		return c, nil
	}
	nc, err := net.DialTimeout("tcp", r.server.Addr, replyTimeout)
	if err != nil {
		return nil, err
	}
	c := &connection{nc, bufio.NewReader(nc)}
	r.clients[name] = c
	if r.protocol == 3 {
		c.SetDeadline(time.Now().Add(replyTimeout))
		defer c.SetDeadline(time.Time{})
		if _, err := io.WriteString(c, "HELLO 3\r\n"); err != nil {
			return nil, err
		}
		if _, err := readReply(c.in, 3); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// awaitBlocked waits until the server has blocked as many clients as wait for
// replies.
func (r *runner) awaitBlocked() error {
	ctx, cancel := context.WithTimeout(context.Background(), replyTimeout)
	defer cancel()
	conn, err := client.Dial(ctx, client.Options{Addr: r.server.Addr})
	if err != nil {
		return err
	}
	defer conn.Close()
	for {
		v, err := conn.Do(ctx, "INFO", "clients")
		if err != nil {
			return fmt.Errorf("waiting for a client to block: %w", err)
		}
		if n, _ := strconv.Atoi(harness.InfoFields(v.Str)["blocked_clients"]); n >= len(r.waiting) {
			return nil
		}
		time.Sleep(pollInterval)
	}
}

// older reports whether version a is before b, both like 7.0.15.
func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range bs {
		x := 0
		if i < len(as) {
			x, _ = strconv.Atoi(as[i])
		}
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return false
}
