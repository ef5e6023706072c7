package crash

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
	"github.com/kvasirdb/kvasir/test/harness"
)

var cuts = flag.Int("cuts", 150, "how often the power fails")

const (
	cutWriters = 2
	// cutOperations is how many operations a writer sends in a generation.
	cutOperations = 60
	// generations is how often a disk is used again after a power failure.
	generations = 6
	stories     = 12
)

// TestPowerCuts runs servers on a disk in memory, takes an image of what a power
// failure would leave at every call that changes the disk, and starts a server on
// each.
func TestPowerCuts(t *testing.T) {
	ctx := context.Background()
	began := time.Now()
	base := firstSeed(t)
	b, err := writeBook(ctx, base)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{book: b, dir: t.TempDir(), rnd: rand.New(rand.NewPCG(base, 1))}
	for life := 0; c.cuts < *cuts && !t.Failed(); life++ {
		if err := c.life(ctx); err != nil {
			t.Errorf("seed %d, life %d: %v", base, life, err)
		}
	}
	t.Logf("%d power cuts in %v, %d of them during a start or a rewrite of the manifest; %d servers were continued",
		c.cuts, time.Since(began).Round(time.Millisecond), c.names, c.continued)
	t.Logf("lost acknowledged writes: %d, torn transactions: %d, failed starts: %d", c.lost, c.torn, c.failed)
}

// book holds stories: operations and the keys after each of them.
type book struct {
	stories [cutWriters][stories]story
}

// story begins with an empty database, whatever there was before.
type story struct {
	ops []operation
	// after[i] are the keys after the first i+1 operations.
	after []state
}

// writeBook lets an oracle execute all stories.
func writeBook(ctx context.Context, seed uint64) (*book, error) {
	server, err := harness.StartNode("--enable-debug-command", "yes")
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	var b book
	for db := range cutWriters {
		o, err := newOracle(ctx, server.Addr, db)
		if err != nil {
			return nil, err
		}
		defer o.conn.Close()
		for i := range stories {
			source := operations{rnd: rand.New(rand.NewPCG(seed, uint64(db*stories+i))), db: db, bulky: i%3 == 0}
			s := &b.stories[db][i]
			s.ops = []operation{{{"FLUSHDB"}, {"SET", counterKey, "0"}, {"SELECT", strconv.Itoa(sharedDB)},
				{"DEL", sharedKey(db)}, {"SELECT", strconv.Itoa(db)}}}
			for source.serial = i * 1000; len(s.ops) < cutOperations; {
				s.ops = append(s.ops, source.next())
			}
			for _, op := range s.ops {
				if err := o.apply([]operation{op}); err != nil {
					return nil, err
				}
				now, err := readState(ctx, o.conn, db)
				if err != nil {
					return nil, err
				}
				s.after = append(s.after, now)
			}
		}
	}
	return &b, nil
}

// image is a disk after a power failure, and what was promised by then.
type image struct {
	disk  *vfs.Mem
	floor [cutWriters]int
	call  vfs.Call
}

// cutter runs servers and cuts their power.
type cutter struct {
	*book
	dir     string
	rnd     *rand.Rand
	sockets int

	cuts, names, continued, lost, torn, failed int

	kind     promises
	options  []string
	disk     *vfs.Mem
	before   [cutWriters]state // on the disk
	writers  []*writer
	chosen   [cutWriters]*story
	images   []image
	imagesMu sync.Mutex
}

// life is what happens to one disk.
func (c *cutter) life(ctx context.Context) error {
	c.disk = vfs.NewMem(time.Now)
	c.kind = []promises{always, always, toggled, snapshot, written}[c.rnd.IntN(5)]
	for db := range c.before {
		c.before[db] = state{keys: map[string]string{"shared " + sharedKey(db): ""}}
	}
	for range generations {
		c.options = c.newOptions()
		if err := c.generation(ctx); err != nil {
			return fmt.Errorf("options %q: %w", c.options, err)
		}
		next, err := c.checkAll(ctx)
		if err != nil {
			return fmt.Errorf("options %q: %w", c.options, err)
		}
		if next == nil {
			return nil
		}
		c.disk = next
		c.continued++
	}
	return nil
}

func (c *cutter) newOptions() []string {
	pick := func(words ...string) string { return words[c.rnd.IntN(len(words))] }
	o := []string{"--save", "", "--io-threads", pick("1", "2"), "--rdb-save-incremental-fsync", pick("yes", "no")}
	if c.kind == snapshot {
		return o
	}
	o = append(o, "--appendfsync", "always")
	if c.kind == written {
		o = append(o, "--appendfsync", pick("everysec", "no"))
	}
	return append(o, "--appendonly", "yes", "--aof-use-rdb-preamble", pick("yes", "yes", "no"),
		"--auto-aof-rewrite-min-size", pick("1kb", "64mb"), "--aof-timestamp-enabled", pick("no", "yes"))
}

// powerCut returns what a power failure leaves. What is not synced may be torn
// in any way where the server syncs what it promises; where it does not, it
// relies on files to grow in order.
func (c *cutter) powerCut(disk *vfs.Mem, seed uint64) *vfs.Mem {
	if c.kind == written {
		return disk.ImageInOrder(seed)
	}
	return disk.Image(seed)
}

// changing are the calls before which the power is cut.
var changing = map[string]bool{
	"create": true, "open": true, "rename": true, "remove": true, "mkdir": true, "syncdir": true,
	"write": true, "sync": true, "truncate": true, "close": true,
}

// generation runs a server on the disk and takes images.
func (c *cutter) generation(ctx context.Context) error {
	seed := c.rnd.Uint64()
	var calls atomic.Uint64
	disk := c.disk
	c.images, c.writers = nil, make([]*writer, cutWriters)
	for db := range c.writers {
		c.chosen[db] = &c.stories[db][c.rnd.IntN(stories)]
		c.writers[db] = newWriter(db, seed, nil)
		c.writers[db].script = c.chosen[db].ops
	}
	take := func(call vfs.Call) {
		i := image{call: call}
		for db, w := range c.writers {
			i.floor[db] = w.promised()
		}
		i.disk = c.powerCut(disk, seed+calls.Add(1))
		c.imagesMu.Lock()
		c.images = append(c.images, i)
		c.imagesMu.Unlock()
	}
	faulty := vfs.NewFaulty(disk, func(call vfs.Call) *vfs.Fault {
		if changing[call.Op] {
			take(call)
		}
		return nil
	})
	c.sockets++
	m, err := boot(faulty, c.dir, c.sockets, c.options...)
	if err != nil {
		return err
	}
	defer m.stop()
	conn, err := client.Dial(ctx, client.Options{Network: "unix", Addr: m.socket})
	if err != nil {
		return err
	}
	defer conn.Close()
	var writers, manager sync.WaitGroup
	for _, w := range c.writers {
		w.promise(c.kind == always || c.kind == toggled)
		writers.Go(func() { w.run(ctx, client.Options{Network: "unix", Addr: m.socket}, cutOperations) })
	}
	managing, stop := context.WithCancel(ctx)
	defer stop()
	rnd := rand.New(rand.NewPCG(seed, 2))
	manager.Go(func() { c.manage(managing, rnd, conn) })
	writers.Wait()
	stop()
	manager.Wait()
	take(vfs.Call{Op: "end"})
	for _, w := range c.writers {
		if w.problem != nil {
			return w.problem
		}
	}
	return nil
}

// manage asks for rewrites and saves.
func (c *cutter) manage(ctx context.Context, rnd *rand.Rand, conn *client.Conn) {
	for ctx.Err() == nil {
		time.Sleep(time.Duration(rnd.IntN(3000)) * time.Microsecond)
		if c.kind == toggled && rnd.IntN(2) == 0 {
			if toggle(ctx, conn, c.writers) != nil {
				return
			}
			continue
		}
		counts := [cutWriters]int{}
		for db, w := range c.writers {
			counts[db] = w.acknowledged()
		}
		command := []string{"BGREWRITEAOF", "BGSAVE", "SAVE"}[rnd.IntN(3)]
		v, err := conn.Do(ctx, command)
		if err != nil {
			return
		}
		if command == "SAVE" && c.kind == snapshot && v.Err() == nil {
			for db, w := range c.writers {
				w.raise(counts[db])
			}
		}
	}
}

// checkAll starts a server on every image, and returns one to go on with.
func (c *cutter) checkAll(ctx context.Context) (next *vfs.Mem, err error) {
	continued := c.rnd.IntN(len(c.images))
	var after [cutWriters]state
	for i, image := range c.images {
		if c.cuts >= *cuts {
			return nil, nil
		}
		c.cuts++
		switch image.call.Op {
		case "rename", "syncdir", "remove", "create", "mkdir":
			c.names++
		}
		if i == continued {
			// The start itself changes the disk; the next server is to find what
			// the failure left.
			next = image.disk.Image(0)
		}
		found, err := c.check(ctx, image)
		if err != nil {
			return nil, fmt.Errorf("cut %d of %d, before %s %s (call %d): %w",
				i, len(c.images), image.call.Op, image.call.Path, image.call.N, err)
		}
		if i == continued {
			after = found
		}
	}
	c.before = after
	return next, nil
}

// check starts a server on an image and compares its keys with the story.
func (c *cutter) check(ctx context.Context, image image) (found [cutWriters]state, err error) {
	c.sockets++
	m, err := boot(image.disk, c.dir, c.sockets, c.options...)
	if err != nil {
		var start *startError
		if errors.As(err, &start) {
			c.failed++
		}
		return found, err
	}
	defer m.stop()
	conn, err := client.Dial(ctx, client.Options{Network: "unix", Addr: m.socket})
	if err != nil {
		return found, err
	}
	defer conn.Close()
	for db := range found {
		if _, err := conn.Do(ctx, "SELECT", strconv.Itoa(db)); err != nil {
			return found, err
		}
		if found[db], err = readState(ctx, conn, db); err != nil {
			return found, err
		}
		if err := c.compare(db, found[db], image.floor[db]); err != nil {
			return found, fmt.Errorf("%w\n%s", err, m.log)
		}
	}
	return found, nil
}

// compare looks for the keys in the story of a database, at or behind the floor.
func (c *cutter) compare(db int, found state, floor int) error {
	story := c.chosen[db]
	promised := c.before[db]
	if floor > 0 {
		promised = story.after[floor-1]
	}
	if found.same(promised) {
		return nil
	}
	for _, s := range story.after[floor:] {
		if found.same(s) {
			return nil
		}
	}
	if found.torn() {
		c.torn++
	} else {
		c.lost++
	}
	return &lossError{db, found, floor, len(story.ops), promised, found.torn()}
}
