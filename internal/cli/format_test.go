package cli

import (
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/client"
)

func decode(t *testing.T, wire string) client.Value {
	t.Helper()
	v, err := client.NewReader(strings.NewReader(wire), client.DefaultLimits).Read()
	if err != nil {
		t.Fatalf("%q: %v", wire, err)
	}
	return v
}

func TestReplyFormats(t *testing.T) {
	for _, test := range []struct {
		name, wire               string
		standard, raw, csv, json string
	}{
		{"status", "+OK\r\n", "OK\n", "OK\n", "\"OK\"\n", "\"OK\"\n"},
		{"error", "-ERR x\r\n", "(error) ERR x\n", "ERR x\n\n", "ERROR,\"ERR x\"\n", "error:\"ERR x\"\n"},
		{"integer", ":1\r\n", "(integer) 1\n", "1\n", "1\n", "1\n"},
		{"bulk", "$4\r\na\"\x01\n\r\n", "\"a\\\"\\x01\\n\"\n", "a\"\x01\n\n", "\"a\\\"\\x01\\n\"\n", "\"a\\\"\\u0001\\n\"\n"},
		{"null", "$-1\r\n", "(nil)\n", "\n", "NULL\n", "null\n"},
		{"double", ",1.50\r\n", "(double) 1.50\n", "1.50\n", "1.50\n", "1.50\n"},
		{"true", "#t\r\n", "(true)\n", "(true)\n", "true\n", "true\n"},
		{"false", "#f\r\n", "(false)\n", "(false)\n", "false\n", "false\n"},
		{"verbatim", "=7\r\ntxt:a\nb\r\n", "a\nb\n", "a\nb\n", "\"a\\nb\"\n", "\"a\\nb\"\n"},
		{"big number", "(12345678901234567890\r\n", "(big number) 12345678901234567890\n",
			"12345678901234567890\n", "12345678901234567890\n", "12345678901234567890\n"},
		{"empty array", "*0\r\n", "(empty array)\n", "\n", "\n", "[]\n"},
		{"empty map", "%0\r\n", "(empty hash)\n", "\n", "\n", "{}\n"},
		{"empty set", "~0\r\n", "(empty set)\n", "\n", "\n", "[]\n"},
		{"empty push", ">0\r\n", "(empty push)\n", "\n", "\n", "[]\n"},
		{"array", "*2\r\n$1\r\na\r\n:2\r\n", "1) \"a\"\n2) (integer) 2\n", "a\n2\n", "\"a\",2\n", "[\"a\",2]\n"},
		{"set", "~2\r\n:1\r\n:2\r\n", "1~ (integer) 1\n2~ (integer) 2\n", "1\n2\n", "1,2\n", "[1,2]\n"},
		{"push", ">2\r\n+a\r\n+b\r\n", "1) a\n2) b\n", "a\nb\n", "\"a\",\"b\"\n", "[\"a\",\"b\"]\n"},
		{"map", "%2\r\n$1\r\nk\r\n$1\r\nv\r\n:1\r\n*2\r\n:7\r\n:8\r\n",
			"1# \"k\" => \"v\"\n2# (integer) 1 => \n   1) (integer) 7\n   2) (integer) 8\n",
			"k v\n1 7\n8\n", "\"k\",\"v\",1,7,8\n", "{\"k\":\"v\",\"1\":[7,8]}\n"},
		{"nested", "*2\r\n*2\r\n:1\r\n*1\r\n$1\r\nx\r\n*0\r\n",
			"1) 1) (integer) 1\n   2) 1) \"x\"\n2) (empty array)\n", "1\nx\n\n", "1,\"x\",\n", "[[1,[\"x\"]],[]]\n"},
	} {
		v := decode(t, test.wire)
		for mode, want := range map[outputMode]string{
			outputStandard: test.standard, outputRaw: test.raw, outputCSV: test.csv, outputJSON: test.json,
		} {
			f := replyFormat{mode: mode, memberDelim: "\n", replyDelim: "\n"}
			if got := string(f.reply(v, false)); got != want {
				t.Errorf("%s in mode %d: got %q, want %q", test.name, mode, got, want)
			}
		}
	}
}

func TestWideIndicesAlign(t *testing.T) {
	wire := "*10\r\n" + strings.Repeat("*2\r\n:1\r\n:2\r\n", 10)
	got := string(appendStandard(nil, decode(t, wire), ""))
	if want := " 1) 1) (integer) 1\n    2) (integer) 2\n"; !strings.HasPrefix(got, want) {
		t.Errorf("starts with %q, want %q", got[:len(want)], want)
	}
	if want := "10) 1) (integer) 1\n    2) (integer) 2\n"; !strings.HasSuffix(got, want) {
		t.Errorf("ends with %q", got[len(got)-len(want):])
	}
}

func TestDelimitersAndVerbatim(t *testing.T) {
	v := decode(t, "*2\r\n+a\r\n+b\r\n")
	f := replyFormat{mode: outputRaw, memberDelim: ", ", replyDelim: ";"}
	if got := string(f.reply(v, false)); got != "a, b;" {
		t.Errorf("raw: %q", got)
	}
	if got := string(replyFormat{mode: outputStandard}.reply(decode(t, "$2\r\na\n\r\n"), true)); got != "a\n" {
		t.Errorf("verbatim: %q", got)
	}
}

func TestQuotedJSONFormat(t *testing.T) {
	v := decode(t, "%1\r\n$2\r\n\x00k\r\n$2\r\n\xff\"\r\n")
	f := replyFormat{mode: outputQuotedJSON}
	if got, want := string(f.reply(v, false)), `{"\\x00k":"\\xff\\\""}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPushFormat(t *testing.T) {
	f := replyFormat{mode: outputStandard}
	for wire, want := range map[string]string{
		">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n": "-> invalidate: 'a', 'b'\n",
		">2\r\n$10\r\ninvalidate\r\n_\r\n":                        "1) \"invalidate\"\n2) (nil)\n",
	} {
		if got := string(f.push(decode(t, wire))); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
