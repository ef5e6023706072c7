package crash

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/test/harness"
)

var (
	kills = flag.Int("kills", 15, "how often servers are killed")
	seed  = flag.Uint64("seed", 0, "of all choices; 0: another one each time")
)

// firstSeed is where the seeds of a test begin.
func firstSeed(t *testing.T) uint64 {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("to choose the same again: -run %s -seed %d", t.Name(), s)
	return s
}

const (
	killSlots   = 3 // servers at once
	killWriters = 3 // of a server
	// killsPerDir is how often a server is killed before it gets an empty
	// directory.
	killsPerDir = 12
	// startKills of 100 kills happen while the server starts.
	startKills = 15
)

// promises are the ways of keeping data.
type promises uint8

const (
	always   promises = iota // append-only file, synced
	written                  // append-only file, everysec or no
	toggled                  // as always, turned off and on
	snapshot                 // snapshot file only
	promiseKinds
)

// TestKills kills servers at random moments and checks what the next start has.
func TestKills(t *testing.T) {
	binary, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	base := firstSeed(t)
	var left atomic.Int64
	left.Store(int64(*kills))
	var done tally
	var slots sync.WaitGroup
	for i := range killSlots {
		slots.Go(func() {
			s := &slot{t: t, binary: binary, left: &left, done: &done}
			for life := uint64(0); left.Load() > 0 && !t.Failed(); life++ {
				if err := s.life(base + uint64(i)<<32 + life); err != nil {
					t.Errorf("seed %d, server %d, life %d: %v", base, i, life, err)
				}
			}
			s.close()
		})
	}
	slots.Wait()
	t.Logf("%d kills in %v, %d of them during a start; %d operations sent, %d acknowledged; rewrites and saves asked for: %d",
		done.kills.Load(), time.Since(began).Round(time.Millisecond), done.early.Load(), done.sent.Load(), done.acked.Load(), done.jobs.Load())
	t.Logf("lost acknowledged writes: %d, torn transactions: %d, failed starts: %d", done.lost.Load(), done.torn.Load(), done.failed.Load())
}

// tally counts over all servers.
type tally struct {
	kills, early, sent, acked, jobs, lost, torn, failed atomic.Int64
}

// count notes what an error says of the server.
func (d *tally) count(err error) {
	var loss *lossError
	switch {
	case errors.As(err, &loss) && loss.torn:
		d.torn.Add(1)
	case errors.As(err, &loss):
		d.lost.Add(1)
	case errors.Is(err, errEnded):
		d.failed.Add(1)
	}
}

// slot is a place for a server, with its oracle.
type slot struct {
	t      *testing.T
	binary string
	left   *atomic.Int64
	done   *tally

	port    int
	oracle  *harness.Server
	oracles []*oracle
	rnd     *rand.Rand
	kind    promises
	dir     string
	writers []*writer
}

func (s *slot) close() {
	for _, o := range s.oracles {
		o.conn.Close()
	}
	if s.oracle != nil {
		if err := s.oracle.Stop(); err != nil {
			s.t.Error(err)
		}
	}
}

// prepare gives the slot what it keeps over all lives.
func (s *slot) prepare(ctx context.Context) (err error) {
	if s.oracle != nil {
		return nil
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	if s.oracle, err = harness.StartNode("--enable-debug-command", "yes"); err != nil {
		return err
	}
	for db := range killWriters {
		o, err := newOracle(ctx, s.oracle.Addr, db)
		if err != nil {
			return err
		}
		s.oracles = append(s.oracles, o)
	}
	return nil
}

// life is what a server does in one directory, through several kills.
func (s *slot) life(seed uint64) error {
	ctx := context.Background()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	s.rnd = rand.New(rand.NewPCG(seed, 0))
	s.kind = promises(s.rnd.IntN(int(promiseKinds)))
	dir, err := os.MkdirTemp("", "kvasir-crash-")
	if err != nil {
		return err
	}
	s.dir, s.writers = dir, nil
	for db := range killWriters {
		s.writers = append(s.writers, newWriter(db, seed, time.Now))
		if err := s.oracles[db].forget(ctx); err != nil {
			return err
		}
	}
	for range killsPerDir {
		if s.left.Add(-1) < 0 {
			break
		}
		if err := s.generation(ctx); err != nil {
			s.done.count(err)
			return fmt.Errorf("in %s: %w", s.dir, err)
		}
	}
	return os.RemoveAll(dir)
}

// options are those of one start.
func (s *slot) options() []string {
	pick := func(words ...string) string { return words[s.rnd.IntN(len(words))] }
	o := []string{"--save", "", "--io-threads", pick("1", "1", "2"), "--rdbcompression", pick("yes", "no")}
	if s.kind == snapshot {
		return append(o, "--save", pick("1 1", "1000 1"))
	}
	o = append(o, "--appendonly", "yes", "--aof-use-rdb-preamble", pick("yes", "yes", "no"),
		"--aof-timestamp-enabled", pick("no", "yes"), "--no-appendfsync-on-rewrite", pick("no", "yes"),
		"--auto-aof-rewrite-min-size", pick("1kb", "64mb"))
	if s.kind == written {
		return append(o, "--appendfsync", pick("everysec", "no"))
	}
	return append(o, "--appendfsync", "always")
}

// generation starts the server, checks what it has, lets it work and kills it.
func (s *slot) generation(ctx context.Context) error {
	options := s.options()
	for s.rnd.IntN(100) < startKills {
		p, err := launch(s.binary, s.port, s.dir, options...)
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(s.rnd.IntN(40)) * time.Millisecond)
		p.kill()
		s.done.kills.Add(1)
		s.done.early.Add(1)
	}
	p, err := launch(s.binary, s.port, s.dir, options...)
	if err != nil {
		return err
	}
	defer p.kill()
	conn, err := p.await(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := s.check(ctx, conn); err != nil {
		return fmt.Errorf("%w\noptions %q, server's log:\n%s", err, options, tail(filepath.Join(s.dir, "log")))
	}
	s.work(ctx, p, conn)
	s.done.kills.Add(1)
	for _, w := range s.writers {
		s.done.sent.Add(int64(len(w.log)))
		s.done.acked.Add(int64(w.acked))
		if w.problem != nil {
			return fmt.Errorf("options %q: %w\n%s", options, w.problem, p.log.Bytes())
		}
	}
	return nil
}

func tail(path string) []byte {
	text, _ := os.ReadFile(path)
	return text[max(0, len(text)-4000):]
}

// check compares what the server found with what was promised.
func (s *slot) check(ctx context.Context, conn *client.Conn) error {
	for db, w := range s.writers {
		if _, err := conn.Do(ctx, "SELECT", strconv.Itoa(db)); err != nil {
			return err
		}
		found, err := readState(ctx, conn, db)
		if err != nil {
			return err
		}
		if _, err := s.oracles[db].match(ctx, found, w.first, w.log, w.floor); err != nil {
			return err
		}
		w.reset()
	}
	return nil
}

// work lets the writers write, and files be made, until the server is killed.
func (s *slot) work(ctx context.Context, p *process, conn *client.Conn) {
	managing, stop := context.WithCancel(ctx)
	defer stop()
	var writers, manager sync.WaitGroup
	for _, w := range s.writers {
		w.promise(s.kind == always || s.kind == toggled)
		writers.Go(func() { w.run(ctx, client.Options{Addr: p.addr}, 1<<30) })
	}
	rnd := rand.New(rand.NewPCG(s.rnd.Uint64(), 0))
	manager.Go(func() { s.manage(managing, rnd, conn) })
	time.Sleep(time.Duration(s.rnd.IntN(80000)) * time.Microsecond)
	p.kill()
	stop()
	manager.Wait()
	for _, w := range s.writers {
		w.hold(false)
	}
	writers.Wait() // they read what had been answered to the end
}

// manage asks for rewrites and saves, and raises the floor where a promise is
// kept by them.
func (s *slot) manage(ctx context.Context, rnd *rand.Rand, conn *client.Conn) {
	var saving []int // acknowledged when the save began
	for ctx.Err() == nil {
		time.Sleep(time.Duration(rnd.IntN(6)) * time.Millisecond)
		var err error
		switch turn := rnd.IntN(6); {
		case s.kind == written && turn < 4:
			err = s.raiseWritten(ctx, conn)
		case s.kind == snapshot:
			saving, err = s.save(ctx, rnd, conn, saving)
		case s.kind == toggled && turn < 2:
			err = toggle(ctx, conn, s.writers)
		case turn == 2:
			s.done.jobs.Add(1)
			_, err = conn.Do(ctx, "BGREWRITEAOF")
		case turn == 3:
			s.done.jobs.Add(1)
			_, err = conn.Do(ctx, "BGSAVE")
		}
		if err != nil {
			return
		}
	}
}

// acknowledged returns how much each writer knows to be executed.
func (s *slot) acknowledged() []int {
	var counts []int
	for _, w := range s.writers {
		counts = append(counts, w.acknowledged())
	}
	return counts
}

func (s *slot) raise(counts []int) {
	for i, w := range s.writers {
		w.raise(counts[i])
	}
}

// raiseWritten makes what has been acknowledged a promise if the server says
// that it has given everything to the system.
func (s *slot) raiseWritten(ctx context.Context, conn *client.Conn) error {
	counts := s.acknowledged()
	info, err := persistenceInfo(ctx, conn)
	if err == nil && info["aof_buffer_length"] == "0" {
		s.raise(counts)
	}
	return err
}

// save begins a save, or looks whether the one that was begun has ended.
func (s *slot) save(ctx context.Context, rnd *rand.Rand, conn *client.Conn, saving []int) ([]int, error) {
	if saving != nil {
		info, err := persistenceInfo(ctx, conn)
		if err == nil && info["rdb_bgsave_in_progress"] == "0" {
			if info["rdb_last_bgsave_status"] == "ok" {
				s.raise(saving)
			}
			saving = nil
		}
		return saving, err
	}
	s.done.jobs.Add(1)
	counts := s.acknowledged()
	if rnd.IntN(3) == 0 {
		v, err := conn.Do(ctx, "SAVE")
		if err == nil && v.Err() == nil {
			s.raise(counts)
		}
		return nil, err
	}
	v, err := conn.Do(ctx, "BGSAVE")
	if err == nil && v.Err() == nil {
		saving = counts
	}
	return saving, err
}
