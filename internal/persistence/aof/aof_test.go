package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/persistence/journal"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
	"github.com/kvasirdb/kvasir/internal/resp"
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
	fatal  int    // calls of Fatal
	saving bool   // another snapshot runs

	exclusive sync.Mutex    // exclusive mode
	excluded  chan struct{} // told of the end of each Exclusive
	// instant, if set, is called by Exclusive before anything else.
	instant func()
}

func newStore(fsys vfs.FS, policy Policy) *store {
	s := &store{keys: map[string]string{}, policy: policy, excluded: make(chan struct{}, 64)}
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
		Fatal:     func() { s.fatal++ },
		Saving:    func() bool { return s.saving },
		Latency:   func(string, time.Duration) {},
		WriteBase: func(w io.Writer, _ Format) error { _, err := io.WriteString(w, snapshot()); return err },
		StartBase: func(w io.Writer, _ Format, done func(error)) (func(), error) {
			text := snapshot()
			s.base = func() {
				_, err := io.WriteString(w, text)
				done(err)
			}
			return func() { s.base = func() { done(errors.New("cancelled")) } }, nil
		},
		OpenBase: func(r io.Reader) (BaseLoader, error) { return &textBase{s: s, r: r}, nil },
		Run:      s.run,
		Exclusive: func(f func()) {
			if s.instant != nil {
				s.instant()
			}
			s.exclusive.Lock()
			f()
			s.exclusive.Unlock()
			s.excluded <- struct{}{}
		},
		Progress: func(int64) {},
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

func (s *store) run(batch [][][]byte) string {
	for _, args := range batch {
		switch name := string(args[0]); name {
		case "SET":
			s.keys[string(args[1])] = string(args[2])
		case "SELECT":
		default:
			return "unknown command " + name
		}
	}
	return ""
}

// begin asks for a rewrite of a file that is on and waits until its base is being
// written, which base ends, or it has failed. It reports which.
func (s *store) begin() bool {
	s.drain()
	s.exclusive.Lock()
	s.mu.Lock()
	err := s.startRewriteLocked()
	s.mu.Unlock()
	s.exclusive.Unlock()
	if err != nil {
		return false
	}
	<-s.excluded
	if s.base == nil {
		<-s.excluded // its end
	}
	return s.base != nil
}

// drain forgets what Exclusive has told.
func (s *store) drain() {
	for len(s.excluded) > 0 {
		<-s.excluded
	}
}

// endBase ends the base under way, and with it the rewrite.
func (s *store) endBase() {
	end := s.base
	s.base = nil
	end()
}

// enable is CONFIG SET appendonly.
func (s *store) enable(on bool) error {
	s.exclusive.Lock()
	defer s.exclusive.Unlock()
	return s.SetEnabled(on, false)
}

// set writes keys as one unit and reports whether that was acknowledged.
func (s *store) set(value string, keys ...string) bool {
	s.exclusive.Lock()
	defer s.exclusive.Unlock()
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
		disk := vfs.NewFaulty(mem, func(c vfs.Call) *vfs.Fault {
			if c.N >= at {
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
			if !s.begin() {
				return false
			}
			if !write(10) {
				s.endBase()
				return false
			}
			s.endBase()
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
	s.endBase()
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

// TestFatalErrors fails the write and the sync that every reply waits for.
func TestFatalErrors(t *testing.T) {
	for _, op := range []string{"write", "sync"} {
		broken := false
		s := newStore(vfs.NewFaulty(vfs.NewMem(func() time.Time { return time.Unix(1000, 0) }), func(c vfs.Call) *vfs.Fault {
			if broken && c.Op == op {
				return &vfs.Fault{Err: errors.New("input/output error")}
			}
			return nil
		}), Always)
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		if !s.set("1", "a") || s.fatal != 0 {
			t.Error(op, "fails too early")
		}
		broken = true
		for range 2 {
			if s.set("2", "a") {
				t.Error(op, "failed, and a reply leaves")
			}
			s.tick()
		}
		if s.fatal != 1 || !s.Failed() {
			t.Errorf("%s failed, and Fatal was called %d times", op, s.fatal)
		}
		s.Close()
	}
}

// tick does what the server does ten times a second.
func (s *store) tick() {
	s.exclusive.Lock()
	defer s.exclusive.Unlock()
	s.StartScheduled()
	s.Tick()
}

// TestRewriteBesideSave asks for a rewrite while a snapshot is saved: it is
// scheduled, and begins when that has ended.
func TestRewriteBesideSave(t *testing.T) {
	s := newStore(vfs.NewMem(func() time.Time { return time.Unix(1000, 0) }), Never)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	s.set("1", "a")
	ask := func(want string) {
		t.Helper()
		out := resp.NewWriter(resp.RESP2, nil)
		if s.runRewrite(&command.Ctx{Out: out}); string(out.Bytes()) != want+"\r\n" {
			t.Errorf("%q instead of %q", out.Bytes(), want)
		}
	}
	s.saving = true
	ask("+Background append only file rewriting scheduled")
	if s.tick(); s.Rewriting() || !s.Status().Scheduled {
		t.Errorf("during the save: %+v", s.Status())
	}
	s.saving = false
	if s.tick(); !s.Rewriting() || s.Status().Scheduled {
		t.Errorf("after the save: %+v", s.Status())
	}
	ask("-ERR Background append only file rewriting already in progress")
	<-s.excluded
	s.endBase()
	if s.Rewriting() || s.Status().RewriteFailed {
		t.Errorf("after the rewrite: %+v", s.Status())
	}
	s.Close()
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

// TestAnnotationsAtEnd loads files that end with annotations, as a base without
// keys does: they are whole, unless the last annotation is cut.
func TestAnnotationsAtEnd(t *testing.T) {
	mem := vfs.NewMem(func() time.Time { return time.Unix(1000, 0) })
	s := newStore(mem, Always)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	s.set("1", "a", "b")
	s.Close()
	unit, err := readFile(mem, "dir/aof.1.incr.aof")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, kept string }{
		{"#TS:1\r\n", "#TS:1\r\n"},
		{"#TS:1\r\n#TS:2\r\n", "#TS:1\r\n#TS:2\r\n"},
		{unit + "#TS:1\r\n", unit + "#TS:1\r\n"},
		{unit + "#TS:1\r", unit},
		{unit + "#TS:1\r\n#T", unit},
		{unit + "#TS:1\r\n*", unit},
	} {
		f, err := mem.Create("dir/aof.1.incr.aof")
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(c.text))
		f.Close()
		again := newStore(mem, Always)
		if _, _, err := again.Find(); err != nil {
			t.Fatal(err)
		}
		if err := again.Load(func(f func()) { f() }); err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		if left, err := readFile(mem, "dir/aof.1.incr.aof"); err != nil || left != c.kept {
			t.Errorf("%q became %q, %v", c.text, left, err)
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

// readAll returns the commands of a file, and what reading ends with.
func readAll(r *reader) (commands [][][]byte, err error) {
	for {
		args, ok, err := r.next()
		if ok {
			commands = append(commands, command.CloneArgs(args))
		} else if err == nil {
			err = r.fill()
		}
		if err != nil {
			return commands, err
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"), uint(3))
	f.Add([]byte("#TS:1\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEX"), uint(1))
	f.Add([]byte("*1\r\n$99999999999\r\n"), uint(0))
	f.Add([]byte("*1\r\n$-1\r\n*0\r\n*1\n$1\nx\r\n"), uint(2))
	f.Fuzz(func(t *testing.T, data []byte, piece uint) {
		all, err := readAll(newReader(bytes.NewReader(data), 0))
		pieces := newReader(&slowReader{data, int(piece%64) + 1}, 0)
		again, errAgain := readAll(pieces)
		if err != errAgain || !reflect.DeepEqual(all, again) {
			t.Errorf("%q, %v; in pieces %q, %v", all, err, again, errAgain)
		}
		if err == io.EOF && pieces.offset != int64(len(data)) {
			t.Errorf("ends at %d of %d", pieces.offset, len(data))
		}
		var text []byte
		for _, args := range all {
			text = journal.AppendCommand(text, args)
		}
		if same, err := readAll(newReader(bytes.NewReader(text), 0)); err != io.EOF || !reflect.DeepEqual(all, same) {
			t.Errorf("%q became %q: %v", all, same, err)
		}
	})
}

// slowReader gives a few bytes at a time.
type slowReader struct {
	data  []byte
	piece int
}

func (r *slowReader) Read(b []byte) (int, error) {
	n := copy(b, r.data[:min(r.piece, len(r.data))])
	if r.data = r.data[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestLongCommand reads a command of more bytes than the buffer has.
func TestLongCommand(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 40*readBytes)
	text := journal.AppendCommand(nil, [][]byte{[]byte("SET"), []byte("k"), long})
	text = journal.AppendCommand(text, [][]byte{[]byte("PING")})
	r := newReader(bytes.NewReader(text), 0)
	all, err := readAll(r)
	if err != io.EOF || len(all) != 2 || !bytes.Equal(all[0][2], long) || r.offset != int64(len(text)) {
		t.Errorf("%d commands, %v, ends at %d of %d", len(all), err, r.offset, len(text))
	}
	if len(r.buf) != readBytes {
		t.Errorf("the buffer keeps %d bytes", len(r.buf))
	}
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
	if s.tick(); !s.fed || !s.Status().Enabled {
		t.Error("turned on again, it stays on")
	}
	s.SetEnabled(false, true)
	if s.tick(); s.fed || s.Status().Enabled {
		t.Error("it is off after the transaction")
	}
}
