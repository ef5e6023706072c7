package interop

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/kvasirdb/kvasir/test/harness"
)

func TestValkeyGo(t *testing.T) {
	for _, resp2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("resp2=%t", resp2), func(t *testing.T) {
			server := harness.Start(t, startNode)
			c, err := valkey.NewClient(valkey.ClientOption{
				InitAddress: []string{server.Addr}, AlwaysRESP2: resp2, DisableCache: true, ForceSingleClient: true,
			})
			must(t, err)
			defer c.Close()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			valkeyGoValues(ctx, t, c)
			valkeyGoTransaction(ctx, t, c)
			valkeyGoBlocking(ctx, t, c)
		})
	}
}

func valkeyGoValues(ctx context.Context, t *testing.T, c valkey.Client) {
	t.Helper()
	binary := "\x00\r\n\xff" + strings.Repeat("x", 1<<18)
	must(t, c.Do(ctx, c.B().Set().Key("binary").Value(binary).ExSeconds(3600).Build()).Error())
	if got, err := c.Do(ctx, c.B().Get().Key("binary").Build()).ToString(); err != nil || got != binary {
		t.Errorf("a binary value comes back as %d bytes, %v", len(got), err)
	}
	if err := c.Do(ctx, c.B().Get().Key("absent").Build()).Error(); !valkey.IsValkeyNil(err) {
		t.Errorf("an absent key: %v", err)
	}
	// The client joins what its callers send at once into pipelines.
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 200 {
				if err := c.Do(ctx, c.B().Incr().Key("counter").Build()).Error(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	if n, err := c.Do(ctx, c.B().Get().Key("counter").Build()).AsInt64(); n != 1600 || err != nil {
		t.Errorf("1600 increments make %d, %v", n, err)
	}
	values, err := valkey.MGet(c, ctx, []string{"counter", "absent"})
	must(t, err)
	if v := values["absent"]; !v.IsNil() {
		t.Errorf("MGET gives an absent key %v", v)
	}
}

func valkeyGoTransaction(ctx context.Context, t *testing.T, c valkey.Client) {
	t.Helper()
	must(t, c.Dedicated(func(d valkey.DedicatedClient) error {
		must(t, d.Do(ctx, d.B().Watch().Key("watched").Build()).Error())
		must(t, c.Do(ctx, c.B().Set().Key("watched").Value("1").Build()).Error())
		for i, r := range d.DoMulti(ctx, d.B().Multi().Build(), d.B().Incr().Key("watched").Build(), d.B().Exec().Build()) {
			if i == 2 && !valkey.IsValkeyNil(r.Error()) {
				t.Errorf("EXEC after the watched key changed: %v", r.Error())
			}
		}
		replies := d.DoMulti(ctx, d.B().Multi().Build(), d.B().Incr().Key("watched").Build(), d.B().Exec().Build())
		got, err := replies[2].ToArray()
		must(t, err)
		if n, err := got[0].AsInt64(); n != 2 || err != nil {
			t.Errorf("EXEC gives %d, %v", n, err)
		}
		return nil
	}))
}

func valkeyGoBlocking(ctx context.Context, t *testing.T, c valkey.Client) {
	t.Helper()
	popped := make(chan error, 1)
	go func() {
		got, err := c.Do(ctx, c.B().Blpop().Key("queue").Timeout(30).Build()).AsStrSlice()
		if err == nil && (len(got) != 2 || got[1] != "job") {
			err = fmt.Errorf("BLPOP gives %q", got)
		}
		popped <- err
	}()
	must(t, c.Do(ctx, c.B().Rpush().Key("queue").Element("job").Build()).Error())
	must(t, <-popped)
}
