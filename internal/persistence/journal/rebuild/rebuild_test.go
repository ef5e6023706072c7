package rebuild_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/hashcmd"
	"github.com/kvasirdb/kvasir/internal/commands/keycmd"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
	"github.com/kvasirdb/kvasir/internal/commands/setcmd"
	"github.com/kvasirdb/kvasir/internal/commands/streamcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/commands/zsetcmd"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/debugcmd"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/persistence/journal/rebuild"
	"github.com/kvasirdb/kvasir/internal/resp"
)

func newServer(t *testing.T) *cmdtest.Server {
	return cmdtest.NewOn(t, func(*keyspace.Space) [][]command.Spec {
		return [][]command.Spec{
			debugcmd.Commands(debugcmd.Deps{}), hashcmd.Commands(), keycmd.Commands(keycmd.Deps{}), listcmd.Commands(),
			setcmd.Commands(), streamcmd.Commands(), stringcmd.Commands(stringcmd.Deps{}), zsetcmd.Commands(),
		}
	})
}

// encode returns the commands that make all keys of a server again.
func encode(s *cmdtest.Server) (commands [][]string) {
	var text, out []byte
	e := rebuild.Encoder{Out: &out, Between: func() { text, out = append(text, out...), out[:0] }}
	s.Exec.Do(func() {
		tx := s.Exec.Worker().Begin(0, s.Now())
		tx.Each(func(entry keyspace.Entry) {
			if entry.Type() == value.String {
				var number keyspace.NumberText
				e.StringKey(entry.Key(), entry.Expiry(), entry.String(&number))
				return
			}
			v := entry.Value()
			e.ValueKey(entry.Key(), entry.Expiry(), &v)
		})
	})
	limits := resp.DefaultLimits()
	limits.Authenticated = true
	for text = append(text, out...); len(text) > 0; {
		var p resp.Parser
		args, n, status := p.Next(text, nil, &limits)
		if status != resp.Complete {
			panic(fmt.Sprintf("not a request: %q", text))
		}
		var words []string
		for _, arg := range args {
			words = append(words, string(arg))
		}
		commands = append(commands, words)
		text = text[n:]
	}
	return commands
}

// many writes a command with arguments made of the numbers below n.
func many(format string, n int, args ...string) []string {
	for i := range n {
		args = append(args, strings.Fields(strings.ReplaceAll(format, "%", fmt.Sprint(i)))...)
	}
	return args
}

func TestEveryType(t *testing.T) {
	s := newServer(t)
	for _, words := range [][]string{
		{"SET", "s", "text"}, {"SET", "n", "12345"}, {"SET", "e", "v", "PXAT", fmt.Sprint(s.Now() + 5000)}, {"SET", "empty", ""},
		{"RPUSH", "l", "a", "-7", "", "\x00\r\n"}, many("elem-%", 200, "RPUSH", "ll"),
		{"SADD", "ints", "1", "2", "3"}, many("member-%", 130, "SADD", "ss"),
		{"ZADD", "z", "1.5", "a", "-inf", "b", "inf", "c", "0.1", "d", "12345678901234567", "e"}, many("%.25 member-%", 300, "ZADD", "zz"),
		{"HSET", "h", "f", "v", "g", "17"}, many("field-% value-%", 129, "HSET", "hh"),
		{"HSET", "he", "a", "1", "b", "2", "c", "3"}, {"HPEXPIREAT", "he", fmt.Sprint(s.Now() + 9000), "FIELDS", "2", "a", "b"},
		{"HSET", "all", "a", "1"}, {"HPEXPIREAT", "all", fmt.Sprint(s.Now() + 9000), "FIELDS", "1", "a"},
		{"PEXPIREAT", "l", fmt.Sprint(s.Now() + 7000)},
		{"XADD", "x", "1-1", "a", "1", "b", "2"}, {"XADD", "x", "2-0", "a", "3", "b", "4"}, {"XADD", "x", "3-7", "c", ""}, {"XDEL", "x", "3-7"},
		{"XGROUP", "CREATE", "x", "g", "0", "ENTRIESREAD", "1"}, {"XGROUP", "CREATECONSUMER", "x", "g", "idle"},
		{"XREADGROUP", "GROUP", "g", "busy", "COUNT", "1", "STREAMS", "x", ">"},
		{"XGROUP", "CREATE", "none", "g", "$", "MKSTREAM"}, {"XADD", "gone", "5-5", "a", "b"}, {"XDEL", "gone", "5-5"},
	} {
		if reply := s.Do(words...); strings.HasPrefix(reply, "ERR") || strings.HasPrefix(reply, "WRONGTYPE") {
			t.Fatalf("%q: %s", words, reply)
		}
	}
	again := newServer(t)
	for _, words := range encode(s) {
		if len(words) > 2+2*rebuild.ItemsMax {
			t.Errorf("%s of %d words", words[0], len(words))
		}
		if reply := again.Do(words...); strings.HasPrefix(reply, "ERR") || strings.HasPrefix(reply, "WRONGTYPE") {
			t.Errorf("%q: %s", words, reply)
		}
	}
	for _, query := range [][]string{
		{"DEBUG", "DIGEST"}, {"DBSIZE"}, {"PEXPIRETIME", "e"}, {"PEXPIRETIME", "l"}, {"PEXPIRETIME", "s"},
		{"HPEXPIRETIME", "he", "FIELDS", "3", "a", "b", "c"}, {"XINFO", "STREAM", "x", "FULL"}, {"XINFO", "STREAM", "gone"},
		{"XINFO", "GROUPS", "none"}, {"ZRANGE", "z", "0", "-1", "WITHSCORES"},
	} {
		want, got := s.Do(query...), again.Do(query...)
		if query[0] == "XINFO" { // when a consumer was last seen is not kept
			want, got = unseen(want), unseen(got)
		}
		if got != want {
			t.Errorf("%q: %s\nwant %s", query, got, want)
		}
	}
}

// unseen takes out what the commands do not carry.
func unseen(reply string) string {
	words := strings.Fields(reply)
	for i, w := range words {
		switch strings.Trim(w, `["`) {
		case "seen-time", "active-time", "radix-tree-keys", "radix-tree-nodes":
			words[i+1] = "_"
		}
	}
	return strings.Join(words, " ")
}
