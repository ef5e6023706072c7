package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/persistence/journal"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

type quiet struct{}

func (quiet) Noticef(string, ...any)  {}
func (quiet) Warningf(string, ...any) {}

// plain are words without quotes.
var plain = Words{
	Split: func(line string) ([]string, bool) { return strings.Fields(line), true },
	Quote: strconv.Quote,
}

// store is a server of which only SET and FLUSHALL are known.
type store struct {
	*AOF
	keys   map[string]string
	policy Policy
	fed    bool
	base   func() // ends the base under way
}

func newStore(fsys vfs.FS, policy Policy) *store {
	s := &store{keys: map[string]string{}, policy: policy}
	now := func() time.Time { return time.Unix(1000, 0) }
	j := journal.New(journal.Options{BytesMax: 1 << 10, Now: now, Full: func() { s.Flush() }})
	snapshot := func() string {
		var b strings.Builder
		b.WriteString("REDIS0")
		for k, v := range s.keys {
			fmt.Fprintf(&b, " %s %s", k, v)
		}
		return b.String() + "\n"
	}
	s.AOF = New(Deps{
		FS: fsys, Now: now, Log: quiet{}, Journal: j, Words: plain, PID: 1,
		Settings: func() Settings {
			return Settings{Dir: ".", Dirname: "dir", Filename: "aof", Policy: s.policy, LoadTruncated: true, LoadSlice: 64}
		},
		Watch:     func(on bool) { s.fed = on },
		ArmErrors: func(bool) {},
		Saving:    func() bool { return false },
		WriteBase: func(w io.Writer) error { _, err := io.WriteString(w, snapshot()); return err },
		StartBase: func(w io.Writer, done func(error)) (func(), error) {
			text := snapshot()
			s.base = func() {
				_, err := io.WriteString(w, text)
				done(err)
			}
			return func() { s.base = func() { done(errors.New("cancelled")) } }, nil
		},
		OpenBase:  func(r io.Reader) (BaseLoader, error) { return &textBase{s: s, r: r}, nil },
		Run:       s.run,
		Exclusive: func(f func()) { f() },
		Progress:  func(int64) {},
	})
	return s
}

type textBase struct {
	s    *store
	r    io.Reader
	size int64
}

func (b *textBase) Step() (bool, error) {
	text, err := io.ReadAll(b.r)
	if err != nil || !bytes.HasSuffix(text, []byte("\n")) {
		return false, errors.New("torn base")
	}
	b.size = int64(len(text))
	words := strings.Fields(string(text))[1:]
	for i := 0; i < len(words); i += 2 {
		b.s.keys[words[i]] = words[i+1]
	}
	return true, nil
}

func (b *textBase) Offset() int64 { return b.size }

func (s *store) run(args [][]byte) string {
	if string(args[0]) == "SET" {
		s.keys[string(args[1])] = string(args[2])
	}
	return ""
}

// set writes keys as one unit and reports whether that was acknowledged.
func (s *store) set(value string, keys ...string) bool {
	var batch []command.Propagated
	for _, k := range keys {
		s.keys[k] = value
		batch = append(batch, command.Propagated{Args: [][]byte{[]byte("SET"), []byte(k), []byte(value)}})
	}
	if s.fed {
		s.Journal.Append(batch)
	}
	return s.Commit()
}

func (s *store) start() error {
	_, found, err := s.Find()
	if err == nil && found {
		err = s.Load(func(f func()) { f() })
	}
	if err == nil {
		err = s.Begin()
	}
	return err
}

// TestCrashes ends the disk at every call that the files make, and looks at what
// the next start finds.
func TestCrashes(t *testing.T) {
	clock := func() time.Time { return time.Unix(1000, 0) }
	const crashesMax = 1000
	for at := int64(1); ; at++ {
		if at > crashesMax {
			t.Fatal("the story does not end")
		}
		mem := vfs.NewMem(clock)
		failed := errors.New("power")
		calls := int64(0)
		disk := vfs.NewFaulty(mem, func(vfs.Call) *vfs.Fault {
			if calls++; calls >= at {
				return &vfs.Fault{Err: failed}
			}
			return nil
		})
		acked := map[string]string{}
		s := newStore(disk, Always)
		tried := ""
		write := func(i int) bool {
			tried = strconv.Itoa(i)
			if !s.set(tried, "a", "b") {
				return false
			}
			acked["a"], acked["b"] = tried, tried
			return true
		}
		story := func() bool {
			if s.start() != nil {
				return false
			}
			for i := range 4 {
				if !write(i) {
					return false
				}
			}
			s.mu.Lock()
			err := s.startRewriteLocked()
			s.mu.Unlock()
			if err != nil {
				return false
			}
			if !write(10) {
				s.base()
				return false
			}
			s.base()
			return write(11) && s.Close() == nil
		}
		ended := story()
		s.jobs.Wait()
		next := newStore(mem.Crash(uint64(at)), Always)
		if err := next.start(); err != nil {
			t.Fatalf("crash at call %d: %v", at, err)
		}
		got := maps.Clone(next.keys)
		if got["a"] != got["b"] {
			t.Fatalf("crash at call %d: a unit is torn: %v", at, got)
		}
		if got["a"] != acked["a"] && got["a"] != tried {
			t.Fatalf("crash at call %d: %v, acknowledged %v, tried %s", at, got, acked, tried)
		}
		if next.set("99", "a", "b"); next.Failed() {
			t.Fatalf("crash at call %d: cannot go on", at)
		}
		next.Close()
		if ended {
			return
		}
	}
}

func TestTurningOn(t *testing.T) {
	mem := vfs.NewMem(func() time.Time { return time.Unix(1000, 0) })
	s := newStore(mem, Always)
	s.set("1", "before")
	if err := s.SetEnabled(true, false); err != nil {
		t.Fatal(err)
	}
	s.set("2", "during")
	s.base()
	s.set("3", "after")
	if st := s.Status(); !st.Enabled || st.Rewriting || st.RewriteFailed {
		t.Errorf("%+v", st)
	}
	again := newStore(mem.Crash(1), Always)
	if err := again.start(); err != nil || !maps.Equal(again.keys, s.keys) {
		t.Errorf("%v after %v: %v", again.keys, s.keys, err)
	}
	if err := s.Close(); err == nil {
		t.Error("the disk has crashed, and closing says nothing")
	}
}

func TestWriteErrors(t *testing.T) {
	mem := vfs.NewMem(func() time.Time { return time.Unix(1000, 0) })
	full := false
	s := newStore(vfs.NewFaulty(mem, func(c vfs.Call) *vfs.Fault {
		if full && c.Op == "write" {
			return &vfs.Fault{Err: errors.New("no space left on device")}
		}
		return nil
	}), Never)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	s.set("1", "a")
	full = true
	s.set("2", "a")
	if !s.Status().WriteFailed || s.Failed() {
		t.Errorf("%+v", s.Status())
	}
	full = false
	s.set("3", "b")
	if s.Status().WriteFailed {
		t.Error("the disk has room again")
	}
	s.Close()
	again := newStore(mem, Never)
	if err := again.start(); err != nil || again.keys["a"] != "2" || again.keys["b"] != "3" {
		t.Errorf("%v: %v", again.keys, err)
	}
	again.Close()
}

func TestTruncatedUnit(t *testing.T) {
	mem := vfs.NewMem(func() time.Time { return time.Unix(1000, 0) })
	s := newStore(mem, Always)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	s.set("1", "a", "b")
	whole := s.size
	s.set("2", "a", "b")
	end := s.size
	s.Close()
	text, err := readFile(mem, "dir/aof.1.incr.aof")
	if err != nil || int64(len(text)) != end {
		t.Fatal(len(text), end, err)
	}
	for cut := whole; cut < end; cut++ {
		f, err := mem.Create("dir/aof.1.incr.aof")
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(text[:cut]))
		f.Close()
		again := newStore(mem, Always)
		if _, _, err := again.Find(); err != nil {
			t.Fatal(err)
		}
		if err := again.Load(func(f func()) { f() }); err != nil || again.keys["a"] != "1" || again.keys["b"] != "1" {
			t.Fatalf("cut at %d: %v, %v", cut, again.keys, err)
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n")
	f.Add("# comment\nfile a seq 1 type h\n")
	f.Add("file a seq 2 type i\nfile b seq 1 type i\n")
	f.Add("file ../a seq 1 type i\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseManifest(text, plain)
		if err != nil {
			return
		}
		again := m.Format(plain)
		if strings.ContainsAny(again, "\"\\") || again == "" {
			return // these words know no quotes
		}
		m2, err := ParseManifest(again, plain)
		if err != nil || m2.Format(plain) != again {
			t.Errorf("%q became %q: %v", text, again, err)
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"))
	f.Add([]byte("#TS:1\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEX"))
	f.Add([]byte("*1\r\n$99999999999\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newReader(bytes.NewReader(data), 0)
		for {
			args, err := r.next()
			if err != nil {
				if err == io.EOF && r.offset != int64(len(data)) {
					t.Errorf("ends at %d of %d", r.offset, len(data))
				}
				return
			}
			r2 := newReader(bytes.NewReader(journal.AppendCommand(nil, args)), 0)
			if again, err := r2.next(); err != nil || len(again) != len(args) {
				t.Errorf("%q: %v", args, err)
			}
		}
	})
}

func TestTurnedOffWithinTransaction(t *testing.T) {
	s := newStore(vfs.NewMem(func() time.Time { return time.Unix(1000, 0) }), Always)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	s.SetEnabled(false, true)
	if !s.fed || s.Status().Enabled {
		t.Error("the transaction is recorded to its end, although the file counts as off")
	}
	s.SetEnabled(true, true)
	if s.Tick(); !s.fed || !s.Status().Enabled {
		t.Error("turned on again, it stays on")
	}
	s.SetEnabled(false, true)
	if s.Tick(); s.fed || s.Status().Enabled {
		t.Error("it is off after the transaction")
	}
}
