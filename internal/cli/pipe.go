package cli

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// Mass insertion: standard input, in wire form, goes to the server while its
// replies are counted. Behind the last byte goes an ECHO of random bytes; its
// reply says that everything before it has been answered. A line break ahead of
// the ECHO lets it be understood even where the input ends in the middle of a
// command.

const (
	pipeChunkBytes = 64 << 10
	pipeMagicBytes = 20
)

// pipeResult is what the replies added up to.
type pipeResult struct {
	errors, replies int64
	complete        bool // the ECHO came back
	err             error
}

// pipe runs mass insertion and prints the summary.
func (a *app) pipe() error {
	conn := a.session.link.conn
	magic := a.pipeMagic()
	var sentAll atomic.Bool
	progress := make(chan struct{}, 1) // a reply came
	result := make(chan pipeResult, 1)
	go func() { result <- a.countReplies(conn, magic, &sentAll, progress) }()

	if err := a.feed(conn, magic, &sentAll); err != nil {
		// The replies so far tell more than the broken pipe does.
		conn.Close()
		<-result
		return err
	}
	r, err := a.awaitReplies(conn, progress, result)
	if err != nil {
		return err
	}
	a.printf("errors: %d, replies: %d\n", r.errors, r.replies)
	if r.errors > 0 {
		return errReported
	}
	return nil
}

func (a *app) pipeMagic() string {
	var magic []byte
	for len(magic) < pipeMagicBytes {
		magic = binary.LittleEndian.AppendUint64(magic, a.random())
	}
	return string(magic[:pipeMagicBytes])
}

// feed sends the input and the final ECHO.
func (a *app) feed(conn *client.Conn, magic string, sentAll *atomic.Bool) error {
	buf := make([]byte, pipeChunkBytes)
	for {
		n, err := a.stdin.Read(buf)
		if n > 0 {
			if _, err := conn.Write(buf[:n]); err != nil {
				return fmt.Errorf("Error writing to the server: %s", lossReason(err))
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = conn.Flush()
		}
		if err != nil {
			return fmt.Errorf("Error reading from stdin: %w", err)
		}
	}
	sentAll.Store(true)
	if _, err := conn.Write([]byte("\r\n")); err != nil {
		return fmt.Errorf("Error writing to the server: %s", lossReason(err))
	}
	if err := errors.Join(conn.Send("ECHO", magic), conn.Flush()); err != nil {
		return fmt.Errorf("Error writing to the server: %s", lossReason(err))
	}
	a.printf("All data transferred. Waiting for the last reply...\n")
	return nil
}

// countReplies reads until the ECHO comes back, and shows errors as they come.
func (a *app) countReplies(conn *client.Conn, magic string, sentAll *atomic.Bool, progress chan<- struct{}) pipeResult {
	var r pipeResult
	for {
		v, err := conn.Receive()
		if err != nil {
			r.err = err
			return r
		}
		select {
		case progress <- struct{}{}:
		default:
		}
		switch {
		case v.Kind == client.Push:
			continue
		case v.Kind == client.Error:
			fmt.Fprintln(a.errOut, v.Str)
			r.errors++
		case v.Kind == client.Bulk && v.Str == magic && sentAll.Load():
			r.complete = true
			return r
		}
		r.replies++
	}
}

// awaitReplies waits for the last reply, as long as replies keep coming.
func (a *app) awaitReplies(conn *client.Conn, progress <-chan struct{}, result <-chan pipeResult) (pipeResult, error) {
	var timeout <-chan time.Time // never, where it is switched off
	timer := time.NewTimer(a.opts.pipeTimeout)
	defer timer.Stop()
	if a.opts.pipeTimeout > 0 {
		timeout = timer.C
	}
	for {
		select {
		case <-progress:
			timer.Reset(a.opts.pipeTimeout)
		case r := <-result:
			if !r.complete {
				return r, errors.New("Error reading replies from server")
			}
			a.printf("Last reply received from server.\n")
			return r, nil
		case <-timeout:
			fmt.Fprintf(a.errOut, "No replies for %d seconds: exiting.\n", int(a.opts.pipeTimeout.Seconds()))
			conn.Close()
			r := <-result
			r.errors++
			return r, nil
		}
	}
}
