package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/kvasirdb/kvasir/internal/client"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeServer answers commands by a function of the test's, on as many
// connections as are made.
type fakeServer struct {
	listener net.Listener
	handle   func(args []string) string // one call at a time
	mu       sync.Mutex
	seen     []string // all commands, words separated by spaces
	conns    map[net.Conn]bool
	wg       sync.WaitGroup
}

// hangUp as a reply closes the connection, noReply sends nothing.
const (
	hangUp  = "hang up"
	noReply = ""
)

func newFakeServer(t *testing.T, handle func(args []string) string) *fakeServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeServer{listener: l, handle: handle, conns: map[net.Conn]bool{}}
	f.wg.Go(f.accept)
	t.Cleanup(f.close)
	return f
}

func (f *fakeServer) accept() {
	for {
		nc, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.conns[nc] = true
		f.mu.Unlock()
		f.wg.Go(func() { f.serve(nc) })
	}
}

func (f *fakeServer) serve(nc net.Conn) {
	defer nc.Close()
	in := bufio.NewReaderSize(nc, 1<<20) // large enough for r to use it as it is
	r := client.NewReader(in, client.DefaultLimits)
	for {
		// Like a server, pass over empty lines between commands.
		for start, _ := in.Peek(2); string(start) == "\r\n"; start, _ = in.Peek(2) {
			in.Discard(2)
		}
		v, err := r.Read()
		if err != nil {
			return
		}
		args := v.Strings()
		f.mu.Lock()
		f.seen = append(f.seen, strings.Join(args, " "))
		reply := f.handle(args)
		f.mu.Unlock()
		if reply == hangUp {
			return
		}
		if _, err := io.WriteString(nc, reply); err != nil {
			return
		}
	}
}

func (f *fakeServer) close() {
	f.listener.Close()
	f.mu.Lock()
	for nc := range f.conns {
		nc.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

func (f *fakeServer) commands() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.seen...)
}

// args returns the options that lead to the server.
func (f *fakeServer) args(rest ...string) []string {
	port := f.listener.Addr().(*net.TCPAddr).Port
	return append([]string{"-p", strconv.Itoa(port)}, rest...)
}

func (f *fakeServer) address() string { return f.listener.Addr().String() }

// script answers by the first word or two of a command, lower case.
func script(replies map[string]string) func([]string) string {
	return func(args []string) string {
		if len(args) > 1 {
			if reply, ok := replies[strings.ToLower(args[0]+" "+args[1])]; ok {
				return reply
			}
		}
		if reply, ok := replies[strings.ToLower(args[0])]; ok {
			return reply
		}
		return fmt.Sprintf("-ERR unknown command '%s'\r\n", args[0])
	}
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

func array(items ...string) string {
	return fmt.Sprintf("*%d\r\n", len(items)) + strings.Join(items, "")
}

type outcome struct {
	status         int
	stdout, stderr string
}

// ttyEnv makes output as on a terminal.
var ttyEnv = []string{"FAKETTY=1"}

func runMain(stdin string, variables []string, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	status := Main(args, strings.NewReader(stdin), &stdout, &stderr, variables)
	return outcome{status, stdout.String(), stderr.String()}
}

func expect(t *testing.T, got, want outcome) {
	t.Helper()
	if got != want {
		t.Errorf("got  %d, stdout %q, stderr %q\nwant %d, stdout %q, stderr %q",
			got.status, got.stdout, got.stderr, want.status, want.stdout, want.stderr)
	}
}

// watchedBuffer collects output and closes a channel once it holds a text.
type watchedBuffer struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	text string
	seen chan struct{}
}

func (w *watchedBuffer) watch(text string, seen chan struct{}) { w.text, w.seen = text, seen }

func (w *watchedBuffer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(p)
	if w.seen != nil && bytes.Contains(w.buf.Bytes(), []byte(w.text)) {
		close(w.seen)
		w.seen = nil
	}
	return len(p), nil
}

func (w *watchedBuffer) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
