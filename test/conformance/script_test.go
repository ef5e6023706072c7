package conformance

import (
	"bufio"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	s, err := parse("x", `# A script.
@valkey

> SET "a b" "\x00"*3
+OK
b> HGETALL h
["f", "v"]
3| {"f": "v"}
b>
...
@next since 9.1
=> "PING\r\n"
+PONG
+PONG
> GET k
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.steps) != 5 {
		t.Fatalf("%d steps", len(s.steps))
	}
	set, hgetall, more, ping, get := s.steps[0], s.steps[1], s.steps[2], s.steps[3], s.steps[4]
	if want := "*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$3\r\n\x00\x00\x00\r\n"; string(set.send) != want || !set.valkey {
		t.Errorf("SET is sent as %q, rules %+v", set.send, set.rules)
	}
	if hgetall.client != "b" || len(hgetall.want) != 1 || hgetall.want[0] != (expectation{`["f", "v"]`, `{"f": "v"}`}) {
		t.Errorf("HGETALL: %+v", hgetall)
	}
	if len(more.send) != 0 || more.want[0].resp2 != pending {
		t.Errorf("reading on: %+v", more)
	}
	if string(ping.send) != "PING\r\n" || len(ping.want) != 2 || ping.since != "9.1" || !ping.valkey {
		t.Errorf("PING: %+v", ping)
	}
	if get.since != "" || get.want != nil {
		t.Errorf("GET: %+v", get)
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{"+OK", "3| +OK", "> SET \"a", "@bogus", "@since", "> SET \"a\"*x", "> GET k\n\n+OK"} {
		if _, err := parse("x", text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestRewrittenKeepsEverythingElse(t *testing.T) {
	s, err := parse("x", "# c\n> A\n+old\n# why\n3| +older\n\n> B\n")
	if err != nil {
		t.Fatal(err)
	}
	got := s.rewritten([][]expectation{{{"+new", "+newer"}}, {{"+b", "+b"}}})
	if want := "# c\n> A\n# why\n+new\n3| +newer\n\n> B\n+b\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		want, got string
		same      bool
	}{
		{"+OK", "+OK", true},
		{"+OK", "+OKAY", false},
		{":<9..10>", ":9", true},
		{":<9..10>", ":11", false},
		{":<-2..-1>", ":-2", true},
		{`["a", <any>]`, `["a", :1]`, true},
		{`["a", <any>]`, `["b", :1]`, false},
		{`"<1..2>.<any>"`, `"1.(x)"`, true},
		{`"<b>"`, `"<c>"`, false},
	} {
		if matches(c.want, c.got) != c.same {
			t.Errorf("%s and %s: %t", c.want, c.got, !c.same)
		}
	}
}

func TestReplies(t *testing.T) {
	for _, c := range []struct {
		wire     string
		protocol int
		want     string
	}{
		{"+OK\r\n", 2, "+OK"},
		{"$-1\r\n", 2, "nil"},
		{"*-1\r\n", 2, "nil-array"},
		{"$-1\r\n", 3, "$-1"},
		{"_\r\n", 3, "nil"},
		{"_\r\n", 2, "_"},
		{"$3\r\na\"\xff\r\n", 2, `"a\"\xff"`},
		{"*2\r\n:1\r\n*0\r\n", 2, "[:1, []]"},
		{"%1\r\n+k\r\n,1.5\r\n", 3, "{+k: ,1.5}"},
		{"=5\r\ntxt:a\r\n", 3, `=txt:"a"`},
		{"|1\r\n+a\r\n:1\r\n#t\r\n", 3, "|{+a: :1} #t"},
		{">1\r\n~1\r\n(12\r\n", 3, ">[~[(12]]"},
	} {
		r, err := readReply(bufio.NewReader(strings.NewReader(c.wire)), c.protocol)
		if err != nil || r.String() != c.want {
			t.Errorf("%q is %s (%v), want %s", c.wire, r, err, c.want)
		}
	}
	for _, wire := range []string{"", "+OK", "$2\r\nabc\r\n", "?1\r\n", "*2\r\n:1\r\n"} {
		if r, err := readReply(bufio.NewReader(strings.NewReader(wire)), 3); err == nil {
			t.Errorf("%q is %s", wire, r)
		}
	}
}
