package crash

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/client"
)

// oracle executes operations of a writer on a server without files, which so
// tells what the keys are after each.
type oracle struct {
	conn *client.Conn
	db   int
}

func newOracle(ctx context.Context, addr string, db int) (*oracle, error) {
	conn, err := client.Dial(ctx, client.Options{Addr: addr, DB: db})
	if err != nil {
		return nil, err
	}
	return &oracle{conn, db}, nil
}

// apply executes operations, each as the writer did.
func (o *oracle) apply(ops []operation) error {
	var err error
	for _, op := range ops {
		err = errors.Join(err, sendOperation(o.conn, op))
	}
	if err = errors.Join(err, o.conn.Flush()); err != nil {
		return err
	}
	for _, op := range ops {
		if err := receiveOperation(o.conn, op); err != nil {
			return fmt.Errorf("the oracle on %q: %w", op, err)
		}
	}
	return nil
}

// forget empties the writer's keys.
func (o *oracle) forget(ctx context.Context) error {
	_, err := pipeline(o.conn, [][]string{
		{"FLUSHDB"}, {"SELECT", strconv.Itoa(sharedDB)}, {"DEL", sharedKey(o.db)}, {"SELECT", strconv.Itoa(o.db)},
	})
	return err
}

// lossError says that what was found is no state that was promised.
type lossError struct {
	db      int
	found   state
	floor   int // serial numbers
	sent    int
	nearest state
	torn    bool
}

func (e *lossError) Error() string {
	what := "lost or wrong"
	if e.torn {
		what = "a torn transaction"
	}
	return fmt.Sprintf("database %d: %s; counter %q, promised up to operation %d, sent up to %d; against the promised state:%s",
		e.db, what, e.found.counter, e.floor, e.sent, e.found.difference(e.nearest))
}

// match finds the prefix of ops, the operations from serial number first on,
// after which the keys are those found, and leaves the oracle there. The prefix
// has at least floor operations.
func (o *oracle) match(ctx context.Context, found state, first int, ops []operation, floor int) (applied int, err error) {
	if next, known := serialOf(found); known {
		floor = max(floor, min(next-first, len(ops)))
	}
	promised := state{}
	if err := o.apply(ops[:floor]); err != nil {
		return 0, err
	}
	for applied = floor; ; applied++ {
		now, err := readState(ctx, o.conn, o.db)
		if err != nil {
			return 0, err
		}
		if found.same(now) {
			if name := found.fleetingDiffers(now); name != "" {
				return applied, fmt.Errorf("database %d: the key %s has another life than it should", o.db, name)
			}
			return applied, nil
		}
		if applied == floor {
			promised = now
		}
		if applied == len(ops) || applied-floor > 2*counterEvery {
			return 0, &lossError{o.db, found, first + floor, first + len(ops), promised, found.torn()}
		}
		if err := o.apply(ops[applied : applied+1]); err != nil {
			return 0, err
		}
	}
}
