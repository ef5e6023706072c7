package hashcmd

import (
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/command/commandtest"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
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
