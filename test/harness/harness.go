// Package harness starts servers for tests and measurements: Kvasir inside the
// calling process or as a binary, Redis and Valkey where they are installed.
//
// Every server listens on 127.0.0.1 and a port of its own, works in a folder
// that Stop removes, saves nothing, and is ended by its own process number.
//
//	node       Kvasir in this process; nothing needs to be built
//	binary     any server of the family, started from its path
//	reference  a server whose answers ours are compared with: what the
//	           environment variables REDIS_SERVER and VALKEY_SERVER name
package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

const (
	// startAttempts bounds how often another port is tried: between finding a
	// free port and listening on it, some other program may take it.
	startAttempts = 5
	readyTimeout  = 20 * time.Second
	stopTimeout   = 20 * time.Second
)

// Server is one running server.
type Server struct {
	// Addr is host:port; Port is its second half.
	Addr string
	Port int
	// Product is "kvasir", "valkey" or "redis"; Version is that product's, such
	// as 7.0.15 (for Kvasir, the version of Valkey whose behaviour it has).
	Product string
	Version string
	// PID is the process to measure; for a node, the calling one.
	PID int

	dir  string
	stop func() error
}

// Stop ends the server, waits for its end and removes its folder.
func (s *Server) Stop() error {
	err := s.stop()
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Command says how a binary is started.
type Command struct {
	// Path is the binary. Where it is our kvasir, Args starts with "server".
	Path string
	Args []string
	// Wrapper, such as taskset -c 1, comes before the path.
	Wrapper []string
	// Env is added to the environment.
	Env []string
}

// Kvasir is the command of our own binary at path.
func Kvasir(path string) Command { return Command{Path: path, Args: []string{"server"}} }

// With returns the command with more options, such as --io-threads 2.
func (c Command) With(options ...string) Command {
	c.Args = append(append([]string(nil), c.Args...), options...)
	return c
}

// References returns the reference servers that the environment names, by
// product.
func References() map[string]Command {
	found := make(map[string]Command)
	for product, variable := range map[string]string{"redis": "REDIS_SERVER", "valkey": "VALKEY_SERVER"} {
		if path := os.Getenv(variable); path != "" {
			found[product] = Command{Path: path}
		}
	}
	return found
}

// StartBinary starts a binary and waits until it answers.
func StartBinary(c Command) (*Server, error) {
	return retry(func(port int, dir string) (*Server, error) { return startBinary(c, port, dir) })
}

// StartNode starts Kvasir in this process, with options as on the command line.
func StartNode(options ...string) (*Server, error) {
	return retry(func(port int, dir string) (*Server, error) { return startNode(options, port, dir) })
}

// Start is for tests: it fails the test where start does, and stops the server
// when the test ends.
func Start(t testing.TB, start func() (*Server, error)) *Server {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stopping the server: %v", err)
		}
	})
	return s
}

// Build compiles the kvasir binary into dir and returns its path, unless
// KVASIR_BINARY names one that is built already.
func Build(dir string) (string, error) {
	if path := os.Getenv("KVASIR_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(dir, "kvasir")
	build := exec.Command("go", "build", "-o", path, "github.com/kvasirdb/kvasir/cmd/kvasir")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building kvasir: %w\n%s", err, out)
	}
	return path, nil
}

// retry calls start with a free port and a fresh folder until it succeeds.
func retry(start func(port int, dir string) (*Server, error)) (s *Server, err error) {
	for range startAttempts {
		port, dir, e := place()
		if e != nil {
			return nil, e
		}
		if s, err = start(port, dir); err == nil {
			return s, nil
		}
		os.RemoveAll(dir)
	}
	return nil, err
}

// place finds a free port and makes a folder.
func place() (port int, dir string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, "", err
	}
	port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, "", err
	}
	dir, err = os.MkdirTemp("", "kvasir-test-")
	return port, dir, err
}

// basics are the options of every server here.
func basics(port int, dir string) []string {
	return []string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", ""}
}

func startBinary(c Command, port int, dir string) (*Server, error) {
	words := append([]string(nil), c.Wrapper...)
	words = append(words, c.Path)
	args := c.Args
	if len(args) > 0 && args[0] == "server" {
		words, args = append(words, "server"), args[1:]
	}
	words = append(words, basics(port, dir)...)
	words = append(words, args...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s := &Server{PID: cmd.Process.Pid, dir: dir}
	s.stop = func() error { return endProcess(cmd.Process, ended) }
	if err := s.ready(port, ended); err != nil {
		cmd.Process.Kill()
		return nil, fmt.Errorf("starting %s: %w\n%s", c.Path, err, log.Bytes())
	}
	return s, nil
}

// endProcess asks the process to end, and insists after a while.
func endProcess(p *os.Process, ended chan error) error {
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil // a server that was told to SHUTDOWN has its own exit code
		}
		return err
	case <-time.After(stopTimeout):
		p.Kill()
		return errors.New("the server did not end when asked to")
	}
}

func startNode(options []string, port int, dir string) (*Server, error) {
	var text strings.Builder
	log := serverlog.New(&text, time.Now)
	files := config.OSFiles{}
	store := config.New(config.Environment{
		Dir: dir,
		// Several nodes share the process's working directory, so none moves it.
		ChangeDir: func(_, path string) (string, error) { return path, nil },
		Match:     glob.Match,
		Warn:      func(string) {},
	})
	err := store.Load(config.Sources{
		CommandLine: config.ParseCommandLine(append(basics(port, dir), options...)),
		Files:       files, Stdin: strings.NewReader(""), OpenLog: files.OpenLog,
	})
	if err != nil {
		return nil, err
	}
	n, err := node.New(node.Options{Config: store, Log: log, Clock: clock.NewSystem(), Files: files})
	if err == nil {
		err = n.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("starting a node: %w\n%s", err, text.String())
	}
	ended := make(chan error, 1)
	go func() {
		n.Run()
		ended <- nil
	}()
	s := &Server{PID: os.Getpid(), dir: dir}
	s.stop = func() error {
		n.Shutdown(node.ShutdownNoSave | node.ShutdownNow)
		select {
		case err := <-ended:
			return err
		case <-time.After(stopTimeout):
			return errors.New("the node did not end when asked to")
		}
	}
	return s, s.ready(port, ended)
}

// ready waits until the server answers and learns what it is.
func (s *Server) ready(port int, ended chan error) error {
	s.Port, s.Addr = port, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for {
		err := s.identify(ctx)
		if err == nil {
			return nil
		}
		select {
		case e := <-ended:
			ended <- e
			return fmt.Errorf("it ended: %v", e)
		case <-ctx.Done():
			return err
		case <-pause.C:
		}
	}
}

// identify asks the server for its product and version.
func (s *Server) identify(ctx context.Context) error {
	conn, err := client.Dial(ctx, client.Options{Addr: s.Addr})
	if err != nil {
		return err
	}
	defer conn.Close()
	v, err := conn.Do(ctx, "INFO", "server")
	if err == nil {
		err = v.Err()
	}
	if err != nil {
		return err
	}
	fields := InfoFields(v.Str)
	switch {
	case fields["kvasir_version"] != "":
		s.Product, s.Version = "kvasir", fields["valkey_version"]
	case fields["valkey_version"] != "":
		s.Product, s.Version = "valkey", fields["valkey_version"]
	case fields["redis_version"] != "":
		s.Product, s.Version = "redis", fields["redis_version"]
	default:
		return io.ErrUnexpectedEOF
	}
	return nil
}

// InfoFields reads the lines of INFO.
func InfoFields(text string) map[string]string {
	fields := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}
