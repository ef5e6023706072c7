package setcmd_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/setcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
)

func newServer(t testing.TB) *cmdtest.Server {
	return cmdtest.New(t, setcmd.Commands(), stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 1 << 20 }}))
}

func TestSpecs(t *testing.T) {
	table, err := command.NewTable(setcmd.Commands())
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table)
	if n := len(table.Commands()); n != 17 {
		t.Errorf("%d commands", n)
	}
}

func TestMembers(t *testing.T) {
	s := newServer(t)
	s.Script(`
		SADD k 3 1 2 -> 3
		SADD k 2 4 -> 1
		SCARD k -> 4
		SMEMBERS k -> ["1" "2" "3" "4"]
		SISMEMBER k 3 -> 1
		SISMEMBER k 9 -> 0
		SMISMEMBER k 1 9 2 -> [1 0 1]
		SMISMEMBER none 1 -> [0]
		SMEMBERS none -> []
		SCARD none -> 0
		SISMEMBER none a -> 0
		SREM none a -> 0
		SREM k 9 -> 0
		SREM k 1 2 9 -> 2
		SREM k 3 4 4 -> 2
		SCARD k -> 0
		SET text x
		SADD text a -> WRONGTYPE Operation against a key holding the wrong kind of value
		SMISMEMBER text a -> WRONGTYPE Operation against a key holding the wrong kind of value
		SPOP text -> WRONGTYPE Operation against a key holding the wrong kind of value
	`)
}

func TestChangesAreToldOnce(t *testing.T) {
	s := newServer(t)
	s.Run("SADD k a b")
	s.Effects("0:sadd:k", "0:SADD k a b")
	s.Run("SADD k a")
	s.Run("SREM k x")
	s.Run("SMOVE k other x")
	s.Effects("", "")
	s.Run("SREM k b")
	s.Effects("0:srem:k", "0:SREM k b")
	s.Run("SMOVE k other a")
	s.Effects("0:srem:k, 0:del:k, 0:sadd:other", "0:SMOVE k other a")
	s.Run("SREM other a b")
	s.Effects("0:srem:other, 0:del:other", "0:SREM other a b")
}

func TestSMove(t *testing.T) {
	s := newServer(t)
	s.Script(`
		SADD a x y -> 2
		SADD b y z -> 2
		SET text v
		SMOVE none text x -> 0
		SMOVE a text x -> WRONGTYPE Operation against a key holding the wrong kind of value
		SMOVE text a x -> WRONGTYPE Operation against a key holding the wrong kind of value
		SMOVE a a x -> 1
		SMOVE a a q -> 0
		SMOVE a b x -> 1
		SMOVE a b y -> 1
		SCARD a -> 0
		SCARD b -> 3
	`)
}

func TestWhatChanceTakesIsPropagated(t *testing.T) {
	s := newServer(t)
	s.Run("SADD k a")
	s.Effects("0:sadd:k", "0:SADD k a")
	s.Want("SPOP k", `"a"`)
	s.Effects("0:spop:k, 0:del:k", "0:SREM k a")
	s.Want("SPOP k", "nil")
	s.Want("SPOP k 3", "[]")
	s.Run("SADD k 1 2 3")
	s.Effects("0:sadd:k", "0:SADD k 1 2 3")
	s.Want("SPOP k 0", "[]")
	s.Effects("", "")
	s.Want("SPOP k 5", `["1" "2" "3"]`)
	s.Effects("0:spop:k, 0:del:k", "0:DEL k")
	s.Space.SetLazyFree(true, false, false)
	s.Run("SADD k 1")
	s.Effects("0:sadd:k", "0:SADD k 1")
	s.Want("SPOP k 1", `["1"]`)
	s.Effects("0:spop:k, 0:del:k", "0:UNLINK k")
	s.Want("SPOP k -1", "ERR value is out of range, must be positive")
	s.Want("SPOP k x", "ERR value is out of range, must be positive")
	s.Want("SPOP k 1 2", "ERR syntax error")
}

// Whatever SPOP answers is what the propagated commands remove, in batches, and
// what is not there afterwards.
func TestSPopOfMany(t *testing.T) {
	for _, members := range []int{3, 100, 500, 5000} {
		for _, prefix := range []string{"", "m"} {
			for _, count := range []int{1, 2, members / 2, members - 1} {
				s := newServer(t)
				request := []string{"SADD", "k"}
				for i := range members {
					request = append(request, fmt.Sprint(prefix, i))
				}
				s.Do(request...)
				s.Propagated()
				popped := fields(s.Do("SPOP", "k", fmt.Sprint(count)))
				var removed []string
				for _, line := range s.Propagated() {
					words := strings.Fields(strings.TrimPrefix(line, "0:SREM k "))
					if len(words) > 1024 {
						t.Errorf("%d members in one command", len(words))
					}
					removed = append(removed, words...)
				}
				if !slices.Equal(popped, removed) {
					t.Fatalf("%d of %d: popped %v, propagated %v", count, members, popped, removed)
				}
				left := fields(s.Do("SMEMBERS", "k"))
				all := append(slices.Clone(popped), left...)
				slices.Sort(all)
				if want := slices.Sorted(slices.Values(request[2:])); !slices.Equal(all, want) {
					t.Fatalf("%d of %d: popped %v, left %v", count, members, popped, left)
				}
			}
		}
	}
}

// fields returns the strings of a flat reply.
func fields(reply string) []string {
	return strings.Fields(strings.NewReplacer("[", "", "]", "", `"`, "", "~", "").Replace(reply))
}

func TestSRandMember(t *testing.T) {
	s := newServer(t)
	s.Script(`
		SRANDMEMBER none -> nil
		SRANDMEMBER none 4 -> []
		SADD k a -> 1
		SRANDMEMBER k -> "a"
		SRANDMEMBER k 0 -> []
		SRANDMEMBER k 5 -> ["a"]
		SRANDMEMBER k -3 -> ["a" "a" "a"]
		SRANDMEMBER k 1 2 -> ERR syntax error
		SRANDMEMBER k x -> ERR value is not an integer or out of range
		SRANDMEMBER k -9223372036854775808 -> ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
		SADD many 1 2 3 4 5 6 7 8
	`)
	for range 20 {
		got := fields(s.Run("SRANDMEMBER many 5"))
		slices.Sort(got)
		if len(slices.Compact(got)) != 5 {
			t.Fatalf("not five different members: %v", got)
		}
	}
}

func TestSScan(t *testing.T) {
	s := newServer(t)
	s.Script(`
		SSCAN none 0 -> ["0" []]
		SSCAN none x -> ERR invalid cursor
		SSCAN none 0 FOO -> ["0" []]
		SADD k 1 2 30 -> 3
		SSCAN k 0 -> ["0" ["1" "2" "30"]]
		SSCAN k 0 MATCH 3* COUNT 1 -> ["0" ["30"]]
		SSCAN k 0 COUNT 0 -> ERR syntax error
		SSCAN k 0 COUNT x -> ERR value is not an integer or out of range
		SSCAN k 0 NOVALUES -> ERR NOVALUES option can only be used in HSCAN
		SSCAN k 0 NOSCORES -> ERR NOSCORES option can only be used in ZSCAN
		SSCAN k 0 TYPE set -> ERR syntax error
	`)
	var want []string
	for i := range 2000 {
		member := fmt.Sprint("member:", i)
		want = append(want, member)
		s.Do("SADD", "big", member)
	}
	seen := map[string]bool{}
	for cursor, steps := "0", 0; ; steps++ {
		reply := fields(s.Do("SSCAN", "big", cursor, "COUNT", "50"))
		for _, member := range reply[1:] {
			seen[member] = true
		}
		if cursor = reply[0]; cursor == "0" {
			break
		}
		if steps > len(want) {
			t.Fatal("the walk does not end")
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d of %d members seen", len(seen), len(want))
	}
}
