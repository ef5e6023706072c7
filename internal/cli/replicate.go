package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// These modes speak the replication protocol. After SYNC a primary answers, not
// in RESP,
//
//	\n ...                    while it prepares the snapshot
//	$<size>\r\n               and size bytes, or
//	$EOF:<mark>\r\n           and bytes up to the mark of 40 bytes
//
// and then sends the commands it executes. PSYNC is answered by a line of
// "+FULLRESYNC id offset" ahead of that, or by "+CONTINUE", which has no snapshot.

const eofMarkBytes = 40

// transfer is how the snapshot comes.
type transfer struct {
	size    int64
	mark    []byte // instead of a size
	partial bool   // there is no snapshot
}

// snapshot saves the server's RDB file.
func (a *app) snapshot() error {
	if err := a.replconf("capa", "eof"); err != nil && !isRefusal(err) {
		return err
	}
	if err := a.replconf("rdb-only", "1"); err != nil && !isRefusal(err) {
		return err
	}
	if a.opts.functionsOnly {
		if err := a.replconf("rdb-filter-only", "functions"); err != nil {
			return errors.New("Failed requesting functions only RDB from server, aborting")
		}
	}
	conn := a.session.link.conn
	t, err := a.startSync(conn, "SYNC")
	if err != nil {
		return err
	}
	extent := fmt.Sprintf("%d bytes", t.size)
	if t.mark != nil {
		extent = "bytes of bulk transfer until EOF marker"
	}
	fmt.Fprintf(a.errOut, "SYNC sent to primary, writing %s to '%s'\n", extent, a.opts.snapshot)
	if a.opts.snapshot == "-" {
		defer a.console.flush()
		return a.receiveSnapshot(a.console, conn, t)
	}
	f, err := os.Create(a.opts.snapshot)
	if err != nil {
		return fmt.Errorf("Error opening '%s': %s", a.opts.snapshot, reason(err))
	}
	if err := a.receiveSnapshot(f, conn, t); err != nil {
		f.Close()
		return err
	}
	// The server need not wait for our disk.
	a.session.disconnect()
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("Fail to fsync '%s': %s", a.opts.snapshot, reason(err))
	}
	return nil
}

func (a *app) receiveSnapshot(w io.Writer, conn *client.Conn, t transfer) error {
	n, err := t.copy(w, conn)
	if err != nil {
		return fmt.Errorf("I/O Error reading RDB payload from socket: %s", lossReason(err))
	}
	if t.mark != nil {
		fmt.Fprintf(a.errOut, "Transfer finished with success after %d bytes\n", n)
	} else {
		fmt.Fprintf(a.errOut, "Transfer finished with success.\n")
	}
	return nil
}

// replica prints the commands a replica would execute, until the connection
// ends.
func (a *app) replica() error {
	for _, args := range [][2]string{{"capa", "eof"}, {"rdb-filter-only", ""}} {
		if err := a.replconf(args[0], args[1]); err != nil && !isRefusal(err) {
			return err
		}
	}
	return a.followStream("SYNC")
}

// follow is the interactive SYNC or PSYNC. The snapshot is no reply, so it needs
// a connection that nobody reads ahead.
func (s *session) follow(args []string) error {
	if err := s.connect(false); err != nil {
		return err
	}
	s.app.printf("Entering replica output mode...  (press Ctrl-C to quit)\n")
	return s.app.followStream(args...)
}

// followStream discards the snapshot and prints the commands behind it.
func (a *app) followStream(args ...string) error {
	conn := a.session.link.conn
	release := a.closeOnInterrupt(conn)
	t, err := a.startSync(conn, args...)
	if err == nil {
		err = a.discardSnapshot(conn, t)
	}
	if release() {
		return exitError(1)
	}
	if err != nil {
		return err
	}
	defer acknowledge(a.session.link)()
	format := a.format
	format.mode = outputCSV
	for {
		v, err := a.session.receive()
		if err != nil {
			return a.session.lost(err)
		}
		a.print(format.reply(v, false))
	}
}

const ackInterval = time.Second

// acknowledge tells the primary every second that we are there, until stop is
// called. A primary that sent no size waits for this before it sends commands,
// and does not count what comes before it has seen its own end of the transfer.
// There are no replies.
func acknowledge(l *link) (stop func()) {
	quit := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(ackInterval)
		defer ticker.Stop()
		for {
			// A broken connection shows to the one who reads it.
			if l.write("REPLCONF", "ACK", "0") != nil {
				return
			}
			select {
			case <-ticker.C:
			case <-quit:
				return
			}
		}
	})
	return func() {
		close(quit)
		done.Wait()
	}
}

func (a *app) discardSnapshot(conn *client.Conn, t transfer) error {
	const full = "Full resync"
	switch {
	case t.partial:
		fmt.Fprintf(a.errOut, "Partial resync with primary...\nPartial resync done. Logging commands from primary.\n")
		return nil
	case t.mark != nil:
		fmt.Fprintf(a.errOut, "%s with primary, discarding bytes of bulk transfer until EOF marker...\n", full)
	default:
		fmt.Fprintf(a.errOut, "%s with primary, discarding %d bytes of bulk transfer...\n", full, t.size)
	}
	n, err := t.copy(io.Discard, conn)
	if err != nil {
		return fmt.Errorf("Error reading RDB payload while %sing: %s", full, lossReason(err))
	}
	after := ""
	if t.mark != nil {
		after = fmt.Sprintf(" after %d bytes", n)
	}
	fmt.Fprintf(a.errOut, "%s done%s. Logging commands from primary.\n", full, after)
	return nil
}

// closeOnInterrupt makes Ctrl-C end reads of the connection. release stops that,
// and tells whether it happened.
func (a *app) closeOnInterrupt(conn *client.Conn) (release func() (interrupted bool)) {
	stop, done := make(chan struct{}), make(chan bool, 1)
	go func() {
		select {
		case <-a.interrupts:
			conn.Close()
			done <- true
		case <-stop:
			done <- false
		}
	}()
	return func() bool {
		close(stop)
		return <-done
	}
}

// replconf says something about us as a replica. An older server's refusal is
// reported, and returned as its ServerError.
func (a *app) replconf(name, value string) error {
	fmt.Fprintf(a.errOut, "sending REPLCONF %s %s\n", name, value)
	v, err := a.session.setUp("REPLCONF", name, value)
	if err != nil {
		return errReported
	}
	if v.Kind == client.Error {
		fmt.Fprintf(a.errOut, "REPLCONF %s error: %s\n", name, v.Str)
	}
	return v.Err()
}

func isRefusal(err error) bool {
	var refusal client.ServerError
	return errors.As(err, &refusal)
}

// startSync sends the command and reads how the snapshot will come.
func (a *app) startSync(conn *client.Conn, args ...string) (transfer, error) {
	if err := a.session.link.write(args...); err != nil {
		return transfer{}, fmt.Errorf("Error writing to primary: %s", lossReason(err))
	}
	line, err := readSyncLine(conn)
	if err == nil && strings.HasPrefix(line, "+FULLRESYNC") {
		fmt.Fprintf(a.errOut, "PSYNC replied %s\n", line)
		line, err = readSyncLine(conn)
	}
	if err != nil {
		return transfer{}, fmt.Errorf("Error reading bulk length while SYNCing: %s", lossReason(err))
	}
	if strings.HasPrefix(line, "+CONTINUE") {
		fmt.Fprintf(a.errOut, "PSYNC replied %s\n", line)
		return transfer{partial: true}, nil
	}
	if mark, ok := strings.CutPrefix(line, "$EOF:"); ok && len(mark) == eofMarkBytes {
		return transfer{mark: []byte(mark)}, nil
	}
	size, err := strconv.ParseInt(strings.TrimPrefix(line, "$"), 10, 64)
	if err != nil || size < 0 || line[0] != '$' {
		return transfer{}, fmt.Errorf("SYNC with primary failed: %s", line)
	}
	return transfer{size: size}, nil
}

// readSyncLine returns the next line that is not empty.
func readSyncLine(r io.Reader) (string, error) {
	const lineBytesMax = 4096
	var line []byte
	one := make([]byte, 1)
	for len(line) < lineBytesMax {
		if _, err := io.ReadFull(r, one); err != nil {
			return "", err
		}
		switch {
		case one[0] != '\n':
			line = append(line, one[0])
		case len(line) > 0:
			return strings.TrimSuffix(string(line), "\r"), nil
		}
	}
	return "", errors.New("line too long")
}

// copy writes the snapshot to w, without its mark, and returns its size. The
// primary sends nothing behind the mark before it has been answered, so the mark
// is the end of what there is to read.
func (t transfer) copy(w io.Writer, r io.Reader) (int64, error) {
	if t.mark == nil {
		return io.CopyN(w, r, t.size)
	}
	written := int64(0)
	var held []byte // what may be the start of the mark
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		held = append(held, buf[:n]...)
		if bytes.HasSuffix(held, t.mark) {
			n, err := w.Write(held[:len(held)-len(t.mark)])
			return written + int64(n), err
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return written, err
		}
		if ready := len(held) - len(t.mark); ready > 0 {
			n, err := w.Write(held[:ready])
			if written += int64(n); err != nil {
				return written, err
			}
			held = append(held[:0], held[ready:]...)
		}
	}
}
