package hashcmd

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
)

// modelField is a field of the model: a plain map that the hash must agree with.
type modelField struct {
	value  string
	expiry int64 // -1: none
}

type model map[string]modelField

// live returns the fields that a client sees at now.
func (m model) live(now int64) model {
	l := maps.Clone(m)
	maps.DeleteFunc(l, func(_ string, f modelField) bool { return f.expiry >= 0 && f.expiry < now })
	return l
}

// fuzzStep runs one command, chosen by b, on the server and on the model, which
// holds no field that has expired.
func fuzzStep(t *testing.T, s *cmdtest.Server, m model, b [4]byte) {
	t.Helper()
	field, value := fmt.Sprintf("f%d", b[1]%24), strconv.Itoa(int(b[2]))
	if b[2] > 250 {
		value = strings.Repeat("long", 30)
	}
	expiry := s.Now() + int64(b[3])*8 // at 0 it is past
	old, known := m[field]
	expire := func() {
		if expiry <= s.Now() {
			delete(m, field)
		} else {
			m[field] = modelField{m[field].value, expiry}
		}
	}
	at := strconv.FormatInt(expiry, 10)
	switch b[0] % 12 {
	case 0, 1:
		s.Want("HSET h "+field+" "+value, digit(!known))
		m[field] = modelField{value, -1}
	case 2:
		s.Want("HSETEX h PXAT "+at+" FIELDS 1 "+field+" "+value, "1")
		m[field] = modelField{value, expiry}
		expire()
	case 3:
		s.Want("HSETEX h KEEPTTL FIELDS 1 "+field+" "+value, "1")
		if !known {
			old.expiry = -1
		}
		m[field] = modelField{value, old.expiry}
	case 4, 5:
		want := "[-2]"
		if known {
			want = "[1]"
			if expiry <= s.Now() {
				want = "[2]"
			}
			expire()
		}
		s.Want("HPEXPIREAT h "+at+" FIELDS 1 "+field, want)
	case 6:
		want := "[-2]"
		if known {
			want = "[-1]"
			if old.expiry >= 0 {
				want = "[1]"
			}
			m[field] = modelField{old.value, -1}
		}
		s.Want("HPERSIST h FIELDS 1 "+field, want)
	case 7:
		s.Want("HDEL h "+field, digit(known))
		delete(m, field)
	case 8:
		want := "[nil]"
		if known {
			want = "[" + strconv.Quote(old.value) + "]"
			expire()
		}
		s.Want("HGETEX h PXAT "+at+" FIELDS 1 "+field, want)
	case 9:
		want := "nil"
		if known {
			want = strconv.Quote(old.value)
		}
		s.Want("HGET h "+field, want)
	case 10:
		s.Advance(time.Duration(b[3]) * 4 * time.Millisecond)
	case 11:
		expireDue(s)
		if err := s.Exec.Worker().Check(); err != nil {
			t.Fatal(err)
		}
	}
}

func digit(b bool) string { return strconv.FormatInt(asInt(b), 10) }

func FuzzFieldExpiry(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{40, 400, 8000} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		s := newServer(t)
		m := model{}
		for len(program) >= 4 && !t.Failed() {
			step := [4]byte(program)
			fuzzStep(t, s, m, step)
			m = m.live(s.Now())
			if step[0]&7 == 0 {
				checkFields(t, s, m)
			}
			program = program[4:]
		}
		// In the end everything that expires is gone by itself.
		s.Advance(time.Minute)
		expireDue(s)
		checkLen(t, s, m.live(s.Now()))
	})
}

// checkFields compares all fields that a client sees, and what they tell of
// their expiry.
func checkFields(t *testing.T, s *cmdtest.Server, m model) {
	t.Helper()
	for name, field := range m {
		s.Want("HGET h "+name, strconv.Quote(field.value))
		s.Want("HPEXPIRETIME h FIELDS 1 "+name, fmt.Sprintf("[%d]", field.expiry))
	}
	reply := strings.Trim(s.Run("HKEYS h"), "[]")
	got := strings.Fields(strings.ReplaceAll(reply, `"`, ""))
	slices.Sort(got)
	if want := slices.Sorted(maps.Keys(m)); !slices.Equal(got, want) {
		t.Fatalf("fields %v, want %v", got, want)
	}
}

// checkLen compares the number of fields, those included that nobody sees.
func checkLen(t *testing.T, s *cmdtest.Server, m model) {
	t.Helper()
	s.Want("HLEN h", strconv.Itoa(len(m)))
	if found := s.Space.Len(0) > 0; found != (len(m) > 0) {
		t.Errorf("the key is there: %v; it has %d fields", found, len(m))
	}
}
