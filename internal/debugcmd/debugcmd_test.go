package debugcmd_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/hashcmd"
	"github.com/kvasirdb/kvasir/internal/commands/keycmd"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
	"github.com/kvasirdb/kvasir/internal/commands/setcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/commands/zsetcmd"
	"github.com/kvasirdb/kvasir/internal/debugcmd"
	"github.com/kvasirdb/kvasir/internal/resp"
)

// logLines collects what is written to the log.
type logLines []string

func (l *logLines) Noticef(format string, args ...any) {
	*l = append(*l, fmt.Sprintf(format, args...))
}
func (l *logLines) Warningf(format string, args ...any) { l.Noticef(format, args...) }

func debugCommands(log *logLines) []command.Spec {
	return debugcmd.Commands(debugcmd.Deps{
		Log:             log,
		Now:             func() int64 { return cmdtest.Start / 1000 },
		LFU:             func() bool { return false },
		SetActiveExpire: func(on bool) { log.Noticef("active expire %v", on) },
	})
}

func newServer(t testing.TB, log *logLines) *cmdtest.Server {
	flushall := keycmd.Commands(keycmd.Deps{
		CountsFrequency: func() bool { return false },
		LazyDelete:      func() bool { return false },
		LazyFlush:       func() bool { return false },
		Replacing:       func(*command.Ctx, int, int) {},
	})
	limit := func() int64 { return 512 << 20 }
	return cmdtest.New(t, debugCommands(log), flushall, stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: limit}),
		listcmd.Commands(), setcmd.Commands(), hashcmd.Commands(), zsetcmd.Commands())
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(debugCommands(&logLines{}))
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
}

func TestDigestsAreValkeys(t *testing.T) {
	text, err := os.ReadFile("testdata/digest.golden")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, &logLines{})
	digests := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		s.DB = 0
		if want, ok := strings.CutPrefix(line, "digest "); ok {
			s.Want("DEBUG DIGEST", want)
			s.Run("FLUSHALL")
			digests++
			continue
		}
		if rest, ok := strings.CutPrefix(line, "-n "); ok {
			number, request, _ := strings.Cut(rest, " ")
			s.DB, _ = strconv.Atoi(number)
			line = request
		}
		if reply := s.Run(line); strings.HasPrefix(reply, "ERR") {
			t.Fatalf("%s: %s", line, reply)
		}
	}
	if digests < 10 {
		t.Errorf("only %d digests compared", digests)
	}
}

// Encodings differ, the digest does not; neither does the order of what has none.
func FuzzDigest(f *testing.F) {
	f.Add([]byte("adcbbaaz"))
	f.Fuzz(func(t *testing.T, members []byte) {
		members = members[:min(len(members), 64)]
		s := newServer(t, &logLines{})
		digest := func(reverse, large bool) string {
			s.Limits.SetMaxListpackEntries, s.Limits.HashMaxListpackEntries, s.Limits.ZSetMaxListpackEntries = 1000, 1000, 1000
			if large {
				s.Limits.SetMaxListpackEntries, s.Limits.HashMaxListpackEntries, s.Limits.ZSetMaxListpackEntries = 0, 0, 0
			}
			s.SetLimits()
			s.Run("FLUSHALL")
			for i := range members {
				m := members[i]
				if reverse {
					m = members[len(members)-1-i]
				}
				name := fmt.Sprintf("m%d", m)
				s.Do("SADD", "set", name)
				s.Do("HSET", "hash", name, strconv.Itoa(int(m)))
				s.Do("ZADD", "zset", strconv.Itoa(int(m)), name)
			}
			return s.Run("DEBUG DIGEST")
		}
		want := digest(false, false)
		for _, got := range []string{digest(true, false), digest(false, true), digest(true, true)} {
			if got != want {
				t.Fatalf("digest %s, %s", got, want)
			}
		}
		s.Run("SADD set another")
		if got := s.Run("DEBUG DIGEST"); got == want {
			t.Fatalf("another member leaves the digest %s", got)
		}
	})
}

func TestViews(t *testing.T) {
	var log logLines
	s := newServer(t, &log)
	s.Script(`
		SET k abcdef
		SET n 12
		DEBUG SDSLEN n -> ERR Not an sds encoded string.
		DEBUG SDSLEN none -> ERR no such key
		DEBUG LISTPACK k -> ERR Not a listpack encoded object.
		DEBUG HTSTATS-KEY k -> ERR The value stored at the specified key is not represented using an hash table
		DEBUG HTSTATS 16 -> ERR Out of range database
		DEBUG OBJECT none -> ERR no such key
		DEBUG DIGEST-VALUE none -> [0000000000000000000000000000000000000000]
		DEBUG NOTHING -> ERR unknown subcommand or wrong number of arguments for 'NOTHING'. Try DEBUG HELP.
		DEBUG SLEEP -> ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.
		DEBUG PAUSE-CRON 1 -> ERR unknown subcommand or wrong number of arguments for 'PAUSE-CRON'. Try DEBUG HELP.
		DEBUG SET-ACTIVE-EXPIRE 0 -> OK
		DEBUG LOG hello -> OK
		DEBUG ERROR "MY two words" -> MY two words
		RPUSH l a 17 c
		DEBUG LISTPACK l -> Listpack structure printed on stdout
	`)
	const want = "active expire false|DEBUG LOG: hello|listpack of 3 elements, 15 bytes"
	if got := strings.Join(log, "|"); !strings.HasPrefix(got, want) || !strings.Contains(got, `"17"`) {
		t.Errorf("log %s", got)
	}
	got := s.Run("DEBUG OBJECT k")
	var at, length, clock, idle int
	if n, _ := fmt.Sscanf(got, "Value at:0x%x refcount:1 encoding:embstr serializedlength:%d lru:%d lru_seconds_idle:%d",
		&at, &length, &clock, &idle); n != 4 || length != 7 || idle != 0 {
		t.Errorf("DEBUG OBJECT: %s", got)
	}
}

func TestExpiredKeysAreStillSeen(t *testing.T) {
	s := newServer(t, &logLines{})
	s.Run("SET k v PX 10")
	before := s.Run("DEBUG DIGEST-VALUE k")
	s.Advance(20e6)
	s.Want("DEBUG DIGEST-VALUE k", before)
	if got := s.Events(); len(got) > 2 {
		t.Errorf("looking removed the key: %q", got)
	}
}

func TestPopulate(t *testing.T) {
	s := newServer(t, &logLines{})
	s.Script(`
		SET p:1 mine
		DEBUG POPULATE 3 p 10 -> OK
		MGET p:0 p:1 p:2 p:3 -> ["value:0\x00\x00\x00" "mine" "value:2\x00\x00\x00" nil]
		DEBUG POPULATE 2 -> OK
		GET key:1 -> "value:1"
		DEBUG POPULATE 1 q 3 -> OK
		GET q:0 -> "val"
		DEBUG POPULATE -1 -> ERR value is out of range, must be positive
	`)
	if got := s.Propagated(); len(got) != 1 {
		t.Errorf("propagated %q", got)
	}
}

func TestProtocol(t *testing.T) {
	s := newServer(t, &logLines{})
	for _, sample := range []struct{ kind, resp2, resp3 string }{
		{"string", `"Hello World"`, `"Hello World"`},
		{"integer", "12345", "12345"},
		{"double", `"3.141"`, "3.141"},
		{"null", "nil", "nil"},
		{"array", "[0 1 2]", "[0 1 2]"},
		{"set", "[0 1 2]", "~[0 1 2]"},
		{"map", "[0 0 1 1 2 0]", "{0: false 1: true 2: false}"},
		{"true", "1", "true"},
		{"false", "0", "false"},
		{"verbatim", `"This is a verbatim\nstring"`, "=txt:This is a verbatim\nstring"},
	} {
		s.Out.SetProtocol(resp.RESP2)
		s.Want("DEBUG PROTOCOL "+sample.kind, sample.resp2)
		s.Out.SetProtocol(resp.RESP3)
		s.Want("DEBUG PROTOCOL "+sample.kind, sample.resp3)
	}
	s.Send("DEBUG", "PROTOCOL", "push")
	if got := s.Reply() + s.Reply(); got != `>["server-cpu-usage" 42]"Some real reply following the push reply"` {
		t.Errorf("push: %s", got)
	}
	s.Out.SetProtocol(resp.RESP2)
	s.Want("DEBUG PROTOCOL push", "ERR RESP2 is not supported by this command")
}
