package save

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// lines is a log that remembers.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Noticef(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, fmt.Sprintf(format, args...))
}

func (l *lines) Warningf(format string, args ...any) { l.Noticef(format, args...) }

// fixture is a keyspace with a Saver.
type fixture struct {
	t        *testing.T
	pool     *offheap.Pool
	space    *keyspace.Space
	w        *keyspace.Worker
	saver    *Saver
	settings Settings
	log      *lines
	armed    bool
	// rewriting: the append-only file is being rewritten.
	rewriting bool
}

const now = 1_700_000_000_000

func newFixture(t *testing.T, fsys vfs.FS) *fixture {
	pool, err := offheap.NewPool(offheap.Options{ReserveBytes: 8 << 30})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, pool: pool, log: &lines{}, settings: Settings{Filename: "dump.rdb", Dir: ".", Compress: true, Checksum: true,
		Incremental: true, LoadSlice: 1 << 10, Version: "9.0.2", Points: []Point{{Seconds: 1, Changes: 1}}, StopWrites: true}}
	f.space = keyspace.New(keyspace.Options{Pool: pool, Databases: 4, Seed: 1})
	f.w = f.space.NewWorker(nil)
	f.saver = New(Deps{
		Space: f.space, FS: fsys, Now: func() time.Time { return time.UnixMilli(now) }, Log: f.log,
		Delay: func(d time.Duration, cancel <-chan struct{}) {
			select {
			case <-time.After(d):
			case <-cancel:
			}
		},
		Settings: func() Settings { return f.settings }, Limits: value.DefaultLimits, UsedMemory: pool.Used,
		Changes: func() int64 { return f.w.Stats.Dirty }, ArmErrors: func(on bool) { f.armed = on }, PID: 7,
		Rewriting: func() bool { return f.rewriting },
	})
	return f
}

func (f *fixture) exclusive(do func(tx *keyspace.Tx)) {
	f.w.Enter()
	f.w.Exclusive(func() { do(f.w.Begin(0, now)) })
	f.w.Leave()
}

func (f *fixture) set(db int, key, val string) {
	f.exclusive(func(tx *keyspace.Tx) {
		tx = tx.Other(db)
		e := tx.Write([]byte(key))
		tx.SetString(&e, []byte(key), []byte(val), -1)
	})
}

// contents are all keys and short strings, and of long ones and sets a checksum.
func (f *fixture) contents() map[string]string {
	all := map[string]string{}
	f.exclusive(func(tx *keyspace.Tx) {
		for db := range f.space.Databases() {
			tx.Other(db).Each(func(e keyspace.Entry) {
				if e.Type() == value.Set {
					v, sum := e.Value(), uint64(0)
					for member := range set.All(&v) {
						sum += checksum.CRC64(1, member)
					}
					all[fmt.Sprintf("%d:%s", db, e.Key())] = fmt.Sprint(set.Len(&v), sum)
					return
				}
				var number keyspace.NumberText
				text := e.String(&number)
				if len(text) > 1<<10 {
					text = fmt.Append(nil, len(text), checksum.CRC64(1, text))
				}
				all[fmt.Sprintf("%d:%s", db, e.Key())] = string(text)
			})
		}
	})
	return all
}

func (f *fixture) save() (err error) {
	f.exclusive(func(tx *keyspace.Tx) { err = f.saver.SaveNow(tx) })
	return err
}

// background runs BGSAVE to its end.
func (f *fixture) background(meanwhile func()) {
	f.exclusive(func(*keyspace.Tx) {
		if err := f.saver.startBackground(); err != nil {
			f.t.Error(err)
		}
	})
	meanwhile()
	f.saver.jobs.Wait()
}

// bgsave returns the reply to BGSAVE in a transaction or outside of one.
func (f *fixture) bgsave(transaction bool, words ...string) string {
	out := resp.NewWriter(resp.RESP2, nil)
	c := &command.Ctx{Args: [][]byte{[]byte("BGSAVE")}, Out: out, DenyBlocking: transaction}
	for _, w := range words {
		c.Args = append(c.Args, []byte(w))
	}
	f.exclusive(func(tx *keyspace.Tx) {
		c.Tx = tx
		f.saver.runBackgroundSave(c)
	})
	return string(out.Bytes())
}

func mem() *vfs.Mem { return vfs.NewMem(func() time.Time { return time.UnixMilli(now) }) }

func (f *fixture) fill(n int) {
	for i := range n {
		f.set(i%3, fmt.Sprint("key", i), fmt.Sprint("value", i))
	}
}

// TestRoundTrip saves in both ways and loads into another keyspace.
func TestRoundTrip(t *testing.T) {
	disk := mem()
	f := newFixture(t, disk)
	f.fill(500)
	f.set(3, "large", string(make([]byte, 3<<20)))
	want := f.contents()
	load := func() map[string]string {
		g := newFixture(t, disk)
		if err := g.saver.LoadAtStart(); err != nil {
			t.Fatal(err, g.log.all)
		}
		return g.contents()
	}
	if err := f.save(); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(load(), want) {
		t.Error("SAVE and load differ")
	}
	f.background(func() {
		f.fill(100)
		f.exclusive(func(*keyspace.Tx) { f.w.Flush(1, false) })
		f.set(0, "late", "x")
	})
	if !maps.Equal(load(), want) {
		t.Error("BGSAVE does not have the keys of its instant")
	}
	f.exclusive(func(*keyspace.Tx) {
		if s := f.saver.Status(); s.Changes == 0 || s.InProgress || s.Saves != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// TestCrash crashes the machine after every call to the file system: what is
// found then is the old file or the new one, complete.
func TestCrash(t *testing.T) {
	for _, background := range []bool{false, true} {
		for n := int64(1); ; n++ {
			disk := mem()
			f := newFixture(t, disk)
			f.set(0, "k", "old")
			if err := f.save(); err != nil {
				t.Fatal(err)
			}
			f.set(0, "k", "new")
			faulty := vfs.NewFaulty(disk, vfs.FailCall(n, errors.New("crash")))
			f.saver.FS = faulty
			failed := false
			if background {
				f.background(func() {})
				failed = f.saver.failed
				if failed != f.armed {
					t.Error("writes go on though the keys cannot be saved")
				}
			} else {
				failed = f.save() != nil
			}
			after := disk.Crash(uint64(n))
			g := newFixture(t, after)
			if err := g.saver.LoadAtStart(); err != nil {
				t.Fatalf("call %d: %v", n, g.log.all)
			}
			got := g.contents()["0:k"]
			if got != "new" && (got != "old" || !failed) {
				t.Errorf("call %d, failed %v: found %q", n, failed, got)
			}
			if faulty.Calls() < n {
				break
			}
		}
	}
}

// TestCancel ends a background save without a file and without harm.
func TestCancel(t *testing.T) {
	disk := mem()
	f := newFixture(t, disk)
	f.fill(300)
	f.settings.KeyDelay = time.Hour
	f.background(func() {
		if !f.saver.Cancel() {
			t.Error("nothing to cancel")
		}
	})
	if f.saver.failed || f.saver.Cancel() {
		t.Error("a cancelled save counts as failed, or goes on")
	}
	if _, err := disk.Stat("dump.rdb"); err == nil {
		t.Error("a cancelled save left a file")
	}
	f.settings.KeyDelay = 0
	want := f.contents()
	f.background(func() {})
	g := newFixture(t, disk)
	if g.saver.LoadAtStart() != nil || !maps.Equal(g.contents(), want) {
		t.Error("the save after a cancelled one is wrong")
	}
}

// TestBesideRewrite asks for saves while the append-only file is being rewritten:
// one that is scheduled begins at the end of that.
func TestBesideRewrite(t *testing.T) {
	f := newFixture(t, mem())
	f.settings.Points = nil
	f.settings.KeyDelay = time.Hour // a save goes on until it is cancelled
	f.fill(10)
	tick := func() (saving bool) {
		f.exclusive(func(*keyspace.Tx) {
			f.saver.Tick()
			f.saver.StartScheduled()
		})
		return f.saver.Saving()
	}
	expect := func(got, want string) {
		t.Helper()
		if got != want+"\r\n" {
			t.Errorf("%q instead of %q", got, want)
		}
	}
	const busy = "-ERR Another child process is active (AOF?): can't BGSAVE right now. " +
		"Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."
	f.rewriting = true
	expect(f.bgsave(false), busy)
	if tick() {
		t.Error("a refused save began")
	}
	expect(f.bgsave(false, "SCHEDULE"), "+Background saving scheduled")
	if tick() {
		t.Error("a save began during the rewrite")
	}
	expect(f.bgsave(false, "CANCEL"), "+Scheduled background saving cancelled")
	expect(f.bgsave(true), "+Background saving scheduled")
	f.rewriting = false
	if !tick() {
		t.Error("the scheduled save did not begin after the rewrite")
	}
	for _, transaction := range []bool{false, true} {
		expect(f.bgsave(transaction, "SCHEDULE"), "-ERR Background save already in progress")
	}
	expect(f.bgsave(false, "CANCEL"), "+Background saving cancelled")
	f.saver.Stop()
	expect(f.bgsave(false, "SCHEDULE"), "+Background saving started")
	f.saver.Stop()

	f.settings.Points = []Point{{Seconds: -1, Changes: 1}}
	f.rewriting = true
	if tick() {
		t.Error("a save point began a save during the rewrite")
	}
}

// TestDamagedFile loads files with one byte changed, and cut short: the error
// must be told, unless the file is the same.
func TestDamagedFile(t *testing.T) {
	disk := mem()
	f := newFixture(t, disk)
	f.fill(5)
	if err := f.save(); err != nil {
		t.Fatal(err)
	}
	file, err := disk.OpenFile("dump.rdb", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := file.Stat()
	whole := make([]byte, info.Size())
	file.ReadAt(whole, 0)
	g := newFixture(t, disk)
	refused := func(b []byte) bool {
		file.Truncate(0)
		file.WriteAt(b, 0)
		g.exclusive(func(*keyspace.Tx) {
			for db := range g.space.Databases() {
				g.w.Flush(db, false)
			}
		})
		return errors.Is(g.saver.LoadAtStart(), ErrLoad)
	}
	for i := range whole {
		b := append([]byte(nil), whole...)
		b[i] ^= 1 << (i % 8)
		if !refused(b) {
			t.Errorf("byte %d changed: loaded", i)
		}
		if !refused(whole[:i]) {
			t.Errorf("cut at %d: loaded", i)
		}
	}
	if refused(whole) {
		t.Error("the whole file is refused")
	}
	g.saver.Check = func(path string) string { return "checked " + path + "\nto its end\n" }
	if !refused(whole[:len(whole)/2]) {
		t.Error("half of the file is loaded")
	}
	for _, line := range []string{"checked dump.rdb", "to its end", "Terminating server after rdb file reading failure."} {
		if !slices.Contains(g.log.all, line) {
			t.Errorf("not in the log: %s", line)
		}
	}
}

// TestStringsCostNoGarbage encodes strings of both kinds again and again: millions
// of them must not make the garbage collector run beside the clients.
func TestStringsCostNoGarbage(t *testing.T) {
	f := newFixture(t, mem())
	f.set(0, "text", "some text")
	f.set(0, "number", "12345")
	f.exclusive(func(tx *keyspace.Tx) {
		w := f.saver.newStream(snapshotFile, true)
		for _, key := range []string{"text", "number"} {
			e := tx.Peek([]byte(key))
			if n := testing.AllocsPerRun(100, func() { w.SaveEntry(0, e) }); n != 0 {
				t.Errorf("the walk allocates %v times for a %s", n, key)
			}
			if n := testing.AllocsPerRun(100, func() { w.SaveEarly(0, 0, e) }); n != 0 {
				t.Errorf("a command that changes a %s allocates %v times", key, n)
			}
		}
		if err := w.end(); err != nil {
			t.Fatal(err)
		}
		if err := w.queue.drain(io.Discard, func() {}); err != nil {
			t.Fatal(err)
		}
	})
}
