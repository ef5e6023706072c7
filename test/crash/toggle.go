package crash

import (
	"context"
	"errors"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/test/harness"
)

// toggle turns the file off and on. What is acknowledged in between is promised
// when the file is complete.
func toggle(ctx context.Context, conn *client.Conn, writers []*writer) error {
	for _, w := range writers {
		w.hold(true)
		w.promise(false)
	}
	if v, err := conn.Do(ctx, "CONFIG", "SET", "appendonly", "no"); err != nil || v.Err() != nil {
		return errors.Join(err, v.Err())
	}
	for _, w := range writers {
		w.hold(false)
	}
	time.Sleep(2 * time.Millisecond)
	for _, w := range writers {
		w.hold(true)
	}
	if v, err := conn.Do(ctx, "CONFIG", "SET", "appendonly", "yes"); err != nil || v.Err() != nil {
		return errors.Join(err, v.Err())
	}
	for _, w := range writers {
		w.hold(false)
	}
	for {
		info, err := persistenceInfo(ctx, conn)
		if err != nil {
			return err
		}
		if info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	for _, w := range writers {
		w.promise(true)
	}
	return nil
}

func persistenceInfo(ctx context.Context, conn *client.Conn) (map[string]string, error) {
	v, err := conn.Do(ctx, "INFO", "persistence")
	return harness.InfoFields(v.Str), err
}
