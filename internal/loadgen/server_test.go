package loadgen

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scriptedServer answers as its script says and keeps what it was sent.
type scriptedServer struct {
	addr     string
	listener net.Listener
	// answer returns the reply to a command, given as its arguments in one
	// string; an empty reply closes the connection.
	answer func(command string) string
	// banner is sent to every new connection, which is then closed.
	banner string
	// trickle makes replies arrive one byte at a time.
	trickle bool

	all         sync.WaitGroup
	mu          sync.Mutex
	connections int
	conns       []net.Conn
	commands    []string // of all connections, in order of arrival
	wire        []byte   // the bytes of all commands but those of set-up
}

func answerOK(string) string { return "+OK\r\n" }

// startServer starts a server that ends with the test.
func startServer(t *testing.T, s *scriptedServer) *scriptedServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, s, listener)
}

func startTLSServer(t *testing.T, s *scriptedServer, config *tls.Config) *scriptedServer {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, s, listener)
}

func serveOn(t *testing.T, s *scriptedServer, listener net.Listener) *scriptedServer {
	if s.answer == nil {
		s.answer = answerOK
	}
	s.listener, s.addr = listener, listener.Addr().String()
	s.all.Go(s.accept)
	t.Cleanup(func() {
		listener.Close()
		s.mu.Lock()
		for _, conn := range s.conns {
			conn.Close()
		}
		s.mu.Unlock()
		s.all.Wait()
	})
	return s
}

func (s *scriptedServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.connections++
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		s.all.Go(func() {
			defer conn.Close()
			if s.banner != "" {
				io.WriteString(conn, s.banner)
				return
			}
			s.serve(conn)
		})
	}
}

func (s *scriptedServer) serve(conn net.Conn) {
	reader := bufio.NewReader(conn)
	for {
		wire, command, err := readCommand(reader)
		if err != nil {
			return
		}
		reply, setUp := s.setUpReply(command)
		if !setUp {
			s.mu.Lock()
			s.commands = append(s.commands, command)
			s.wire = append(s.wire, wire...)
			s.mu.Unlock()
			reply = s.answer(command)
		}
		if reply == "" {
			return
		}
		step := len(reply)
		if s.trickle {
			step = 1
		}
		for ; len(reply) > 0; reply = reply[step:] {
			if _, err := io.WriteString(conn, reply[:step]); err != nil {
				return
			}
		}
	}
}

// setUpReply answers what the command asks a server before it measures.
func (s *scriptedServer) setUpReply(command string) (string, bool) {
	switch command {
	case "CONFIG GET save":
		return "*2\r\n$4\r\nsave\r\n$7\r\n3600 1 \r\n", true
	case "CONFIG GET appendonly":
		return "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n", true
	}
	return "", false
}

// readCommand reads an inline command or an array of bulks.
func readCommand(r *bufio.Reader) (wire []byte, command string, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, "", err
	}
	wire = []byte(line)
	if line[0] != '*' {
		return wire, strings.TrimSuffix(line, "\r\n"), nil
	}
	n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
	args := make([]string, n)
	for i := range args {
		header, err := r.ReadString('\n')
		if err != nil {
			return nil, "", err
		}
		size, _ := strconv.Atoi(strings.TrimSpace(header[1:]))
		body := make([]byte, size+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return nil, "", err
		}
		wire = append(append(wire, header...), body...)
		args[i] = string(body[:size])
	}
	return wire, strings.Join(args, " "), nil
}

func (s *scriptedServer) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...)
}

func (s *scriptedServer) receivedWire() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.wire)
}

func (s *scriptedServer) connectionCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// invocation is one use of the command.
type invocation struct {
	status         int
	stdout, stderr string
}

// invoke runs the command against the server.
func (s *scriptedServer) invoke(t *testing.T, args ...string) invocation {
	t.Helper()
	return invokeWith(t, "", append([]string{"-u", "valkey://" + s.addr}, args...)...)
}

func invokeWith(t *testing.T, stdin string, args ...string) invocation {
	t.Helper()
	var stdout, stderr strings.Builder
	status := runCommand(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	return invocation{status, stdout.String(), stderr.String()}
}

// succeed fails the test unless the command exited with 0.
func (i invocation) succeed(t *testing.T) invocation {
	t.Helper()
	if i.status != 0 {
		t.Fatalf("exit status %d\nstdout: %s\nstderr: %s", i.status, i.stdout, i.stderr)
	}
	return i
}
