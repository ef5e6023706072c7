package zsetcmd_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/setcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/commands/zsetcmd"
	"github.com/kvasirdb/kvasir/internal/resp"
)

func newServer(t testing.TB) *cmdtest.Server {
	return cmdtest.New(t, zsetcmd.Commands(), setcmd.Commands(),
		stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 1 << 20 }}))
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(zsetcmd.Commands())
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
	if n := len(table.Commands()); n != 35 {
		t.Errorf("%d commands", n)
	}
}

func TestZAddOptions(t *testing.T) {
	s := newServer(t)
	s.Script(`
		ZADD k XX 1 a -> 0
		ZADD k XX INCR 1 a -> nil
		ZADD k 1 a 2 b -> 2
		ZADD k 1 a 3 b 4 c -> 1
		ZADD k CH 1 a 4 b 5 d -> 2
		ZADD k NX 9 a 6 e -> 1
		ZSCORE k a -> "1"
		ZADD k GT CH 0 a 9 b -> 1
		ZADD k LT CH 0 a 10 b -> 1
		ZADD k XX CH GT 100 new 2 a -> 1
		ZADD k INCR 1.5 a -> "3.5"
		ZADD k NX INCR 1 a -> nil
		ZADD k GT INCR -1 a -> nil
		ZINCRBY k 2 fresh -> "2"
		ZADD k inf i -> 1
		ZINCRBY k -inf i -> ERR resulting score is not a number (NaN)
		ZADD k nan x -> ERR value is not a valid float
		ZADD k 1 -> ERR wrong number of arguments for 'zadd' command
		ZADD k 1 a 2 -> ERR syntax error
		ZADD k NX XX 1 a -> ERR XX and NX options at the same time are not compatible
		ZADD k NX GT 1 a -> ERR GT, LT, and/or NX options at the same time are not compatible
		ZADD k LT GT 1 a -> ERR GT, LT, and/or NX options at the same time are not compatible
		ZADD k INCR 1 a 2 b -> ERR INCR option supports a single increment-element pair
		ZADD k NX XX 1 -> ERR syntax error
		SET text v
		ZADD text x a -> ERR value is not a valid float
		ZADD text 1 a -> WRONGTYPE Operation against a key holding the wrong kind of value
	`)
}

func TestChangesAreToldOnce(t *testing.T) {
	s := newServer(t)
	s.Run("ZADD k 1 a 2 b 3 c 4 d 5 e")
	s.Effects("0:zadd:k", "0:ZADD k 1 a 2 b 3 c 4 d 5 e")
	s.Run("ZADD k 1 a")
	s.Run("ZADD none XX 1 a")
	s.Run("ZREM k x")
	s.Run("ZREMRANGEBYRANK k 9 10")
	s.Effects("", "")
	s.Run("ZINCRBY k 1 a")
	s.Effects("0:zincr:k", "0:ZINCRBY k 1 a")
	s.Run("ZREM k a x")
	s.Effects("0:zrem:k", "0:ZREM k a x")
	s.Run("ZREMRANGEBYSCORE k 2 (3")
	s.Effects("0:zremrangebyscore:k", "0:ZREMRANGEBYSCORE k 2 (3")
	s.Run("ZREMRANGEBYRANK k 0 0")
	s.Effects("0:zremrangebyrank:k", "0:ZREMRANGEBYRANK k 0 0")
	s.Run("ZRANGESTORE copy k 0 -1")
	s.Effects("0:zrangestore:copy", "0:ZRANGESTORE copy k 0 -1")
	s.Run("ZRANGESTORE copy k 5 6")
	s.Effects("0:del:copy", "0:ZRANGESTORE copy k 5 6")
	s.Run("ZRANGESTORE copy k 5 6")
	s.Effects("", "")
	s.Run("ZREMRANGEBYLEX k - +")
	s.Effects("0:zremrangebylex:k, 0:del:k", "0:ZREMRANGEBYLEX k - +")
}

func TestRanges(t *testing.T) {
	s := newServer(t)
	for _, listpackEntries := range []int{128, 0} {
		s.Limits.ZSetMaxListpackEntries = listpackEntries
		s.SetLimits()
		s.Script(`
			ZADD k 1 a 2 b 3 c 4 d
			ZRANGE k 0 -1 -> ["a" "b" "c" "d"]
			ZRANGE k -2 9 WITHSCORES -> ["c" "3" "d" "4"]
			ZRANGE k 2 1 -> []
			ZRANGE k 0 1 REV -> ["d" "c"]
			ZREVRANGE k 1 -2 -> ["c" "b"]
			ZRANGE k (1 3 BYSCORE -> ["b" "c"]
			ZRANGE k 3 (1 BYSCORE REV LIMIT 1 5 -> ["b"]
			ZRANGE k 3 1 BYSCORE -> []
			ZRANGEBYSCORE k -inf +inf LIMIT 1 2 WITHSCORES -> ["b" "2" "c" "3"]
			ZRANGEBYSCORE k -inf +inf LIMIT 9 2 -> []
			ZRANGEBYSCORE k -inf +inf LIMIT 2 -1 -> ["c" "d"]
			ZREVRANGEBYSCORE k inf 2 LIMIT 1 -5 -> ["c" "b"]
			ZRANGEBYSCORE k 2 (2 -> []
			ZCOUNT k (1 3 -> 2
			ZCOUNT k 3 1 -> 0
			ZRANGESTORE r k 0 0 REV -> 1
			ZRANGE r 0 -1 WITHSCORES -> ["d" "4"]
			ZADD l 0 a 0 b 0 c 0 d
			ZRANGEBYLEX l [b (d -> ["b" "c"]
			ZREVRANGEBYLEX l + [c -> ["d" "c"]
			ZRANGE l + - BYLEX REV LIMIT 1 1 -> ["c"]
			ZLEXCOUNT l (a [c -> 2
			ZREMRANGEBYLEX l [a (c -> 2
			ZRANK k c -> 2
			ZREVRANK k c -> 1
			ZRANK k c WITHSCORE -> [2 "3"]
			ZRANK k x WITHSCORE -> nil
			ZRANK k x -> nil
			ZRANGE k 0 -1 LIMIT 1 1 -> ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
			ZRANGE k - + BYLEX WITHSCORES -> ERR syntax error, WITHSCORES not supported in combination with BYLEX
			ZRANGE k a b BYSCORE -> ERR min or max is not a float
			ZRANGE k a b BYLEX -> ERR min or max not valid string range item
			ZRANGE k a b -> ERR value is not an integer or out of range
			ZREVRANGE k 0 1 REV -> ERR syntax error
			ZRANGESTORE r k 0 1 WITHSCORES -> ERR syntax error
			ZMSCORE k a x -> ["1" nil]
			ZMSCORE none a -> [nil]
			ZREM k a b c d -> 4
			ZREM l c d -> 2
			ZREM r d -> 1
		`)
	}
}

func TestShapesOfReplies(t *testing.T) {
	s := newServer(t)
	s.Run("ZADD k 1 a 2.5 b")
	s.Out.SetProtocol(resp.RESP3)
	s.Script(`
		ZSCORE k b -> 2.5
		ZSCORE k x -> nil
		ZRANGE k 0 -1 WITHSCORES -> [["a" 1] ["b" 2.5]]
		ZUNION 1 k WITHSCORES -> [["a" 1] ["b" 2.5]]
		ZRANDMEMBER k 2 WITHSCORES -> [["a" 1] ["b" 2.5]]
		ZSCAN k 0 -> ["0" ["a" "1" "b" "2.5"]]
		ZSCAN k 0 NOSCORES -> ["0" ["a" "b"]]
		ZRANK k b WITHSCORE -> [1 2.5]
		ZADD k INCR 1 a -> 2
		ZPOPMIN k -> ["a" 2]
		ZPOPMIN k 5 -> [["b" 2.5]]
		ZPOPMIN k 5 -> []
		ZADD k 1 a
		BZPOPMIN k 0 -> ["k" "a" 1]
		ZADD k 1 a
		ZMPOP 1 k MAX -> ["k" [["a" 1]]]
		ZMPOP 1 k MAX -> nil
	`)
}

func TestOperationsOnSeveralSets(t *testing.T) {
	s := newServer(t)
	s.Script(`
		ZADD a 1 x 2 y 3 z
		ZADD b 10 y 20 z 30 w
		SADD s x w
		SET text v
		ZUNION 3 a b none WITHSCORES -> ["x" "1" "y" "12" "z" "23" "w" "30"]
		ZUNION 2 a s WITHSCORES -> ["w" "1" "x" "2" "y" "2" "z" "3"]
		ZINTER 2 a b WEIGHTS 2 1 AGGREGATE MAX WITHSCORES -> ["y" "10" "z" "20"]
		ZINTER 2 a a WITHSCORES -> ["x" "2" "y" "4" "z" "6"]
		ZINTER 2 a none -> []
		ZDIFF 2 a b WITHSCORES -> ["x" "1"]
		ZDIFF 2 a a -> []
		ZDIFF 3 a s none -> ["y" "z"]
		ZINTERCARD 2 a b -> 2
		ZINTERCARD 2 a b LIMIT 1 -> 1
		ZINTERCARD 2 a b LIMIT 0 -> 2
		ZUNIONSTORE d 2 a b WEIGHTS 1 -1 AGGREGATE MIN -> 4
		ZRANGE d 0 -1 WITHSCORES -> ["w" "-30" "z" "-20" "y" "-10" "x" "1"]
		ZINTERSTORE d 2 a none -> 0
		ZCARD d -> 0
		ZDIFFSTORE text 2 a b -> 1
		ZRANGE text 0 -1 -> ["x"]
		SET text v
		ZUNION 0 a -> ERR at least 1 input key is needed for 'zunion' command
		ZUNION 2 a -> ERR syntax error
		ZUNION x a -> ERR value is not an integer or out of range
		ZUNION 1 text FOO -> WRONGTYPE Operation against a key holding the wrong kind of value
		ZUNION 1 a WEIGHTS x -> ERR weight value is not a float
		ZUNION 1 a AGGREGATE avg -> ERR syntax error
		ZUNIONSTORE d 1 a WITHSCORES -> ERR syntax error
		ZDIFF 1 a WEIGHTS 1 -> ERR syntax error
		ZINTERCARD 1 a LIMIT -1 -> ERR LIMIT can't be negative
		ZADD i inf m
		ZADD j -inf m
		ZUNION 2 i j WITHSCORES -> ["m" "0"]
		ZUNION 1 i WEIGHTS 0 WITHSCORES -> ["m" "0"]
	`)
}

// Both ways to subtract give the same.
func TestDifferenceOfLargeSets(t *testing.T) {
	s := newServer(t)
	for i := range 1000 {
		s.Do("ZADD", "a", fmt.Sprint(i), fmt.Sprint(i))
		s.Do("SADD", "sa", fmt.Sprint("m", i))
	}
	request, setRequest := []string{"ZDIFF", "12", "a"}, []string{"SDIFF", "sa"}
	var want, setWant []string
	for i := range 1000 {
		if i < 990 {
			s.Do("ZADD", fmt.Sprint("b", i%11), "0", fmt.Sprint(i))
			s.Do("SADD", fmt.Sprint("sb", i%11), fmt.Sprint("m", i))
			continue
		}
		want = append(want, fmt.Sprintf("%q", fmt.Sprint(i)))
		setWant = append(setWant, fmt.Sprintf("%q", fmt.Sprint("m", i)))
	}
	for i := range 11 {
		request = append(request, fmt.Sprint("b", i))
		setRequest = append(setRequest, fmt.Sprint("sb", i))
	}
	if got, want := s.Do(request...), "["+strings.Join(want, " ")+"]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got := strings.Fields(strings.Trim(s.Do(setRequest...), "[]"))
	slices.Sort(got)
	if !slices.Equal(got, setWant) {
		t.Errorf("got %v, want %v", got, setWant)
	}
}

func TestPopsThatWait(t *testing.T) {
	s := newServer(t)
	a, b, c := s.NewClient(), s.NewClient(), s.NewClient()
	a.Send("BZPOPMIN", "k1", "k2", "0")
	b.Send("BZPOPMAX", "k2", "0")
	c.Send("BZMPOP", "0", "1", "k2", "MIN", "COUNT", "5")
	s.Effects("", "")
	s.Want("ZADD k2 1 a 2 b 3 c 4 d", "4")
	for _, w := range []struct {
		client *cmdtest.Client
		want   string
	}{{a, `["k2" "a" "1"]`}, {b, `["k2" "d" "4"]`}, {c, `["k2" [["b" "2"] ["c" "3"]]]`}} {
		if got := w.client.Reply(); got != w.want {
			t.Errorf("got %s, want %s", got, w.want)
		}
	}
	s.Effects("0:zadd:k2, 0:zpopmin:k2, 0:zpopmax:k2, 0:zpopmin:k2, 0:del:k2",
		"0:ZADD k2 1 a 2 b 3 c 4 d, 0:ZPOPMIN k2, 0:ZPOPMAX k2, 0:ZPOPMIN k2 2")
	a.Send("BZPOPMIN", "k", "0.5")
	s.Want("SET k v", "OK")
	if got := a.Reply(); got != "" {
		t.Errorf("woken by a string: %s", got)
	}
	s.Advance(time.Second)
	if got := a.Reply(); got != "nil" {
		t.Errorf("timeout: %s", got)
	}
	s.Script(`
		BZPOPMIN k 0 -> WRONGTYPE Operation against a key holding the wrong kind of value
		BZPOPMIN k -1 -> ERR timeout is negative
		BZPOPMIN k x -> ERR timeout is not a float or out of range
		BZMPOP 0 0 k MIN -> ERR numkeys should be greater than 0
		BZMPOP 0 1 k FOO -> ERR syntax error
		BZMPOP 0 1 k MIN COUNT 0 -> ERR count should be greater than 0
		BZMPOP 0 1 k MIN COUNT 1 COUNT 2 -> ERR syntax error
		BZMPOP x 1 k MIN -> ERR timeout is not a float or out of range
		ZMPOP 2 k MIN -> ERR syntax error
		ZMPOP 1 k MIN -> WRONGTYPE Operation against a key holding the wrong kind of value
		ZPOPMIN k -> WRONGTYPE Operation against a key holding the wrong kind of value
		ZPOPMIN k -1 -> ERR value is out of range, must be positive
		ZPOPMIN k 1 2 -> ERR syntax error
		ZPOPMIN none 0 -> []
	`)
}
