package save

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// member is a member of the large sets: so long that a set of largeMembers does
// not fit what the walk passes on before it rests.
func member(i int) []byte { return fmt.Appendf(nil, "member %0990d", i) }

const largeMembers = 6_000

// addTo adds members to a set, which it makes if there is none.
func (f *fixture) addTo(key string, from, to int) {
	f.exclusive(func(tx *keyspace.Tx) {
		e, _ := tx.Collection([]byte(key), value.Set)
		v := e.Open(value.Set, value.HashTable)
		lim := value.DefaultLimits()
		for i := from; i < to; i++ {
			set.Add(f.w.Heap(), lim, &v, member(i))
		}
		e.Store([]byte(key), v, to-from)
	})
}

// gatedDisk lets a write happen for every token that it gets, and all of them
// once the tokens are closed.
type gatedDisk struct {
	vfs.FS
	tokens chan struct{}
}

type gatedFile struct {
	vfs.File
	tokens chan struct{}
}

func (d *gatedDisk) Create(name string) (vfs.File, error) {
	f, err := d.FS.Create(name)
	return &gatedFile{f, d.tokens}, err
}

func (f *gatedFile) Write(b []byte) (int, error) {
	<-f.tokens
	return f.File.Write(b)
}

// Sync does nothing: no crash is tested.
func (f *gatedFile) Sync() error { return nil }

// begin starts a background save to a disk on which nothing is written yet.
func (f *fixture) begin() *stream {
	f.saver.FS = &gatedDisk{f.saver.FS, make(chan struct{})}
	f.exclusive(func(*keyspace.Tx) {
		if err := f.saver.startBackground(); err != nil {
			f.t.Fatal(err)
		}
	})
	return f.saver.job.stream
}

// end lets everything be written and waits for the end of the save.
func (f *fixture) end() {
	disk := f.saver.FS.(*gatedDisk)
	close(disk.tokens)
	f.saver.jobs.Wait()
	f.saver.FS = disk.FS
}

// reload returns what the file has.
func (f *fixture) reload() map[string]string {
	g := newFixture(f.t, f.saver.FS)
	g.settings.Dir = f.settings.Dir
	if err := g.saver.LoadAtStart(); err != nil {
		f.t.Fatal(err, g.log.all)
	}
	return g.contents()
}

// untilResting waits until the walk waits for the disk.
func (w *stream) untilResting() {
	w.queue.mu.Lock()
	for len(w.queue.chunks) <= restChunks {
		w.queue.change.Wait()
	}
	w.queue.mu.Unlock()
}

// TestLargeValueInSlices stops the disk in the middle of a large set or a long
// string. Other keys can be changed meanwhile, and so can the value.
func TestLargeValueInSlices(t *testing.T) {
	for _, long := range []bool{false, true} {
		for _, change := range []string{"nothing", "write", "remove", "flush"} {
			f := newFixture(t, vfs.OS{})
			f.settings.Compress, f.settings.Dir = long, t.TempDir() // a long string is not compressed, whatever is set
			write := func() { f.addTo("large", largeMembers, largeMembers+10) }
			if long {
				f.set(0, "large", strings.Repeat("0123456789", 1<<20))
				write = func() { f.set(0, "large", "short") }
			} else {
				f.addTo("large", 0, largeMembers)
			}
			for i := range 300 {
				f.set(i%3, fmt.Sprint("key", i), "old")
			}
			want := f.contents()
			w := f.begin()
			w.untilResting()
			for i := range 300 {
				f.set(i%3, fmt.Sprint("key", i), "new")
			}
			if w.large == nil {
				t.Fatal("the large value is not under way")
			}
			for _, chunk := range w.queue.chunks {
				if len(chunk) > 2*chunkBytes {
					t.Errorf("%d bytes at once", len(chunk))
				}
			}
			switch change {
			case "write":
				write()
			case "remove":
				f.exclusive(func(tx *keyspace.Tx) {
					e := tx.Write([]byte("large"))
					e.Remove([]byte("large"), false)
				})
			case "flush":
				f.exclusive(func(tx *keyspace.Tx) { f.w.Flush(0, false) })
			}
			f.end()
			if f.saver.failed || !maps.Equal(f.reload(), want) {
				t.Errorf("long %v, %s: the snapshot is not that of its instant", long, change)
			}
			f.exclusive(func(*keyspace.Tx) {
				if err := f.w.Check(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestCancelLargeValue ends a save in the middle of a large set.
func TestCancelLargeValue(t *testing.T) {
	f := newFixture(t, vfs.OS{})
	f.settings.Compress, f.settings.Dir = false, t.TempDir()
	f.addTo("large", 0, largeMembers)
	f.begin().untilResting()
	if !f.saver.Cancel() {
		t.Fatal("nothing to cancel")
	}
	f.end()
	if _, err := f.saver.FS.Stat(f.settings.path()); err == nil {
		t.Error("a cancelled save left a file")
	}
	f.addTo("large", largeMembers, largeMembers+1)
	f.background(func() {})
	if f.saver.failed || !maps.Equal(f.reload(), f.contents()) {
		t.Error("the save after a cancelled one is wrong")
	}
}

// TestMemoryBound changes 80 MB of keys during a save, beginning in the middle of
// a large set, to a disk that writes only when the queue is full.
func TestMemoryBound(t *testing.T) {
	const keys = 80
	f := newFixture(t, vfs.OS{})
	f.settings.Compress, f.settings.Dir = false, t.TempDir()
	f.addTo("large", 0, largeMembers)
	for i := range keys {
		f.set(0, fmt.Sprint("key", i), strings.Repeat("x", 1<<20))
	}
	want := f.contents()
	w := f.begin()
	w.untilResting()
	q, changed := w.queue, false
	go func() {
		for i := range keys {
			f.set(0, fmt.Sprint("key", i), "new")
		}
		q.mu.Lock()
		changed = true
		q.mu.Unlock()
		q.change.Broadcast()
	}()
	peak := int64(0)
	for {
		q.mu.Lock()
		for len(q.chunks) < queueChunks && !changed {
			q.change.Wait()
		}
		held := w.behind.Load() + (2+lanes)*chunkBytes // being filled, or written
		for _, chunk := range append(q.chunks, q.free...) {
			held += int64(cap(chunk))
		}
		peak = max(peak, held)
		done := changed
		q.mu.Unlock()
		if done {
			break
		}
		f.saver.FS.(*gatedDisk).tokens <- struct{}{}
	}
	f.end()
	if peak < sideMax || peak > 64<<20-2*compressMax {
		t.Errorf("%d bytes in memory", peak)
	}
	if f.saver.failed || !maps.Equal(f.reload(), want) {
		t.Error("the snapshot is not that of its instant")
	}
}
