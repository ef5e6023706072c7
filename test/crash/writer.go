package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
)

// pipelineMax is how many operations a writer sends at once.
const pipelineMax = 12

// writer sends operations to its database until the connection ends.
type writer struct {
	operations
	rnd *rand.Rand // for how it sends
	// script, if set, is what it sends instead of making operations.
	script []operation

	mu    sync.Mutex
	first int         // serial number of log[0]
	log   []operation // sent since the last check
	acked int         // so many of log were answered
	floor int         // so many of log must survive
	// strict makes every acknowledgement a promise.
	strict bool
	// held keeps the writer from sending more.
	held    bool
	problem error // an answer that cannot be
}

func newWriter(db int, seed uint64, now func() time.Time) *writer {
	return &writer{
		operations: operations{rnd: rand.New(rand.NewPCG(seed, uint64(db))), db: db, now: now, bulky: true},
		rnd:        rand.New(rand.NewPCG(seed, 1000+uint64(db))),
	}
}

// reset forgets what was sent: the next operation follows the present state.
func (w *writer) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.first, w.log, w.acked, w.floor, w.held = w.serial, nil, 0, 0, false
}

// promise makes what is acknowledged by now, and from now on if strict, a
// promise.
func (w *writer) promise(strict bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.floor, w.strict = max(w.floor, w.acked), strict
}

// acknowledged returns how many operations were answered.
func (w *writer) acknowledged() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acked
}

// promised returns how many operations must survive.
func (w *writer) promised() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.floor
}

// raise makes the first count operations a promise.
func (w *writer) raise(count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.floor = max(w.floor, min(count, w.acked))
}

func (w *writer) hold(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = on
}

// run sends operations, at most max, until the connection ends or ctx does.
func (w *writer) run(ctx context.Context, o client.Options, max int) {
	o.DB = w.db
	conn, err := client.Dial(ctx, o)
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for sent := 0; sent < max && ctx.Err() == nil; {
		w.mu.Lock()
		held := w.held
		w.mu.Unlock()
		if held {
			// Another goroutine ends this soon; nothing tells when.
			time.Sleep(time.Millisecond)
			continue
		}
		batch := w.batch(min(1+w.rnd.IntN(pipelineMax), max-sent))
		sent += len(batch)
		for _, op := range batch {
			if sendOperation(conn, op) != nil {
				return
			}
		}
		if conn.Flush() != nil {
			return
		}
		for _, op := range batch {
			if err := receiveOperation(conn, op); err != nil {
				w.noteProblem(op, err)
				return
			}
			w.mu.Lock()
			w.acked++
			if w.strict {
				w.floor = w.acked
			}
			w.mu.Unlock()
		}
	}
}

func (w *writer) batch(count int) []operation {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := len(w.log)
	if w.script != nil {
		w.log = w.script[:from+count]
		return w.log[from:]
	}
	for range count {
		w.log = append(w.log, w.next())
	}
	return w.log[from:]
}

func (w *writer) noteProblem(op operation, err error) {
	var refused client.ServerError
	if errors.As(err, &refused) {
		w.mu.Lock()
		w.problem = fmt.Errorf("%q: %w", op, err)
		w.mu.Unlock()
	}
}

func sendOperation(conn *client.Conn, op operation) error {
	if len(op) == 1 {
		return conn.Send(op[0]...)
	}
	err := conn.Send("MULTI")
	for _, command := range op {
		err = errors.Join(err, conn.Send(command...))
	}
	return errors.Join(err, conn.Send("EXEC"))
}

// receiveOperation awaits the answer to an operation. A ServerError is one that
// a server that works never gives.
func receiveOperation(conn *client.Conn, op operation) error {
	replies := 1
	if len(op) > 1 {
		replies = len(op) + 2
	}
	for i := range replies {
		v, err := conn.Receive()
		if err != nil {
			return err
		}
		var refused client.ServerError
		if !errors.As(v.Err(), &refused) {
			continue
		}
		switch refused.Code() {
		case "MISCONF", "LOADING", "EXECABORT", "READONLY", "OOM", "NOAUTH":
			return refused
		}
		if len(op) > 1 && i < replies-1 {
			return refused // of queueing
		}
	}
	return nil
}

// serialOf returns the serial number behind the operation that set the counter
// last.
func serialOf(s state) (int, bool) {
	n, err := strconv.Atoi(s.counter)
	return n + 1, err == nil
}
