package keycmd_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/keycmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/keyspace"
)

type server struct {
	*cmdtest.Server
	frequency bool
	replaced  []string
}

func newServer(t testing.TB) *server {
	s := &server{}
	s.Server = cmdtest.New(t, s.commands()...)
	return s
}

func (s *server) commands() [][]command.Spec {
	return [][]command.Spec{
		stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 1 << 29 }}),
		keycmd.Commands(keycmd.Deps{
			CountsFrequency: func() bool { return s.frequency },
			LazyDelete:      func() bool { return true },
			LazyFlush:       func() bool { return true },
			Replacing:       func(_ *command.Ctx, db, by int) { s.replaced = append(s.replaced, fmt.Sprint(db, " by ", by)) },
			Flushed:         func(_ *command.Ctx, all bool) { s.replaced = append(s.replaced, fmt.Sprint("all ", all)) },
		}),
	}
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(keycmd.Commands(keycmd.Deps{}))
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
}

func TestRemoving(t *testing.T) {
	s := newServer(t)
	s.Script(`
		MSET a 1 b 2 c 3 -> OK
		DEL a b a none -> 2
		UNLINK c c -> 1
		EXISTS a b c -> 0
		SET a 1 -> OK
		EXISTS a a -> 2
		TOUCH a none a -> 2
		TYPE a -> string
		TYPE none -> none
		DBSIZE -> 1
	`)
	s.Effects("0:set:a, 0:set:b, 0:set:c, 0:del:a, 0:del:b, 0:del:c, 0:set:a",
		"0:MSET a 1 b 2 c 3, 0:DEL a b a none, 0:UNLINK c c, 0:SET a 1")
	s.Run("SET a 1 PX 1")
	s.Advance(2 * time.Millisecond)
	s.Want("DEL a", "0")
}

func TestExpiries(t *testing.T) {
	s := newServer(t)
	s.Script(`
		TTL k -> -2
		PEXPIRETIME k -> -2
		EXPIRE k 10 -> 0
		SET k v -> OK
		TTL k -> -1
		EXPIRE k 10 XX -> 0
		EXPIRE k 10 GT -> 0
		EXPIRE k 10 LT -> 1
		TTL k -> 10
		PTTL k -> 10000
		EXPIRETIME k -> 1700000010
		PEXPIRETIME k -> 1700000010000
		EXPIRE k 20 NX -> 0
		EXPIRE k 20 LT -> 0
		EXPIRE k 10 GT -> 0
		EXPIRE k 20 GT XX -> 1
		PEXPIREAT k 1700000001499 -> 1
		TTL k -> 1
		PEXPIREAT k 1700000001500 -> 1
		TTL k -> 2
		PERSIST k -> 1
		PERSIST k -> 0
		PERSIST none -> 0
		EXPIRE k 10 NX GT -> ERR NX and XX, GT or LT options at the same time are not compatible
		EXPIRE k 10 GT LT -> ERR GT and LT options at the same time are not compatible
		EXPIRE k x AB -> ERR Unsupported option AB
		EXPIRE k x -> ERR value is not an integer or out of range
		EXPIRE k 9223372036854775807 -> ERR invalid expire time in 'expire' command
		EXPIRE k -9223372036854775808 -> ERR invalid expire time in 'expire' command
		PEXPIRE k 9223372036854775807 -> ERR invalid expire time in 'pexpire' command
		PEXPIREAT k 9223372036854775807 -> 1
		PEXPIRETIME k -> 9223372036854775807
		EXPIRETIME k -> 9223372036854776
		PEXPIRE k -9223372036854775808 -> 1
		EXISTS k -> 0
	`)
}

func TestExpiryEffects(t *testing.T) {
	s := newServer(t)
	s.Run("SET k v")
	s.Effects("0:set:k", "0:SET k v")
	s.Run("EXPIRE k 5 NX")
	s.Effects("0:expire:k", "0:PEXPIREAT k 1700000005000 NX")
	s.Run("PEXPIREAT k 1700000006000 GT")
	s.Effects("0:expire:k", "0:PEXPIREAT k 1700000006000 GT")
	s.Run("PERSIST k")
	s.Effects("0:persist:k", "0:PERSIST k")
	s.Run("EXPIRE k -1")
	s.Effects("0:expired:k", "0:DEL k")
	s.Run("EXPIRE k -1")
	s.Effects("", "")
}

// A server that does not decide on expiry itself keeps what has expired.
func TestPastExpiryOnAReplica(t *testing.T) {
	s := newServer(t)
	s.Run("SET k v")
	s.Space.SetExpirePolicy(keyspace.ExpireHide)
	s.Want("EXPIRE k -1", "1")
	s.Effects("0:set:k, 0:expire:k", "0:SET k v, 0:PEXPIREAT k 1699999999000")
	s.Script(`
		EXISTS k -> 0
		DBSIZE -> 1
		KEYS * -> []
		SCAN 0 COUNT 1000 -> ["0" []]
		RANDOMKEY -> "k"
	`)
}

func TestRenaming(t *testing.T) {
	s := newServer(t)
	s.Script(`
		RENAME a b -> ERR no such key
		RENAMENX a b -> ERR no such key
		SET a 1 EX 10 -> OK
		RENAME a a -> OK
		RENAMENX a a -> 0
		RENAME a b -> OK
		EXISTS a -> 0
		TTL b -> 10
		SET c 2 -> OK
		RENAMENX b c -> 0
		RENAMENX b d -> 1
		RENAME d c -> OK
		GET c -> "1"
		TTL c -> 10
	`)
	s.Events()
	s.Propagated()
	s.Run("RENAME c e")
	s.Effects("0:rename_from:c, 0:rename_to:e", "0:RENAME c e")
}

func TestMovingAndCopying(t *testing.T) {
	s := newServer(t)
	other := s.NewClient()
	other.DB = 9
	s.Script(`
		SET a text EX 10 -> OK
		MOVE a 0 -> ERR source and destination objects are the same
		MOVE a 16 -> ERR DB index is out of range
		MOVE a -1 -> ERR DB index is out of range
		MOVE a x -> ERR value is not an integer or out of range
		MOVE a 3000000000 -> ERR value is out of range, value must between -2147483648 and 2147483647
		MOVE none 9 -> 0
		MOVE a 9 -> 1
		EXISTS a -> 0
	`)
	s.Effects("0:set:a, 0:expire:a, 0:move_from:a, 9:move_to:a", "0:SET a text PXAT 1700000010000, 0:MOVE a 9")
	other.Script(`
		TTL a -> 10
		COPY a a -> ERR source and destination objects are the same
		COPY a a DB 9 -> ERR source and destination objects are the same
		COPY a a DB 16 -> ERR DB index is out of range
		COPY a a DB -> ERR syntax error
		COPY a b REPLACE FOO -> ERR syntax error
		COPY none b -> 0
		COPY a b -> 1
		COPY a b -> 0
		SET c 12345 -> OK
		COPY c b REPLACE -> 1
		GET b -> "12345"
		TTL b -> -1
		COPY a a DB 0 -> 1
		MOVE a 0 -> 0
		APPEND a x -> 5
	`)
	s.Want("GET a", `"text"`)
	s.Want("TTL a", "10")
}

func TestCopyOfALongStringIsIndependent(t *testing.T) {
	s := newServer(t)
	long := strings.Repeat("x", 100_000)
	s.Do("SET", "a", long)
	s.Want("COPY a b", "1")
	s.Want("APPEND a y", "100001")
	s.Want("SETRANGE b 0 z", "100000")
	if got := s.Run("GET a"); got != `"`+long+`y"` {
		t.Errorf("a is %.20s…, %d bytes", got, len(got))
	}
	if got := s.Run("GET b"); got != `"z`+long[1:]+`"` {
		t.Errorf("b is %.20s…, %d bytes", got, len(got))
	}
}

func TestEncodings(t *testing.T) {
	s := newServer(t)
	encoding := func(key, want string) {
		t.Helper()
		s.Want("OBJECT ENCODING "+key, want)
	}
	encoding("none", "nil")
	s.Run("SET k 123")
	encoding("k", `"int"`)
	s.Run("APPEND k 4")
	encoding("k", `"raw"`)
	s.Run("INCR k")
	encoding("k", `"int"`)
	s.Run("INCRBYFLOAT k 1")
	encoding("k", `"embstr"`)
	s.Run("SET k 9223372036854775808")
	encoding("k", `"embstr"`)
	s.Run("APPEND fresh abc")
	encoding("fresh", `"embstr"`)
	s.Run("SETRANGE zeros 1 a")
	encoding("zeros", `"raw"`)
	// One block of 128 bytes holds the object, the key, the expiry and the value.
	for _, c := range []struct {
		key, value int
		expires    bool
		want       string
	}{
		{1, 112, false, "embstr"}, {1, 113, false, "raw"}, {1, 104, true, "embstr"}, {1, 105, true, "raw"},
		{31, 82, false, "embstr"}, {31, 83, false, "raw"}, {32, 79, false, "embstr"}, {32, 80, false, "raw"},
		{111, 0, false, "embstr"}, {112, 0, false, "raw"}, {300, 0, false, "raw"},
	} {
		key := strings.Repeat("k", c.key)
		s.Do("SET", key, strings.Repeat("v", c.value))
		if c.expires {
			s.Run("EXPIRE " + key + " 10")
		}
		if got := s.Run("OBJECT ENCODING " + key); got != strconv.Quote(c.want) {
			t.Errorf("key of %d, value of %d, expires %v: %s", c.key, c.value, c.expires, got)
		}
	}
}

func TestObject(t *testing.T) {
	s := newServer(t)
	s.Run("SET k v")
	s.Advance(7 * time.Second)
	s.Script(`
		OBJECT IDLETIME k -> 7
		OBJECT IDLETIME none -> nil
		OBJECT REFCOUNT k -> 1
		OBJECT REFCOUNT none -> nil
		EXISTS k -> 1
		TYPE k -> string
		TTL k -> -1
		OBJECT IDLETIME k -> 7
		TOUCH k -> 1
		OBJECT IDLETIME k -> 0
		OBJECT FREQ none -> nil
		OBJECT FREQ k -> ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
	`)
	s.frequency = true
	s.Space.SetAccessClock(true, 10, 1)
	s.Run("SET f v")
	s.Want("OBJECT FREQ f", "5")
	s.Want("OBJECT IDLETIME f", "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.")
}

func TestFlushingAndSwapping(t *testing.T) {
	s := newServer(t)
	other := s.NewClient()
	other.DB = 1
	s.Run("SET a 1")
	other.Run("SET b 2")
	s.Propagated()
	s.Script(`
		SWAPDB 0 x -> ERR invalid second DB index
		SWAPDB x 0 -> ERR invalid first DB index
		SWAPDB 0 16 -> ERR DB index is out of range
		SWAPDB 0 1 -> OK
		SWAPDB 2 2 -> OK
		KEYS * -> ["b"]
		FLUSHDB NOW -> ERR syntax error
		FLUSHDB SYNC -> OK
		FLUSHDB ASYNC -> OK
		KEYS * -> []
	`)
	other.Want("KEYS *", `["a"]`)
	if got := fmt.Sprint(s.replaced); got != "[0 by 1 1 by 0 0 by -1 all false 0 by -1 all false]" {
		t.Error(got)
	}
	s.replaced = nil
	s.Want("FLUSHALL", "OK")
	other.Want("DBSIZE", "0")
	if n := len(s.replaced); n != cmdtest.Databases+1 || s.replaced[n-1] != "all true" {
		t.Error(s.replaced)
	}
	s.Want("RANDOMKEY", "nil")
	s.Effects("0:set:a, 1:set:b", "0:SWAPDB 0 1, 0:SWAPDB 2 2, 0:FLUSHDB SYNC, 0:FLUSHDB ASYNC, 0:FLUSHALL")
}

// scanAll follows the cursor to its end and returns how often each key came.
func scanAll(t *testing.T, s *server, options string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	cursor := "0"
	for range 10_000 {
		reply := s.Run("SCAN " + cursor + " " + options)
		next, list, ok := strings.Cut(strings.TrimPrefix(reply, `["`), `" [`)
		if !ok {
			t.Fatalf("SCAN: %s", reply)
		}
		for _, key := range strings.Fields(strings.TrimRight(list, "]")) {
			seen[strings.Trim(key, `"`)]++
		}
		if cursor = next; cursor == "0" {
			return seen
		}
	}
	t.Fatal("the scan does not end")
	return nil
}

func TestScan(t *testing.T) {
	s := newServer(t)
	all := map[string]int{}
	for i := range 1000 {
		key := fmt.Sprint("key:", i)
		s.Do("SET", key, "v")
		all[key] = 1
	}
	for _, options := range []string{"", "COUNT 1", "COUNT 100", "COUNT 9223372036854775807", "TYPE string", "TYPE STRING MATCH *", "MATCH key:*"} {
		if seen := scanAll(t, s, options); !maps.Equal(seen, all) {
			t.Errorf("%s: %d keys of %d", options, len(seen), len(all))
		}
	}
	if seen := scanAll(t, s, "TYPE list"); len(seen) != 0 {
		t.Error(seen)
	}
	want := []string{"key:7", "key:70", "key:71", "key:72", "key:73", "key:74", "key:75", "key:76", "key:77", "key:78", "key:79"}
	if seen := slices.Sorted(maps.Keys(scanAll(t, s, "MATCH key:7?"))); !slices.Equal(seen, want[1:]) {
		t.Error(seen)
	}
	s.Script(`
		SCAN x -> ERR invalid cursor
		SCAN -1 -> ERR invalid cursor
		SCAN 0 COUNT -> ERR syntax error
		SCAN 0 COUNT 0 -> ERR syntax error
		SCAN 0 COUNT x -> ERR value is not an integer or out of range
		SCAN 0 TYPE foo -> ERR unknown type name 'foo'
		SCAN 0 NOVALUES -> ERR NOVALUES option can only be used in HSCAN
		SCAN 0 NOSCORES -> ERR NOSCORES option can only be used in ZSCAN
		SCAN 0 FOO bar -> ERR syntax error
	`)
	if got := strings.Count(s.Run("KEYS key:7*"), "key:"); got != 111 {
		t.Errorf("KEYS found %d", got)
	}
}

// SCAN removes what has expired, KEYS only leaves it out.
func TestScanningExpiredKeys(t *testing.T) {
	s := newServer(t)
	for i := range 100 {
		s.Do("SET", fmt.Sprint("gone:", i), "v", "PX", "10")
	}
	s.Run("SET kept v")
	s.Advance(11 * time.Millisecond)
	s.Want("KEYS *", `["kept"]`)
	s.Want("DBSIZE", "101")
	s.Want("RANDOMKEY", `"kept"`)
	if seen := scanAll(t, s, "MATCH gone:5*"); len(seen) != 0 {
		t.Error(seen)
	}
	if seen := scanAll(t, s, ""); len(seen) != 1 {
		t.Error(seen)
	}
	s.Want("DBSIZE", "1")
}

func TestScanOfOneSlot(t *testing.T) {
	s := &server{}
	tag := func(key []byte) uint16 {
		if i, j := strings.IndexByte(string(key), '{'), strings.IndexByte(string(key), '}'); i >= 0 && j > i+1 {
			key = key[i+1 : j]
		}
		return uint16(len(key)) * 1000
	}
	s.Server = cmdtest.NewCluster(t, tag, s.commands()...)
	for i := range 50 {
		s.Do("SET", fmt.Sprint("{tag}", i), "v")
		s.Do("SET", fmt.Sprint("{other}", i), "v")
	}
	s.Run("SET single v")
	for options, want := range map[string]int{"": 101, "MATCH {tag}*": 50, "MATCH single": 1, "MATCH {ta*}*": 50, "MATCH *": 101} {
		if seen := scanAll(t, s, options); len(seen) != want {
			t.Errorf("%s: %d keys", options, len(seen))
		}
	}
	if got := strings.Count(s.Run("KEYS {tag}1*"), "tag"); got != 11 {
		t.Errorf("KEYS found %d", got)
	}
	s.Want("SWAPDB 0 1", "ERR SWAPDB is not allowed in cluster mode")
}

func TestHelp(t *testing.T) {
	s := newServer(t)
	if got := s.Run("OBJECT HELP"); !strings.HasPrefix(got, "[OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are: ENCODING <key>") {
		t.Error(got)
	}
}

// A write where expired keys are only hidden replaces the hidden key.
func TestWritesOverHiddenKeys(t *testing.T) {
	s := newServer(t)
	for _, write := range []string{"SET k w", "APPEND k w", "SETRANGE k 0 w", "COPY other k", "MSET k w"} {
		s.Script(`
			FLUSHALL
			SET other w -> OK
			SET k v PX 10 -> OK
		`)
		s.Space.SetExpirePolicy(keyspace.ExpireHide)
		s.Advance(11 * time.Millisecond)
		s.Want("GET k", "nil")
		s.Want("DBSIZE", "2")
		s.Run(write)
		s.Want("GET k", `"w"`)
		s.Want("DBSIZE", "2")
		s.Space.SetExpirePolicy(keyspace.ExpireDelete)
		s.Want("DEL k", "1")
		s.Want("EXISTS k", "0")
	}
}
