package hashcmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/resp"
)

func newServer(t testing.TB) *cmdtest.Server {
	t.Helper()
	return cmdtest.New(t, Commands())
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(Commands())
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
}

func TestSetAndGet(t *testing.T) {
	s := newServer(t)
	s.Script(`
		HSET h a 1 b 2 a 3 -> 2
		HSET h a 4 c 5 -> 1
		HGET h a -> "4"
		HGET h nofield -> nil
		HGET nokey a -> nil
		HMGET h a nofield b -> ["4" nil "2"]
		HMGET nokey a b -> [nil nil]
		HGETALL h -> ["a" "4" "b" "2" "c" "5"]
		HKEYS h -> ["a" "b" "c"]
		HVALS h -> ["4" "2" "5"]
		HGETALL nokey -> []
		HKEYS nokey -> []
		HLEN h -> 3
		HLEN nokey -> 0
		HSTRLEN h a -> 1
		HSTRLEN h nofield -> 0
		HSTRLEN nokey a -> 0
		HEXISTS h a -> 1
		HEXISTS h nofield -> 0
		HEXISTS nokey a -> 0
		HMSET h d 6 e 7 -> OK
		HSETNX h d 8 -> 0
		HSETNX h f 9 -> 1
		HSET h x -> ERR wrong number of arguments for 'hset' command
		HMSET h x -> ERR wrong number of arguments for 'hmset' command
		HSET h x 1 y -> ERR wrong number of arguments for 'hset' command
	`)
	s.Effects("0:hset:h, 0:hset:h, 0:hset:h, 0:hset:h",
		"0:HSET h a 1 b 2 a 3, 0:HSET h a 4 c 5, 0:HMSET h d 6 e 7, 0:HSETNX h f 9")
}

func TestDelete(t *testing.T) {
	s := newServer(t)
	s.Run("HSET h a 1 b 2 c 3")
	s.Effects("0:hset:h", "0:HSET h a 1 b 2 c 3")
	s.Script(`
		HDEL h nofield -> 0
		HDEL nokey a -> 0
		HDEL h a nofield a -> 1
	`)
	s.Effects("0:hdel:h", "0:HDEL h a nofield a")
	s.Want("HDEL h b c d", "2")
	s.Effects("0:hdel:h, 0:del:h", "0:HDEL h b c d")
	s.Want("HLEN h", "0")
	s.Run("HSET h a 1 b 2")
	s.Effects("0:hset:h", "0:HSET h a 1 b 2")
	s.Script(`
		HGETDEL h FIELDS 2 a -> ERR numfields should be greater than 0 and match the provided number of fields
		HGETDEL h FIELDS 0 a -> ERR numfields should be greater than 0 and match the provided number of fields
		HGETDEL h FIELDS x a -> ERR value is not an integer or out of range
		HGETDEL nokey FIELDS 2 a b -> [nil nil]
		HGETDEL h FIELDS 1 nofield -> [nil]
		HGETDEL h FIELDS 4 a a b c -> ["1" nil "2" nil]
	`)
	s.Effects("0:hdel:h, 0:del:h", "0:HGETDEL h FIELDS 4 a a b c")
}

func TestWrongType(t *testing.T) {
	s := cmdtest.New(t, Commands(), []command.Spec{{Name: "seed", Arity: 2, Flags: command.Write,
		Group: command.GroupString, Since: "9.0.0", Summary: "Make a string", Complexity: "O(1)",
		Keys: []command.KeySpec{{Flags: command.KeyOW | command.KeyUpdate, Index: 1, Step: 1}},
		Run: func(c *command.Ctx) {
			e := c.Tx.Write(c.Args[1])
			c.Tx.SetString(&e, c.Args[1], []byte("v"), -1)
			c.Out.OK()
		}}})
	s.Run("SEED k")
	for _, request := range []string{
		"HSET k a 1", "HMSET k a 1", "HSETNX k a 1", "HGET k a", "HMGET k a", "HGETALL k", "HKEYS k", "HVALS k", "HLEN k",
		"HSTRLEN k a", "HEXISTS k a", "HDEL k a", "HGETDEL k FIELDS 1 a", "HINCRBY k a 1", "HINCRBYFLOAT k a 1",
		"HRANDFIELD k", "HRANDFIELD k 1", "HSCAN k 0", "HEXPIRE k 1 FIELDS 1 a", "HPERSIST k FIELDS 1 a",
		"HTTL k FIELDS 1 a", "HGETEX k EX 1 FIELDS 1 a", "HSETEX k EX 1 FIELDS 1 a 1",
	} {
		s.Want(request, command.WrongType)
	}
}

func TestIncrement(t *testing.T) {
	s := newServer(t)
	s.Script(`
		HINCRBY h n 5 -> 5
		HINCRBY h n -7 -> -2
		HINCRBY h n x -> ERR value is not an integer or out of range
		HSET h s abc big 9223372036854775807 small -9223372036854775808 -> 3
		HINCRBY h s 1 -> ERR hash value is not an integer
		HINCRBY h big 1 -> ERR increment or decrement would overflow
		HINCRBY h small -1 -> ERR increment or decrement would overflow
		HINCRBY h big -1 -> 9223372036854775806
		HINCRBYFLOAT h f 10.5 -> "10.5"
		HINCRBYFLOAT h f 0.1 -> "10.6"
		HINCRBYFLOAT h f x -> ERR value is not a valid float
		HINCRBYFLOAT h f inf -> ERR value is NaN or Infinity
		HINCRBYFLOAT h s 1 -> ERR hash value is not a float
		HSET h i inf -> 1
		HINCRBYFLOAT h i 1 -> ERR increment would produce NaN or Infinity
	`)
	s.Effects("0:hincrby:h, 0:hincrby:h, 0:hset:h, 0:hincrby:h, 0:hincrbyfloat:h, 0:hincrbyfloat:h, 0:hset:h",
		"0:HINCRBY h n 5, 0:HINCRBY h n -7, 0:HSET h s abc big 9223372036854775807 small -9223372036854775808, "+
			"0:HINCRBY h big -1, 0:HSET h f 10.5, 0:HSET h f 10.6, 0:HSET h i inf")
	// Where fields can expire, the journal takes results.
	s.Run("HEXPIRE h 100 FIELDS 1 n")
	s.Effects("0:hexpire:h", "0:HPEXPIREAT h 1700000100000 FIELDS 1 n")
	s.Want("HINCRBY h n 1", "-1")
	s.Want("HINCRBYFLOAT h n 0.5", `"-0.5"`)
	s.Want("HINCRBY h m 1", "1")
	s.Want("HSETNX h o 1", "1")
	s.Effects("0:hincrby:h, 0:hincrbyfloat:h, 0:hincrby:h, 0:hset:h",
		"0:HSETEX h PXAT 1700000100000 FIELDS 1 n -1, 0:HSETEX h PXAT 1700000100000 FIELDS 1 n -0.5, "+
			"0:HSET h m 1, 0:HSET h o 1")
	s.Want("HTTL h FIELDS 3 n m o", "[100 -1 -1]")
}

func TestExpire(t *testing.T) {
	s := newServer(t)
	s.Run("HSET h a 1 b 2 c 3")
	s.Effects("0:hset:h", "0:HSET h a 1 b 2 c 3")
	s.Script(`
		HEXPIRE h 10 -> ERR wrong number of arguments for 'hexpire' command
		HEXPIRE h 10 a b c -> ERR numfields should be greater than 0 and match the provided number of fields
		HEXPIRE h 10 FIELDS 2 a -> ERR numfields should be greater than 0 and match the provided number of fields
		HEXPIRE h 10 FIELDS 0 a -> ERR numfields should be greater than 0 and match the provided number of fields
		HEXPIRE h 10 FIELDS -1 a -> ERR numfields should be greater than 0 and match the provided number of fields
		HEXPIRE h 10 FIELDS x a -> ERR value is not an integer or out of range
		HEXPIRE h 10 BOGUS FIELDS 1 a -> ERR Unsupported option BOGUS
		HEXPIRE h 10 NX XX FIELDS 1 a -> ERR NX and XX, GT or LT options at the same time are not compatible
		HEXPIRE h 10 GT LT FIELDS 1 a -> ERR GT and LT options at the same time are not compatible
		HEXPIRE h x FIELDS 1 a -> ERR value is not an integer or out of range
		HEXPIRE h -1 FIELDS 1 a -> ERR invalid expire time in 'hexpire' command
		HEXPIRE h 9223372036854775807 FIELDS 1 a -> ERR invalid expire time in 'hexpire' command
		HPEXPIRE h 9223372036854775807 FIELDS 1 a -> ERR invalid expire time in 'hpexpire' command
		HEXPIRE nokey 10 FIELDS 2 a b -> [-2 -2]
		HEXPIRE h 10 XX FIELDS 1 a -> [0]
		HEXPIRE h 10 GT FIELDS 1 a -> [0]
	`)
	s.Effects("", "")
	s.Want("HEXPIRE h 10 FIELDS 2 a nofield", "[1 -2]")
	s.Effects("0:hexpire:h", "0:HPEXPIREAT h 1700000010000 FIELDS 2 a nofield")
	s.Want("HPEXPIREAT h 1700000020000 NX FIELDS 2 a b", "[0 1]")
	s.Effects("0:hexpire:h", "0:HPEXPIREAT h 1700000020000 NX FIELDS 2 a b")
	s.Script(`
		HTTL h FIELDS 4 a b c d -> [10 20 -1 -2]
		HPTTL h FIELDS 1 a -> [10000]
		HEXPIRETIME h FIELDS 1 a -> [1700000010]
		HPEXPIRETIME h FIELDS 2 a c -> [1700000010000 -1]
		HTTL nokey FIELDS 2 a b -> [-2 -2]
		HTTL h FIELDS 2 a -> ERR syntax error
		HPERSIST h FIELDS 2 a -> ERR numfields should be greater than 0 and match the provided number of fields
		HPERSIST nokey FIELDS 1 a -> [-2]
		HPERSIST h FIELDS 1 c -> [-1]
	`)
	s.Effects("", "")
	s.Want("HPERSIST h FIELDS 3 a c d", "[1 -1 -2]")
	s.Effects("0:hpersist:h", "0:HPERSIST h FIELDS 3 a c d")
	// In the past the fields are deleted.
	s.Want("HEXPIREAT h 1 FIELDS 2 a nofield", "[2 -2]")
	s.Effects("0:hexpired:h", "0:HDEL h a")
	s.Want("HEXPIRE h 0 FIELDS 2 b c", "[2 2]")
	s.Effects("0:hexpired:h, 0:del:h", "0:HDEL h b c")
	s.Want("HLEN h", "0")
}

func TestSetEx(t *testing.T) {
	s := newServer(t)
	s.Script(`
		HSETEX h EX 10 a 1 b -> ERR numfields should be greater than 0 and match the provided number of fields
		HSETEX h EX 10 FIELDS 2 a 1 -> ERR numfields should be greater than 0 and match the provided number of fields
		HSETEX h EX 10 FIELDS 1 a -> ERR numfields should be greater than 0 and match the provided number of fields
		HSETEX h EX FIELDS 1 a 1 -> ERR syntax error
		HSETEX h EX 10 PX 10 FIELDS 1 a 1 -> ERR syntax error
		HSETEX h EX 10 KEEPTTL FIELDS 1 a 1 -> ERR syntax error
		HSETEX h NX XX FIELDS 1 a 1 -> ERR syntax error
		HSETEX h FNX FXX FIELDS 1 a 1 -> ERR syntax error
		HSETEX h PERSIST FIELDS 1 a 1 -> ERR syntax error
		HSETEX h EX -1 FIELDS 1 a 1 -> ERR invalid expire time in 'hsetex' command
		HSETEX h EX x FIELDS 1 a 1 -> ERR value is not an integer or out of range
		HSETEX fields FIELDS 1 a 1 -> ERR value is not an integer or out of range
		HSETEX h XX FIELDS 1 a 1 -> 0
		HSETEX h FXX FIELDS 1 a 1 -> 0
	`)
	s.Effects("", "")
	s.Want("HSETEX h NX FNX EX 10 FIELDS 2 a 1 b 2", "1")
	s.Effects("0:hset:h, 0:hexpire:h", "0:HSETEX h PXAT 1700000010000 FIELDS 2 a 1 b 2")
	s.Script(`
		HSETEX h NX FIELDS 1 c 3 -> 0
		HSETEX h FNX FIELDS 2 c 3 a 4 -> 0
		HSETEX h FXX FIELDS 2 a 4 c 3 -> 0
	`)
	s.Effects("", "")
	s.Want("HSETEX h KEEPTTL FIELDS 2 a 5 c 6", "1")
	s.Effects("0:hset:h", "0:HSETEX h KEEPTTL FIELDS 2 a 5 c 6")
	s.Want("HTTL h FIELDS 3 a b c", "[10 10 -1]")
	s.Want("HSETEX h XX FIELDS 1 a 7", "1")
	s.Effects("0:hset:h", "0:HSETEX h FIELDS 1 a 7")
	s.Want("HTTL h FIELDS 1 a", "[-1]")
	// In the past the fields are deleted.
	s.Want("HSETEX h PX 0 FIELDS 2 a 8 d 9", "1")
	s.Effects("0:hset:h, 0:hexpire:h, 0:hexpired:h", "0:HDEL h a")
	s.Want("HSETEX h PXAT 1 FIELDS 2 b 8 c 9", "1")
	s.Effects("0:hset:h, 0:hexpire:h, 0:hexpired:h, 0:del:h", "0:HDEL h b c")
	s.Want("HSETEX h PXAT 1 FIELDS 1 b 8", "1")
	s.Effects("0:hset:h, 0:hexpire:h, 0:hexpired:h, 0:del:h", "")
}

func TestGetEx(t *testing.T) {
	s := newServer(t)
	s.Run("HSET h a 1 b 2")
	s.Effects("0:hset:h", "0:HSET h a 1 b 2")
	s.Script(`
		HGETEX h EX 10 a b c -> ERR numfields should be greater than 0 and match the provided number of fields
		HGETEX h EX 10 FIELDS 2 a -> ERR numfields should be greater than 0 and match the provided number of fields
		HGETEX h KEEPTTL FIELDS 1 a -> ERR syntax error
		HGETEX h PERSIST EX 10 FIELDS 1 a -> ERR syntax error
		HGETEX h EX 10 PERSIST FIELDS 1 a -> ERR syntax error
		HGETEX h EX -1 FIELDS 1 a -> ERR invalid expire time in 'hgetex' command
		HGETEX nokey EX 10 FIELDS 2 a b -> [nil nil]
		HGETEX h FIELDS 3 a b c -> ["1" "2" nil]
		HGETEX h PERSIST FIELDS 2 a c -> ["1" nil]
		HGETEX h EX 10 FIELDS 1 c -> [nil]
	`)
	s.Effects("", "")
	s.Want("HGETEX h EX 10 FIELDS 2 a c", `["1" nil]`)
	s.Effects("0:hexpire:h", "0:HPEXPIREAT h 1700000010000 FIELDS 1 a")
	s.Want("HGETEX h PERSIST FIELDS 2 a b", `["1" "2"]`)
	s.Effects("0:hpersist:h", "0:HPERSIST h FIELDS 1 a")
	s.Want("HGETEX h PX 0 FIELDS 3 a b a", `["1" "2" nil]`)
	s.Effects("0:hexpired:h, 0:del:h", "0:HDEL h a b")
}

// TestOverwriteExpired changes fields whose time has come before the expirer
// has found them.
func TestOverwriteExpired(t *testing.T) {
	s := newServer(t)
	s.Run("HSET h a 1 b 2 c 3 d 4 e 5 stays 6")
	s.Run("HPEXPIRE h 10 FIELDS 5 a b c d e")
	s.Advance(11 * time.Millisecond)
	s.Events()
	s.Propagated()
	s.Script(`
		HGET h a -> nil
		HLEN h -> 6
		HGETALL h -> ["stays" "6"]
		HEXISTS h a -> 0
		HTTL h FIELDS 1 a -> [-2]
		HDEL h a -> 0
		HPERSIST h FIELDS 1 a -> [-2]
		HRANDFIELD h 10 -> ["stays"]
		HSCAN h 0 -> ["0" ["stays" "6"]]
	`)
	s.Effects("", "")
	s.Want("HSET h a 7", "1")
	s.Effects("0:hexpired:h, 0:hset:h", "0:HSET h a 7")
	s.Want("HINCRBY h b 7", "7")
	s.Effects("0:hexpired:h, 0:hincrby:h", "0:HSET h b 7")
	s.Want("HSETNX h c 7", "1")
	s.Effects("0:hexpired:h, 0:hset:h", "0:HSET h c 7")
	s.Want("HSETEX h KEEPTTL FIELDS 2 d 7 stays 7", "1")
	s.Effects("0:hexpired:h, 0:hset:h", "0:HDEL h d, 0:HSETEX h KEEPTTL FIELDS 2 d 7 stays 7")
	s.Want("HTTL h FIELDS 4 a b c d", "[-1 -1 -1 -1]")
	s.Want("HSETEX h PX 0 FIELDS 1 e 7", "1")
	s.Effects("0:hset:h, 0:hexpire:h, 0:hexpired:h", "0:HDEL h e")
	if got := s.Exec.Worker().Stats.ExpiredFields; got != 5 {
		t.Errorf("%d fields are counted as expired, want 5", got)
	}
}

// expireDue does what the expirer does until nothing is left.
func expireDue(s *cmdtest.Server) {
	for s.Exec.Worker().ExpireDue(s.Now(), 512, 32) == 0 {
	}
}

// TestActiveExpiry waits for the expirer to take fields out.
func TestActiveExpiry(t *testing.T) {
	s := newServer(t)
	s.Run("HSET h a 1 b 2 c 3")
	s.Run("HPEXPIRE h 1000 FIELDS 1 a")
	s.Run("HPEXPIRE h 500 FIELDS 1 b")
	s.Run("HPEXPIRE h 2000 FIELDS 1 c")
	s.Events()
	s.Propagated()
	s.Modified()
	s.Advance(500 * time.Millisecond)
	expireDue(s)
	s.Effects("", "")
	s.Advance(50 * time.Millisecond)
	expireDue(s)
	s.Effects("0:hexpired:h", "0:HDEL h b")
	s.Want("HLEN h", "2")
	s.Advance(500 * time.Millisecond)
	expireDue(s)
	s.Effects("0:hexpired:h", "0:HDEL h a")
	if got, want := s.Modified(), []string{"0:h", "0:h"}; !slices.Equal(got, want) {
		t.Errorf("modified %v, want %v", got, want)
	}
	if got := s.Space.VolatileKeys(0); got != 1 {
		t.Errorf("%d volatile keys, want 1", got)
	}
	s.Advance(time.Second)
	expireDue(s)
	s.Effects("0:hexpired:h, 0:del:h", "0:HDEL h c, 0:DEL h")
	if got := s.Space.VolatileKeys(0); got != 0 || s.Space.Len(0) != 0 {
		t.Errorf("%d keys and %d volatile keys are left", s.Space.Len(0), got)
	}
}

// TestActiveExpiryIsBounded expires many fields at once: they go in steps.
func TestActiveExpiryIsBounded(t *testing.T) {
	s := newServer(t)
	const fields = 1000
	request := []string{"HSETEX", "h", "PX", "100", "FIELDS", strconv.Itoa(fields)}
	for i := range fields {
		request = append(request, fmt.Sprintf("f%d", i), "v")
	}
	s.Do(request...)
	s.Advance(time.Second)
	s.Events()
	s.Propagated()
	expireDue(s)
	deletions := s.Propagated()
	gone := 0
	for _, d := range deletions[:len(deletions)-1] {
		n := len(strings.Fields(d)) - 2
		if n > 80 {
			t.Errorf("one deletion names %d fields", n)
		}
		gone += n
	}
	if last := deletions[len(deletions)-1]; gone != fields || last != "0:DEL h" {
		t.Errorf("%d fields were deleted, and at last %s", gone, last)
	}
}

// TestReplicaHidesExpired looks at fields where expiry is somebody else's to
// decide.
func TestReplicaHidesExpired(t *testing.T) {
	s := newServer(t)
	s.Run("HSET h a 1 b 2")
	s.Run("HPEXPIRE h 10 FIELDS 1 a")
	s.Space.SetExpirePolicy(keyspace.ExpireHide)
	s.Advance(time.Second)
	s.Want("HGETALL h", `["b" "2"]`)
	s.Want("HPEXPIREAT h 1 FIELDS 1 b", "[1]") // marked, not deleted
	s.Want("HGETALL h", "[]")
	s.Want("HLEN h", "2")
	s.Want("HSETEX h PXAT 1 FIELDS 1 a 1", "1")
	s.Want("HSET h b 2", "0")
	s.Want("HPEXPIREAT h 1 FIELDS 1 b", "[1]")
	s.Space.SetExpirePolicy(keyspace.ExpireIgnore)
	s.Want("HGETALL h", `["a" "1" "b" "2"]`)
	s.Space.SetExpirePolicy(keyspace.ExpireDelete)
	s.Want("HGETALL h", "[]")
	expireDue(s)
	s.Want("HLEN h", "0")
}

func TestRandom(t *testing.T) {
	s := newServer(t)
	s.Script(`
		HRANDFIELD nokey -> nil
		HRANDFIELD nokey 3 -> []
		HRANDFIELD nokey 3 WITHVALUES -> []
		HSET h a 1
		HRANDFIELD h -> "a"
		HRANDFIELD h 0 -> []
		HRANDFIELD h 5 -> ["a"]
		HRANDFIELD h -3 -> ["a" "a" "a"]
		HRANDFIELD h -2 WITHVALUES -> ["a" "1" "a" "1"]
		HRANDFIELD h 1 withvalues -> ["a" "1"]
		HRANDFIELD h x -> ERR value is not an integer or out of range
		HRANDFIELD h 1 BOGUS -> ERR syntax error
		HRANDFIELD h 1 WITHVALUES x -> ERR syntax error
		HRANDFIELD h -9223372036854775807 WITHVALUES -> ERR value is out of range
		HRANDFIELD h -9223372036854775808 -> ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
	`)
	s.Out.SetProtocol(resp.RESP3)
	s.Want("HRANDFIELD h -2 WITHVALUES", `[["a" "1"] ["a" "1"]]`)
	s.Want("HGETALL h", `{"a": "1"}`)
	s.Want("HGETALL nokey", `{}`)
}

func TestScan(t *testing.T) {
	s := newServer(t)
	s.Script(`
		HSCAN nokey 0 -> ["0" []]
		HSCAN nokey 0 BOGUS -> ["0" []]
		HSET h a 1 b 22 ab 3
		HSCAN h 0 -> ["0" ["a" "1" "b" "22" "ab" "3"]]
		HSCAN h 0 NOVALUES -> ["0" ["a" "b" "ab"]]
		HSCAN h 0 MATCH a* COUNT 1 -> ["0" ["a" "1" "ab" "3"]]
		HSCAN h x -> ERR invalid cursor
		HSCAN h 0 COUNT 0 -> ERR syntax error
		HSCAN h 0 COUNT x -> ERR value is not an integer or out of range
		HSCAN h 0 MATCH -> ERR syntax error
		HSCAN h 0 NOSCORES -> ERR NOSCORES option can only be used in ZSCAN
		HSCAN h 0 TYPE hash -> ERR syntax error
	`)
	for i := range 2000 {
		s.Run(fmt.Sprintf("HSET large f%d v%d", i, i))
	}
	met := map[string]bool{}
	cursor := "0"
	for range 2000 {
		reply := cmdtest.Words(t, strings.NewReplacer("[", " ", "]", " ").Replace(s.Run("HSCAN large "+cursor+" COUNT 7 NOVALUES")))
		for _, field := range reply[1:] {
			met[field] = true
		}
		if cursor = reply[0]; cursor == "0" {
			break
		}
	}
	if cursor != "0" || len(met) != 2000 {
		t.Errorf("met %d fields, cursor %s", len(met), cursor)
	}
}
