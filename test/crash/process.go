package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// readyTimeout bounds how long a server may take to answer.
const readyTimeout = 30 * time.Second

// process is a server in a process of its own.
type process struct {
	cmd   *exec.Cmd
	addr  string
	log   bytes.Buffer
	ended chan struct{}
}

// freePort returns a port of 127.0.0.1 that nobody uses at the moment.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// launch starts the server; it need not answer yet.
func launch(binary string, port int, dir string, options ...string) (*process, error) {
	return launchProgram([]string{binary, "server"}, port, dir, options...)
}

// launchProgram is launch for a program and its first words.
func launchProgram(words []string, port int, dir string, options ...string) (*process, error) {
	args := append(words[1:len(words):len(words)], append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir,
		"--enable-debug-command", "yes"}, options...)...)
	p := &process{
		cmd:   exec.Command(words[0], args...),
		addr:  net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		ended: make(chan struct{}),
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait() // ends by a signal
		close(p.ended)
	}()
	return p, nil
}

// kill ends the process at once.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

var errEnded = errors.New("the server ended by itself")

// await waits until the server answers and has its keys, and returns a
// connection.
func (p *process) await(ctx context.Context) (*client.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	for {
		conn, err := client.Dial(ctx, client.Options{Addr: p.addr})
		if err == nil {
			var v client.Value
			if v, err = conn.Do(ctx, "PING"); err == nil {
				err = v.Err()
			}
			if err == nil {
				return conn, nil
			}
			conn.Close()
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("%w:\n%s", errEnded, p.log.Bytes())
		case <-ctx.Done():
			return nil, fmt.Errorf("no answer: %w", err)
		case <-pause.C:
		}
	}
}
