package stringcmd_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
)

const maxBulk = 1 << 20

func newServer(t testing.TB) *cmdtest.Server {
	return cmdtest.New(t, stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return maxBulk }}))
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(stringcmd.Commands(stringcmd.Deps{}))
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
	if n := len(table.Commands()); n != 24 {
		t.Errorf("%d commands", n)
	}
}

func TestSetAndGet(t *testing.T) {
	s := newServer(t)
	s.Script(`
		GET k -> nil
		SET k v -> OK
		GET k -> "v"
		SET k 0123 -> OK
		GET k -> "0123"
		SET k -5 -> OK
		GET k -> "-5"
		STRLEN k -> 2
		STRLEN none -> 0
		MGET k none k -> ["-5" nil "-5"]
		SET k x NX -> nil
		SET k x XX -> OK
		SET none x XX -> nil
		SET k y IFEQ z -> nil
		SET k y IFEQ x -> OK
		SET none y IFEQ x -> nil
		SET k z GET -> "y"
		SET k 1 NX GET -> "z"
		SET fresh 1 NX GET -> nil
		SET fresh 2 IFEQ 1 GET -> "1"
		SET fresh 3 IFEQ 1 GET -> "2"
		GET fresh -> "2"
		SETNX k 1 -> 0
		SETNX other 1 -> 1
		GETSET other 2 -> "1"
		GETSET another 2 -> nil
		GETDEL other -> "2"
		GETDEL other -> nil
		DELIFEQ another 1 -> 0
		DELIFEQ another 2 -> 1
		DELIFEQ another 2 -> 0
	`)
}

func TestSetOptionsThatContradict(t *testing.T) {
	s := newServer(t)
	for _, options := range []string{
		"NX XX", "XX NX", "NX IFEQ a", "IFEQ a XX", "IFEQ a IFEQ b", "EX 1 PX 1", "PX 1 EXAT 5", "EX 1 KEEPTTL", "KEEPTTL PXAT 5",
		"EX", "IFEQ", "FOO", "PERSIST", "EX 1 GET PXAT 2",
	} {
		s.Want("SET k v "+options, "ERR syntax error")
	}
	for _, options := range []string{"NX NX", "EX 10 EX 20 NX", "GET GET", "KEEPTTL KEEPTTL"} {
		s.Script("SET other v " + options)
	}
	for options, want := range map[string]string{
		"EX x":                          "ERR value is not an integer or out of range",
		"EX 0":                          "ERR invalid expire time in 'set' command",
		"PX -1":                         "ERR invalid expire time in 'set' command",
		"EX 9223372036854775807":        "ERR invalid expire time in 'set' command",
		"PX 9223372036854775807":        "ERR invalid expire time in 'set' command",
		"EXAT 9223372036854776":         "ERR invalid expire time in 'set' command",
		"EX 9223372036854775808":        "ERR value is not an integer or out of range",
		"GET PXAT 9223372036854775807x": "ERR value is not an integer or out of range",
	} {
		s.Want("SET k v "+options, want)
	}
	s.Want("SETEX k 0 v", "ERR invalid expire time in 'setex' command")
	s.Want("PSETEX k -1 v", "ERR invalid expire time in 'psetex' command")
	s.Want("GETEX k EX 0", "ERR invalid expire time in 'getex' command")
	s.Want("GETEX k EX 1 PERSIST", "ERR syntax error")
	s.Want("GETEX k NX", "ERR syntax error")
}

func TestExpiryIsPropagatedAsAMoment(t *testing.T) {
	s := newServer(t)
	s.Run("SET k v EX 10")
	s.Effects("0:set:k, 0:expire:k", "0:SET k v PXAT 1700000010000")
	s.Run("SET k v XX GET PX 10")
	s.Effects("0:set:k, 0:expire:k", "0:SET k v PXAT 1700000000010")
	s.Run("SET k v PXAT 1700000000099 GET")
	s.Effects("0:set:k, 0:expire:k", "0:SET k v PXAT 1700000000099 GET")
	s.Run("SET k w KEEPTTL GET get")
	s.Effects("0:set:k", "0:SET k w KEEPTTL")
	s.Advance(100 * time.Millisecond)
	s.Want("GET k", "nil")
	s.Effects("0:expired:k", "0:DEL k")
	s.Run("SETEX k 5 v")
	s.Effects("0:set:k, 0:expire:k", "0:SET k v PXAT 1700000005100")
	s.Run("PSETEX k 5 v")
	s.Effects("0:set:k, 0:expire:k", "0:SET k v PXAT 1700000000105")
	s.Run("SET k v")
	s.Advance(time.Second)
	s.Want("GET k", `"v"`)
	s.Effects("0:set:k", "0:SET k v")
	s.Want("SET k w EXAT 5", "OK")
	s.Effects("0:expired:k", "0:DEL k")
	s.Want("SET k w EXAT 5", "OK")
	s.Effects("", "")
	s.Run("MSETEX 2 a 1 b 2 NX EX 7")
	s.Effects("0:set:a, 0:expire:a, 0:set:b, 0:expire:b", "0:MSETEX 2 a 1 b 2 NX PXAT 1700000008100")
}

func TestGetEx(t *testing.T) {
	s := newServer(t)
	s.Run("SET k v")
	s.Effects("0:set:k", "0:SET k v")
	s.Want("GETEX none EX 5", "nil")
	s.Want("GETEX k", `"v"`)
	s.Want("GETEX k PERSIST", `"v"`)
	s.Effects("", "")
	s.Want("GETEX k EX 5", `"v"`)
	s.Effects("0:expire:k", "0:PEXPIREAT k 1700000005000")
	s.Want("GETEX k PERSIST", `"v"`)
	s.Effects("0:persist:k", "0:PERSIST k")
	s.Want("GETEX k PXAT 1", `"v"`)
	s.Effects("0:expired:k", "0:DEL k")
	s.Want("GET k", "nil")
}

func TestMSet(t *testing.T) {
	s := newServer(t)
	s.Script(`
		MSET a 1 b -> ERR wrong number of arguments for 'mset' command
		MSET a 1 b 2 a 3 -> OK
		MGET a b -> ["3" "2"]
		MSETNX c 1 a 2 -> 0
		MSETNX c 1 c 2 -> 1
		MSETNX c -> ERR wrong number of arguments for 'msetnx' command
		GET c -> "2"
		MSETEX 1 c 5 NX -> 0
		MSETEX 2 c 5 d 6 XX -> 0
		MSETEX 1 c 5 XX KEEPTTL -> 1
		MSETEX 0 c 5 -> ERR invalid numkeys value or out of range
		MSETEX x c 5 -> ERR invalid numkeys value or out of range
		MSETEX 2147483648 c 5 -> ERR invalid numkeys value or out of range
		MSETEX 2 c 5 d -> ERR syntax error
		MSETEX 1 c 5 GET -> ERR syntax error
		MSETEX 1 c 5 EX 0 -> ERR invalid expire time in 'msetex' command
		GET c -> "5"
	`)
}

func TestIncrements(t *testing.T) {
	s := newServer(t)
	s.Script(`
		INCR n -> 1
		INCRBY n 41 -> 42
		DECR n -> 41
		DECRBY n 50 -> -9
		INCRBY n x -> ERR value is not an integer or out of range
		SET n 9223372036854775807 -> OK
		INCR n -> ERR increment or decrement would overflow
		DECRBY n -1 -> ERR increment or decrement would overflow
		SET n -9223372036854775808 -> OK
		DECR n -> ERR increment or decrement would overflow
		INCRBY n 0 -> -9223372036854775808
		DECRBY n -9223372036854775808 -> ERR decrement would overflow
		SET n " 1" -> OK
		INCR n -> ERR value is not an integer or out of range
		SET n abc -> OK
		INCR n -> ERR value is not an integer or out of range
		INCRBYFLOAT n 1 -> ERR value is not a valid float
		SET n 3 -> OK
		INCRBYFLOAT n 1.5 -> "4.5"
		INCRBYFLOAT n -1.5 -> "3"
		INCRBYFLOAT n x -> ERR value is not a valid float
		INCRBYFLOAT n +inf -> ERR increment would produce NaN or Infinity
		INCR n -> 4
		APPEND n 5 -> 2
		INCR n -> 46
	`)
}

func TestIncrementsKeepTheExpiry(t *testing.T) {
	s := newServer(t)
	s.Run("SET n 1 PX 100")
	s.Effects("0:set:n, 0:expire:n", "0:SET n 1 PXAT 1700000000100")
	s.Run("INCR n")
	s.Effects("0:incrby:n", "0:INCR n")
	s.Run("INCRBYFLOAT n 0.5")
	s.Effects("0:incrbyfloat:n", "0:SET n 2.5 KEEPTTL")
	s.Run("APPEND n 0")
	s.Effects("0:append:n", "0:APPEND n 0")
	s.Advance(101 * time.Millisecond)
	s.Want("GET n", "nil")
}

func TestAppendAndRanges(t *testing.T) {
	s := newServer(t)
	s.Script(`
		APPEND k Hello -> 5
		APPEND k " World" -> 11
		GETRANGE k 0 4 -> "Hello"
		GETRANGE k -5 -1 -> "World"
		GETRANGE k 4 2 -> ""
		GETRANGE k -3 -5 -> ""
		GETRANGE k 5 100 -> " World"
		GETRANGE k -100 0 -> "H"
		GETRANGE k 20 30 -> ""
		GETRANGE none 0 -1 -> ""
		GETRANGE k x 0 -> ERR value is not an integer or out of range
		SUBSTR k 6 7 -> "Wo"
		SETRANGE k 6 Redis -> 11
		SETRANGE k 11 ! -> 12
		GET k -> "Hello Redis!"
		SETRANGE k 0 "" -> 12
		SETRANGE none 5 "" -> 0
		SETRANGE none -1 x -> ERR offset is out of range
		SETRANGE none 2 x -> 3
		GET none -> "\x00\x00x"
		SET n 1234 -> OK
		SETRANGE n 1 x -> 4
		GETRANGE n 0 -1 -> "1x34"
		SET n 1234 -> OK
		GETRANGE n 1 2 -> "23"
		SETRANGE n 1048575 xx -> ERR string exceeds maximum allowed size (proto-max-bulk-len)
		SETRANGE n 9223372036854775807 x -> ERR string exceeds maximum allowed size (proto-max-bulk-len)
		SETRANGE n 1048575 x -> 1048576
		APPEND n x -> ERR string exceeds maximum allowed size (proto-max-bulk-len)
		STRLEN n -> 1048576
	`)
}

// Long strings are not copied into replies. What a reply refers to must stay as
// it was, whatever happens to the key before the reply is sent.
func TestLongRepliesSurviveTheirKey(t *testing.T) {
	s := newServer(t)
	long := strings.Repeat("0123456789", 5000)
	s.Do("SET", "k", long)
	s.Send("GET", "k")
	if !s.Out.HasRefs() || s.Out.BufferCap() > 1000 {
		t.Error("a long value was copied, or room was made for it")
	}
	s.Send("GETRANGE", "k", "10", "-11")
	s.Send("APPEND", "k", "tail")
	s.Send("SETRANGE", "k", "0", "X")
	s.Send("GETDEL", "k")
	s.Send("SET", "k", long+"2")
	s.Send("SET", "k", "short", "GET")
	quote := func(s string) string { return `"` + s + `"` }
	for i, want := range []string{
		quote(long), quote(long[10 : len(long)-10]), "50004", "50004", quote("X" + long[1:] + "tail"), "OK", quote(long + "2"),
	} {
		if got := s.Reply(); got != want {
			t.Errorf("reply %d: %.40s…, want %.40s…", i, got, want)
		}
	}
}

func TestLCS(t *testing.T) {
	s := newServer(t)
	s.Script(`
		MSET a ohmytext b mynewtext -> OK
		LCS a b -> "mytext"
		LCS a b LEN -> 6
		LCS a b IDX -> ["matches" [[[4 7] [5 8]] [[2 3] [0 1]]] "len" 6]
		LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN -> ["matches" [[[4 7] [5 8] 4]] "len" 6]
		LCS a b IDX MINMATCHLEN -1 -> ["matches" [[[4 7] [5 8]] [[2 3] [0 1]]] "len" 6]
		LCS a none -> ""
		LCS a none IDX -> ["matches" [] "len" 0]
		LCS a b IDX LEN -> ERR If you want both the length and indexes, please just use IDX.
		LCS a b MINMATCHLEN -> ERR syntax error
		LCS a b MINMATCHLEN x -> ERR value is not an integer or out of range
		SETRANGE a 1048000 x -> 1048001
		LCS a b -> ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len
	`)
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	s := newServer(t)
	s.Engine.Watch(0, false) // the test's own observer does
	s.Engine.WantEvents(0)
	s.Run("SET n 1")
	key, val := []byte("key"), []byte("value of some length")
	for _, request := range [][][]byte{
		{[]byte("SET"), key, val},
		{[]byte("GET"), key},
		{[]byte("INCR"), []byte("n")},
		{[]byte("GET"), []byte("n")},
		{[]byte("GETRANGE"), key, []byte("0"), []byte("3")},
		{[]byte("SET"), key, val, []byte("KEEPTTL")},
	} {
		x := s.Exec
		if n := testing.AllocsPerRun(100, func() {
			x.Queue(s.Client.Client, append(x.Args(), request...), nil)
			x.Execute()
			s.Out.Consume(s.Out.Len())
		}); n != 0 {
			t.Errorf("%s: %v allocations", request[0], n)
		}
	}
}
