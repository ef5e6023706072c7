package aof

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// story is a store on a disk in memory whose power may fail at any call. Its
// values are numbers that grow, so that an image tells how far it reaches.
type story struct {
	*store
	mem   *vfs.Mem
	calls int // while armed, of those for which no lock of a writer is held
	armed bool
	from  int                                 // the first of shots that no other story has
	at    int                                 // the call before which do is called, and that then fails
	do    func()                              // or nil
	fails func(c vfs.Call) (fault *vfs.Fault) // or nil

	// A file that was left is closed beside the story.
	lock  sync.Mutex
	value int // last written
	floor int // promised: values from here on
	shots []shot
}

// shot is what a power failure would leave, and what was promised by then.
type shot struct {
	disk         *vfs.Mem
	floor, value int
	before       vfs.Call
}

func newStory(policy Policy) *story {
	s := &story{mem: vfs.NewMem(func() time.Time { return time.Unix(1000, 0) })}
	s.store = newStore(vfs.NewFaulty(s.mem, s.before), policy)
	return s
}

// unlocked reports whether a call is made without the locks that writers need: it
// is about a manifest, a base, a name or the incremental file that is next.
func unlocked(c vfs.Call) bool {
	switch c.Op {
	case "rename", "syncdir", "create", "open", "remove":
		return true
	case "write", "sync":
		return strings.Contains(c.Path, "manifest") || strings.Contains(c.Path, "rewriteaof")
	}
	return false
}

func (s *story) before(c vfs.Call) *vfs.Fault {
	if c.Op == "read" || c.Op == "stat" {
		return nil
	}
	s.lock.Lock()
	s.shots = append(s.shots, shot{s.mem.Image(uint64(len(s.shots))), s.floor, s.value, c})
	s.lock.Unlock()
	if !s.armed || !unlocked(c) {
		return nil
	}
	if s.calls++; s.calls != s.at {
		return nil
	}
	s.lock.Lock()
	s.armed, s.from = false, len(s.shots)-1
	s.lock.Unlock()
	if s.do != nil {
		s.write() // which would wait for ever if the rewrite held a lock
		s.do()
		s.write()
	}
	if s.fails != nil {
		return s.fails(c)
	}
	return nil
}

func (s *story) write() {
	s.lock.Lock()
	s.value++
	s.lock.Unlock()
	st := s.Status()
	if s.set(strconv.Itoa(s.value), "a", "b") && st.Recording && !st.Waiting {
		s.promise(s.value)
	} else {
		s.promise(0) // while the file is off
	}
}

func (s *story) promise(value int) {
	s.lock.Lock()
	s.floor = value
	s.lock.Unlock()
}

// check starts stores on all images.
func (s *story) check(t *testing.T, what string) {
	t.Helper()
	s.shots = append(s.shots, shot{s.mem, s.floor, s.value, vfs.Call{Op: "end"}})
	for i, shot := range s.shots {
		if i < s.from || (i+s.at)%6 != 0 && i < len(s.shots)-1 { // another story takes the others
			continue
		}
		next := newStore(shot.disk, Always)
		at := fmt.Sprintf("%s, power cut before %s %s", what, shot.before.Op, shot.before.Path)
		if err := next.start(); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		found, _ := strconv.Atoi(next.keys["a"])
		if next.keys["a"] != next.keys["b"] {
			t.Fatalf("%s: a unit is torn: %v", at, next.keys)
		}
		// A power failure while a unit is written may leave it.
		if found < shot.floor || found > shot.value+1 {
			t.Fatalf("%s: found %d, promised %d, written %d", at, found, shot.floor, shot.value)
		}
		if i == len(s.shots)-1 && s.floor > 0 && found != s.value {
			t.Fatalf("%s: found %d at the end, written %d", at, found, s.value)
		}
		next.Close()
	}
}

// rewrite tells of a rewrite from its begin to its end and reports whether the
// armed call was reached.
func (s *story) rewrite() bool {
	s.write()
	s.armed, s.calls = true, 0
	if s.begin() {
		s.write()
		s.endBase()
	}
	s.write()
	reached := !s.armed
	s.armed = false
	for range 3 { // what was put off
		s.drain()
		s.tick()
		if s.Rewriting() {
			if s.base == nil {
				<-s.excluded
			}
			if s.base != nil {
				s.endBase()
			}
		}
	}
	if st := s.Status(); st.Recording && !st.Waiting && !s.AOF.Failed() {
		s.promise(s.value)
	}
	s.write()
	return reached
}

// TestMeanwhile lets something happen at every step of a rewrite for which clients
// do not wait, and cuts the power at every call.
func TestMeanwhile(t *testing.T) {
	for name, do := range map[string]func(s *story){
		"nothing": func(*story) {},
		"another rewrite": func(s *story) {
			s.exclusive.Lock()
			defer s.exclusive.Unlock()
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := s.startRewriteLocked(); err != errBusy {
				t.Errorf("another rewrite: %v", err)
			}
		},
		"turning off": func(s *story) { s.enable(false); s.promise(0) },
		"turning off and on": func(s *story) {
			s.enable(false)
			s.promise(0)
			if err := s.enable(true); err != nil {
				t.Error(err)
			}
		},
		"giving up": func(s *story) { s.Cancel() },
	} {
		for _, policy := range []Policy{Always, EverySecond} {
			for at := 1; ; at++ {
				s := newStory(policy)
				s.at, s.do = at, func() { do(s) }
				if err := s.start(); err != nil {
					t.Fatal(err)
				}
				reached := s.rewrite()
				if name == "nothing" && s.Status().Rewrites != 1 {
					t.Errorf("%+v", s.Status())
				}
				s.Close()
				if policy == Always { // else nothing is promised to survive
					s.check(t, fmt.Sprintf("%s at call %d", name, at))
				}
				if !reached {
					if at < 10 {
						t.Fatalf("a rewrite of %d calls", at)
					}
					break
				}
			}
		}
	}
}

// TestRewriteFaults fails every call of a rewrite that clients do not wait for: it
// ends with an error, and the next one succeeds.
func TestRewriteFaults(t *testing.T) {
	for _, errno := range []error{syscall.ENOSPC, syscall.EIO} {
		for at := 1; ; at++ {
			s := newStory(Always)
			failed := vfs.Call{}
			s.at, s.fails = at, func(c vfs.Call) *vfs.Fault {
				failed = c
				return &vfs.Fault{Err: errno, Short: 3}
			}
			if err := s.start(); err != nil {
				t.Fatal(err)
			}
			reached := s.rewrite()
			what := fmt.Sprintf("%v of %s %s", errno, failed.Op, failed.Path)
			st := s.Status()
			if installed := s.manifest.Base.Seq == 2; reached && st.RewriteFailed == installed && failed.Op != "syncdir" {
				t.Errorf("%s: %+v, %+v", what, st, s.manifest)
			}
			if s.Failed() {
				t.Errorf("%s ended the server", what)
			}
			if !s.begin() {
				t.Fatalf("%s: no other rewrite begins", what)
			}
			s.write()
			s.endBase()
			s.write()
			if st := s.Status(); st.RewriteFailed || st.Rewriting || len(s.manifest.Files()) != 2 {
				t.Errorf("after %s: %+v, %+v", what, st, s.manifest)
			}
			s.Close()
			s.check(t, what)
			if !reached {
				break
			}
		}
	}
}

// TestTurningOnFaults fails every call of a rewrite that turns the file on.
func TestTurningOnFaults(t *testing.T) {
	for at := 1; ; at++ {
		s := newStory(Always)
		failed := vfs.Call{}
		s.at, s.fails = at, func(c vfs.Call) *vfs.Fault {
			failed = c
			return &vfs.Fault{Err: syscall.EIO, Short: 3}
		}
		s.write()
		s.armed = true
		if s.enable(true) == nil {
			s.write()
			s.endBase()
		}
		s.write()
		reached := !s.armed
		s.armed = false
		what := fmt.Sprintf("turning on, failing %s %s", failed.Op, failed.Path)
		if s.Status().Enabled {
			if s.tick(); s.base != nil {
				s.endBase()
			}
		} else if err := s.enable(true); err != nil {
			t.Fatalf("%s, and again: %v", what, err)
		} else {
			s.endBase()
		}
		s.write()
		if st := s.Status(); !st.Enabled || st.Waiting || st.RewriteFailed {
			t.Errorf("%s: %+v", what, st)
		}
		s.Close()
		s.check(t, what)
		if !reached {
			break
		}
	}
}
