package interop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/kvasirdb/kvasir/test/harness"
)

const scanKeys = 500

func startNode() (*harness.Server, error) { return harness.StartNode("--io-threads", "2") }

func TestGoRedis(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprintf("resp%d", protocol), func(t *testing.T) {
			server := harness.Start(t, startNode)
			rdb := redis.NewClient(&redis.Options{Addr: server.Addr, Protocol: protocol, PoolSize: 10})
			defer rdb.Close()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			goRedisValues(ctx, t, rdb)
			goRedisCounting(ctx, t, rdb)
			goRedisTransaction(ctx, t, rdb)
			goRedisLists(ctx, t, rdb)
			goRedisScan(ctx, t, rdb)
		})
	}
}

func goRedisValues(ctx context.Context, t *testing.T, rdb *redis.Client) {
	t.Helper()
	binary := "\x00\r\n\xff" + strings.Repeat("x", 1<<20)
	must(t, rdb.Set(ctx, "binary", binary, time.Hour).Err())
	if got, err := rdb.Get(ctx, "binary").Result(); err != nil || got != binary {
		t.Errorf("a binary value comes back as %d bytes, %v", len(got), err)
	}
	if ttl := rdb.TTL(ctx, "binary").Val(); ttl <= 59*time.Minute || ttl > time.Hour {
		t.Errorf("it has %v to live", ttl)
	}
	if err := rdb.Get(ctx, "absent").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("an absent key: %v", err)
	}
	replies, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range 1000 {
			p.Set(ctx, fmt.Sprint("p", i), i, 0)
			p.Get(ctx, fmt.Sprint("p", i))
		}
		return nil
	})
	must(t, err)
	if got := replies[1999].(*redis.StringCmd).Val(); got != "999" {
		t.Errorf("the last reply of the pipeline is %q", got)
	}
}

func goRedisCounting(ctx context.Context, t *testing.T, rdb *redis.Client) {
	t.Helper()
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 200 {
				if err := rdb.Incr(ctx, "counter").Err(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	if n, err := rdb.Get(ctx, "counter").Int(); n != 1600 || err != nil {
		t.Errorf("1600 increments make %d, %v", n, err)
	}
}

func goRedisTransaction(ctx context.Context, t *testing.T, rdb *redis.Client) {
	t.Helper()
	must(t, rdb.Set(ctx, "watched", "1", 0).Err())
	change := func(interfere bool) error {
		return rdb.Watch(ctx, func(tx *redis.Tx) error {
			if interfere {
				must(t, rdb.Set(ctx, "watched", "2", 0).Err())
			}
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Incr(ctx, "watched")
				return nil
			})
			return err
		}, "watched")
	}
	if err := change(true); !errors.Is(err, redis.TxFailedErr) {
		t.Errorf("a transaction whose watched key changed: %v", err)
	}
	must(t, change(false))
	if got := rdb.Get(ctx, "watched").Val(); got != "3" {
		t.Errorf("after the transaction the key is %q", got)
	}
}

func goRedisLists(ctx context.Context, t *testing.T, rdb *redis.Client) {
	t.Helper()
	popped := make(chan error, 1)
	go func() {
		got, err := rdb.BLPop(ctx, 30*time.Second, "queue").Result()
		if err == nil && (len(got) != 2 || got[1] != "job") {
			err = fmt.Errorf("BLPOP gives %q", got)
		}
		popped <- err
	}()
	must(t, rdb.RPush(ctx, "queue", "job").Err())
	must(t, <-popped)
	must(t, rdb.RPush(ctx, "list", "a", "b", "c").Err())
	if got := rdb.LRange(ctx, "list", 0, -1).Val(); strings.Join(got, "") != "abc" {
		t.Errorf("the list is %q", got)
	}
	if err := rdb.Incr(ctx, "list").Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE ") {
		t.Errorf("INCR of a list: %v", err)
	}
}

func goRedisScan(ctx context.Context, t *testing.T, rdb *redis.Client) {
	t.Helper()
	for i := range scanKeys {
		must(t, rdb.Set(ctx, fmt.Sprint("scan:", i), i, 0).Err())
	}
	seen := make(map[string]bool)
	iter := rdb.Scan(ctx, 0, "scan:*", 50).Iterator()
	for iter.Next(ctx) {
		seen[iter.Val()] = true
	}
	if must(t, iter.Err()); len(seen) != scanKeys {
		t.Errorf("a scan finds %d of %d keys", len(seen), scanKeys)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
