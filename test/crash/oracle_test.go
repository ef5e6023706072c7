package crash

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/kvasirdb/kvasir/test/harness"
)

// What the other tests rely on: a state that was never there, or no more, is
// noticed.
func TestOracleNoticesLoss(t *testing.T) {
	ctx := context.Background()
	server := harness.Start(t, func() (*harness.Server, error) { return harness.StartNode("--enable-debug-command", "yes") })
	o, err := newOracle(ctx, server.Addr, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer o.conn.Close()
	source := operations{rnd: rand.New(rand.NewPCG(1, 1))}
	var ops []operation
	for len(ops) < 40 {
		ops = append(ops, source.next())
	}
	after := func(lines ...[]string) state {
		t.Helper()
		if _, err := pipeline(o.conn, lines); err != nil {
			t.Fatal(err)
		}
		s, err := readState(ctx, o.conn, 0)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if err := o.apply(ops[:20]); err != nil {
		t.Fatal(err)
	}
	half := after()
	changed := after([]string{"SET", "s0", "never written"})
	torn := after([]string{"SET", "t1", "half of a transaction"})
	match := func(found state, floor int) (int, error) {
		t.Helper()
		if err := o.forget(ctx); err != nil {
			t.Fatal(err)
		}
		return o.match(ctx, found, 0, ops, floor)
	}
	if n, err := match(half, 15); err != nil || n < 15 || n > 20 {
		t.Errorf("the state after 20 operations: %d, %v", n, err)
	}
	var loss *lossError
	if _, err := match(half, 30); !errors.As(err, &loss) || loss.torn {
		t.Errorf("ten operations were lost: %v", err)
	}
	if _, err := match(changed, 15); !errors.As(err, &loss) || loss.torn {
		t.Errorf("a key has a value that nobody wrote: %v", err)
	}
	if _, err := match(torn, 15); !errors.As(err, &loss) || !loss.torn {
		t.Errorf("a transaction is there in part: %v", err)
	}
}
