package vfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func newMem() *Mem { return NewMem(func() time.Time { return time.Unix(1e9, 0) }) }

// must fails the test when a step of its preparation failed.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contents(t testing.TB, fsys FS, name string) string {
	t.Helper()
	f := must(fsys.OpenFile(name, os.O_RDONLY, 0))(t)
	data := must(io.ReadAll(f))(t)
	check(t, f.Close())
	return string(data)
}

// TestFileSystemsAgree runs one story on the real file system and on Mem.
func TestFileSystemsAgree(t *testing.T) {
	for name, fsys := range map[string]FS{"os": OS{}, "mem": newMem(), "faulty": NewFaulty(newMem(), FailCall(-1, nil))} {
		t.Run(name, func(t *testing.T) {
			dir := "."
			if name == "os" {
				dir = t.TempDir()
			}
			at := func(name string) string { return filepath.Join(dir, name) }
			if _, err := fsys.OpenFile(at("none"), os.O_RDONLY, 0); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("opening nothing: %v", err)
			}
			if _, err := fsys.Create(at("no/dir")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("creating in nothing: %v", err)
			}
			check(t, fsys.MkdirAll(at("a/b"), 0o755))
			f := must(fsys.Create(at("a/b/f")))(t)
			must(f.Write([]byte("hello world")))(t)
			must(f.WriteAt([]byte("W"), 6))(t)
			check(t, f.Truncate(8))
			must(f.Seek(-2, io.SeekEnd))(t)
			must(f.Write([]byte("xyz")))(t)
			check(t, f.Sync())
			buf := make([]byte, 5)
			if n, err := f.ReadAt(buf, 6); n != 3 || err != io.EOF || string(buf[:n]) != "xyz" {
				t.Errorf("ReadAt: %q, %v", buf[:n], err)
			}
			if info := must(f.Stat())(t); info.Size() != 9 || info.Name() != "f" || info.IsDir() {
				t.Errorf("Stat: %+v", info)
			}
			check(t, f.Close())
			if _, err := f.Write(nil); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("writing after Close: %v", err)
			}
			log := must(fsys.OpenFile(at("a/b/f"), os.O_WRONLY|os.O_APPEND, 0))(t)
			must(log.Write([]byte("!")))(t)
			if _, err := log.Read(buf); err == nil {
				t.Error("a file opened for writing can be read")
			}
			check(t, log.Close())
			if got := contents(t, fsys, at("a/b/f")); got != "hello xyz!" {
				t.Errorf("contents: %q", got)
			}
			if _, err := fsys.OpenFile(at("a/b/f"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); !errors.Is(err, fs.ErrExist) {
				t.Errorf("exclusive creation: %v", err)
			}
			check(t, must(fsys.Create(at("a/g")))(t).Close())
			check(t, fsys.Rename(at("a/b/f"), at("a/g")))
			if got := contents(t, fsys, at("a/g")); got != "hello xyz!" {
				t.Errorf("contents after Rename: %q", got)
			}
			if err := fsys.Remove(at("a")); err == nil {
				t.Error("a directory with a file in it was removed")
			}
			var names []string
			for _, e := range must(fsys.ReadDir(at("a")))(t) {
				names = append(names, fmt.Sprint(e.Name(), e.IsDir()))
			}
			if fmt.Sprint(names) != "[btrue gfalse]" {
				t.Errorf("ReadDir: %v", names)
			}
			check(t, fsys.Rename(at("a/b"), at("c")))
			check(t, fsys.Remove(at("c")))
			check(t, fsys.SyncDir(at("a")))
			if _, err := fsys.Stat(at("c")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Stat of what was removed: %v", err)
			}
			held := must(fsys.Lock(at("lock")))(t)
			if _, err := fsys.Lock(at("lock")); !errors.Is(err, ErrLocked) {
				t.Errorf("locking twice: %v", err)
			}
			check(t, held.Close())
			check(t, must(fsys.Lock(at("lock")))(t).Close())
		})
	}
}

// TestCrashKeepsWhatWasSynced writes records, syncs some, and looks at what is
// left after many different crashes.
func TestCrashKeepsWhatWasSynced(t *testing.T) {
	sizes := map[int]bool{}
	named := map[bool]bool{}
	for seed := range uint64(200) {
		m := newMem()
		f := must(m.Create("log"))(t)
		must(f.Write([]byte("durable.")))(t)
		check(t, f.Sync())
		check(t, m.SyncDir("."))
		must(f.Write([]byte("maybe")))(t)
		must(m.Create("other"))(t)
		after := m.Crash(seed)
		if _, err := f.Write([]byte("x")); !errors.Is(err, fs.ErrClosed) {
			t.Fatalf("writing after the crash: %v", err)
		}
		got := contents(t, after, "log")
		if len(got) < 8 || got != "durable.maybe"[:len(got)] {
			t.Fatalf("seed %d: %q", seed, got)
		}
		sizes[len(got)] = true
		_, err := after.Stat("other")
		named[err == nil] = true
		if again := contents(t, after.Crash(seed), "log"); again != got {
			t.Fatalf("seed %d: a second crash turns %q into %q", seed, got, again)
		}
	}
	if len(sizes) != 6 || len(named) != 2 {
		t.Errorf("crashes left sizes %v, names %v", sizes, named)
	}
}

// TestReplacingAFileSafely holds the usual recipe to its promise: write a new
// file, sync it, rename it over the old one, sync the directory.
func TestReplacingAFileSafely(t *testing.T) {
	for steps := range 5 {
		for seed := range uint64(50) {
			m := newMem()
			check(t, m.MkdirAll("dir", 0o755))
			check(t, m.SyncDir("."))
			write := func(name, text string, sync bool) {
				f := must(m.Create(name))(t)
				must(f.Write([]byte(text)))(t)
				if sync {
					check(t, f.Sync())
				}
			}
			write("dir/conf", "old", true)
			check(t, m.SyncDir("dir"))
			if steps > 0 {
				write("dir/new", "new", steps > 1)
			}
			if steps > 2 {
				check(t, m.Rename("dir/new", "dir/conf"))
			}
			if steps > 3 {
				check(t, m.SyncDir("dir"))
			}
			got := contents(t, m.Crash(seed), "dir/conf")
			if got != "old" && steps < 3 || got != "new" && steps > 3 || got != "old" && got != "new" {
				t.Fatalf("crash %d after step %d leaves %q", seed, steps, got)
			}
		}
	}
}

func TestMovedFileIsDurableInItsNewDirectory(t *testing.T) {
	for seed := range uint64(20) {
		m := newMem()
		check(t, m.MkdirAll("a", 0o755))
		check(t, m.MkdirAll("b", 0o755))
		check(t, m.SyncDir("."))
		f := must(m.Create("a/f"))(t)
		must(f.Write([]byte("data")))(t)
		check(t, f.Sync())
		check(t, m.Rename("a/f", "b/f"))
		check(t, m.SyncDir("b"))
		after := m.Crash(seed)
		if got := contents(t, after, "b/f"); got != "data" {
			t.Fatalf("b/f is %q", got)
		}
		if _, err := after.Stat("a/f"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("a/f: %v", err)
		}
	}
}

func TestFaultyFailsThePickedCall(t *testing.T) {
	story := func(fsys FS) error {
		f, err := fsys.Create("f")
		if err != nil {
			return err
		}
		_, err = f.Write([]byte("data"))
		return errors.Join(err, f.Sync(), f.Close(), fsys.Rename("f", "g"), fsys.SyncDir("."))
	}
	dry := NewFaulty(newMem(), FailCall(-1, nil))
	check(t, story(dry))
	if dry.Calls() != 6 {
		t.Fatalf("%d calls", dry.Calls())
	}
	for n := range dry.Calls() {
		if err := story(NewFaulty(newMem(), FailCall(n+1, syscall.EIO))); !errors.Is(err, syscall.EIO) {
			t.Errorf("call %d: %v", n+1, err)
		}
	}
}

func TestFaultyWritesShort(t *testing.T) {
	m := newMem()
	fsys := NewFaulty(m, func(c Call) *Fault {
		if c.Op == "write" && c.Path == "f" {
			return &Fault{Err: syscall.ENOSPC, Short: 3}
		}
		return nil
	})
	f := must(fsys.Create("f"))(t)
	n, err := f.Write([]byte("abcdef"))
	if n != 3 || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("wrote %d, %v", n, err)
	}
	if got := contents(t, m, "f"); got != "abc" {
		t.Fatalf("the file holds %q", got)
	}
}

// FuzzMemFile compares the contents of a file after random changes and syncs
// with a plain slice, and the crash with what was synced last.
func FuzzMemFile(f *testing.F) {
	f.Add([]byte{0, 5, 9, 1, 2, 3, 2, 0, 0, 0, 1, 200}, uint64(1))
	f.Fuzz(func(t *testing.T, ops []byte, seed uint64) {
		m := newMem()
		file := must(m.Create("f"))(t)
		check(t, m.SyncDir("."))
		var model, synced []byte
		clean := true
		for ; len(ops) >= 3; ops = ops[3:] {
			switch at, n := int(ops[1]), int(ops[2]); ops[0] % 3 {
			case 0:
				data := bytes.Repeat([]byte{ops[0] | 1}, n)
				must(file.WriteAt(data, int64(at)))(t)
				if grow := at + n - len(model); grow > 0 && n > 0 {
					model = append(model, make([]byte, grow)...)
				}
				copy(model[min(at, len(model)):], data)
				clean = clean && n == 0
			case 1:
				check(t, file.Truncate(int64(n)))
				model = append(model, make([]byte, 256)...)[:n:n]
				clean = false
			case 2:
				check(t, file.Sync())
				synced, clean = bytes.Clone(model), true
			}
			if got := contents(t, m, "f"); got != string(model) {
				t.Fatalf("contents %x, want %x", got, model)
			}
		}
		if got := contents(t, m.Crash(seed), "f"); clean && got != string(synced) {
			t.Fatalf("after the crash %x, want %x", got, synced)
		}
	})
}

// An image is what a crash would leave, and taking it changes nothing.
func TestImageLeavesFileSystemAlone(t *testing.T) {
	m := newMem()
	f := must(m.Create("a"))(t)
	must(f.Write([]byte("synced")))(t)
	check(t, f.Sync())
	check(t, m.SyncDir("."))
	must(f.Write([]byte(" and not")))(t)
	check(t, m.Rename("a", "b"))
	seen := map[string]bool{}
	for seed := range uint64(64) {
		image := m.Image(seed)
		entries := must(image.ReadDir("."))(t)
		if len(entries) != 1 {
			t.Fatalf("seed %d: %d names", seed, len(entries))
		}
		seen[entries[0].Name()] = true
	}
	if !seen["a"] || !seen["b"] {
		t.Errorf("the rename always or never survives: %v", seen)
	}
	must(f.Write([]byte("!")))(t)
	check(t, f.Sync())
	check(t, m.SyncDir("."))
	after := must(m.Crash(1).OpenFile("b", os.O_RDONLY, 0))(t)
	if got := string(must(io.ReadAll(after))(t)); got != "synced and not!" {
		t.Errorf("the file holds %q", got)
	}
}

// Written back in order, what survives of a file that grows is its beginning.
func TestImageInOrderKeepsBeginning(t *testing.T) {
	m := newMem()
	f := must(m.Create("a"))(t)
	check(t, m.SyncDir("."))
	const text = "one two three four "
	for word := range strings.SplitAfterSeq(text, " ") {
		must(f.Write([]byte(word)))(t)
	}
	sizes := map[int]bool{}
	for seed := range uint64(200) {
		image := must(m.ImageInOrder(seed).OpenFile("a", os.O_RDONLY, 0))(t)
		got := string(must(io.ReadAll(image))(t))
		if !strings.HasPrefix(text, got) {
			t.Fatalf("seed %d: %q", seed, got)
		}
		sizes[len(got)] = true
	}
	if !sizes[0] || !sizes[len(text)] || len(sizes) < 8 {
		t.Errorf("only these sizes: %v", sizes)
	}
}
