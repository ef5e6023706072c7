package dumpcmd_test

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/commands/dumpcmd"
	"github.com/kvasirdb/kvasir/internal/commands/hashcmd"
	"github.com/kvasirdb/kvasir/internal/commands/keycmd"
	"github.com/kvasirdb/kvasir/internal/commands/listcmd"
	"github.com/kvasirdb/kvasir/internal/commands/setcmd"
	"github.com/kvasirdb/kvasir/internal/commands/stringcmd"
	"github.com/kvasirdb/kvasir/internal/commands/zsetcmd"
	"github.com/kvasirdb/kvasir/internal/debugcmd"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
)

func no() bool { return false }

func newServer(t testing.TB) *cmdtest.Server {
	return cmdtest.New(t, dumpcmd.Commands(dumpcmd.Deps{Compress: func() bool { return true }, Version: func() int { return 80 }, AnyVersion: no, SkipChecksum: no, CountsFrequency: no,
		Refused: func(error) {}}),
		keycmd.Commands(keycmd.Deps{CountsFrequency: no, LazyDelete: no, LazyFlush: no}),
		stringcmd.Commands(stringcmd.Deps{MaxBulkBytes: func() int64 { return 512 << 20 }}),
		listcmd.Commands(), setcmd.Commands(), hashcmd.Commands(), zsetcmd.Commands(), debugcmd.Commands(debugcmd.Deps{}))
}

type golden struct {
	name, digest, payload string
}

// payloads are what other servers answered to DUMP, and payloads of kinds that
// no living server writes.
func payloads(t testing.TB) (all []golden) {
	f, err := os.Open("testdata/payloads.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if words[0] == "#" {
			continue
		}
		raw, err := hex.DecodeString(words[3])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, golden{words[0] + " " + words[1], words[2], string(raw)})
	}
	if len(all) < 40 {
		t.Fatalf("only %d payloads", len(all))
	}
	return all
}

// dump returns the payload of a key.
func dump(s *cmdtest.Server, key string) string {
	text, err := strconv.Unquote(s.Do("DUMP", key))
	if err != nil {
		return ""
	}
	return text
}

// TestForeignPayloads restores what other servers dumped, and what is dumped of
// that, and compares the digests with those that they gave.
func TestForeignPayloads(t *testing.T) {
	s := newServer(t)
	for _, g := range payloads(t) {
		for _, round := range []string{"restored", "dumped and restored"} {
			if r := s.Do("RESTORE", "k", "0", g.payload, "REPLACE"); r != "OK" {
				t.Errorf("%s, %s: %s", g.name, round, r)
				break
			}
			if d := s.Do("DEBUG", "DIGEST-VALUE", "k"); d != "["+g.digest+"]" {
				t.Errorf("%s, %s: digest %s, want %s", g.name, round, d, g.digest)
			}
			g.payload = dump(s, "k")
		}
	}
}

// TestPayloadBytes fails when the format of what is written changes.
func TestPayloadBytes(t *testing.T) {
	s := newServer(t)
	s.Script(`
		SET int8 -5
		SET int32 70000
		SET text hello
		RPUSH list a 1
		SADD ints 1 2 300
		SADD words a b
		ZADD scores 1 a 2.5 b
		HSET hash f v
		HSET volatile f v
		HPEXPIREAT volatile 4000000000000 FIELDS 1 f
	`)
	for key, want := range map[string]string{
		"int8":     "00c0fb",
		"int32":    "00c270110100",
		"text":     "000568656c6c6f",
		"list":     "1201020c0c000000020081610201" + "01ff",
		"ints":     "0b0e02000000030000000100" + "02002c01",
		"words":    "140d0d00000002008161028162" + "02ff",
		"scores":   "11" + "14" + "14000000040081610201018162" + "0283322e3504ff",
		"hash":     "100d0d00000002008166028176" + "02ff",
		"volatile": "16010166017600409452a3030000",
	} {
		body := dump(s, key)
		body = body[:len(body)-10]
		if got := hex.EncodeToString([]byte(body)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", key, got, want)
		}
	}
}

func TestRestore(t *testing.T) {
	s := newServer(t)
	s.Script("SET k hello\nSADD set a b c")
	p := dump(s, "k")
	quoted := strconv.Quote(p)
	s.Events()
	s.Propagated()
	s.Want("RESTORE k 0 "+quoted, "BUSYKEY Target key name already exists.")
	s.Want("RESTORE a 0 "+quoted, "OK")
	s.Effects("0:restore:a", "0:RESTORE a 0 "+p)
	s.Want("GET a", `"hello"`)
	s.Want("RESTORE a 1000 "+quoted+" REPLACE", "OK")
	s.Effects("0:restore:a", "0:RESTORE a 1700000001000 "+p+" REPLACE ABSTTL")
	s.Want("PTTL a", "1000")
	s.Want("RESTORE a 1700000002000 "+quoted+" REPLACE ABSTTL IDLETIME 100", "OK")
	s.Want("PTTL a", "2000")
	s.Events()
	s.Propagated()
	s.Want("RESTORE a 5 "+quoted+" REPLACE ABSTTL", "OK")
	s.Effects("0:del:a", "0:DEL a")
	s.Want("EXISTS a", "0")
	s.Want("RESTORE a -1 "+quoted, "ERR Invalid TTL value, must be >= 0")
	s.Want("RESTORE a x "+quoted, "ERR value is not an integer or out of range")
	s.Want("RESTORE a 0 "+quoted+" IDLETIME -1", "ERR Invalid IDLETIME value, must be >= 0")
	s.Want("RESTORE a 0 "+quoted+" FREQ 256", "ERR Invalid FREQ value, must be >= 0 and <= 255")
	s.Want("RESTORE a 0 "+quoted+" FREQ 1 IDLETIME 1", "ERR syntax error")
	s.Want("RESTORE a 0 abc", "ERR DUMP payload version or checksum are wrong")
	s.Want("RESTORE a 0 "+strconv.Quote(p[:len(p)-1]+"x"), "ERR DUMP payload version or checksum are wrong")
	s.Want("RESTORE a 0 "+strconv.Quote(seal(p[:len(p)-10], 81)), "ERR DUMP payload version or checksum are wrong")
	s.Want("RESTORE a 0 "+strconv.Quote(seal("\x63"+p[1:len(p)-10], 80)), "ERR Bad data format")
	s.Want("RESTORE a 0 "+strconv.Quote(seal(p[:len(p)-11], 80)), "ERR Bad data format")
	overlong := "\x09\x18\x02\xfe\x03\x00\x00\x00abc\x03\x00def\x03ghi\x03\x00jkl\xff"
	s.Want("RESTORE a 0 "+strconv.Quote(seal(overlong, 80)), "ERR Bad data format")
	s.Want("EXISTS a", "0")
	s.Want("DUMP a", "nil")
}

// seal adds a version and the right checksum.
func seal(body string, version uint16) string {
	b := binary.LittleEndian.AppendUint16([]byte(body), version)
	return string(binary.LittleEndian.AppendUint64(b, checksum.CRC64(0, b)))
}

// try restores a damaged payload. If it is taken, the key must work.
func try(s *cmdtest.Server, body string) {
	if s.Do("RESTORE", "k", "0", seal(body, 80), "REPLACE") != "OK" {
		return
	}
	s.Do("DEBUG", "DIGEST-VALUE", "k")
	again := dump(s, "k")
	if r := s.Do("RESTORE", "copy", "0", again, "REPLACE"); r != "OK" && again != "" {
		panic("what was dumped of a damaged payload cannot be restored: " + r + " " + hex.EncodeToString([]byte(body)))
	}
	for _, words := range []string{"APPEND k x", "LPUSH k a", "LSET k 0 b", "RPOP k 3", "SADD k a 1", "SREM k a", "SPOP k 2", "ZADD k 1 a", "ZINCRBY k 2 a",
		"ZPOPMIN k 1", "HSET k f v", "HDEL k f"} {
		s.Do(strings.Fields(words)...)
	}
	s.Do("DEL", "k", "copy")
}

// TestDamagedPayloads flips every bit of short payloads, and some of longer
// ones, and cuts them short.
func TestDamagedPayloads(t *testing.T) {
	s := newServer(t)
	for _, g := range payloads(t) {
		body := []byte(g.payload[:len(g.payload)-10])
		step := 1 + len(body)*8/150
		for bit := 0; bit < len(body)*8; bit += step {
			body[bit/8] ^= 1 << (bit % 8)
			try(s, string(body))
			body[bit/8] ^= 1 << (bit % 8)
		}
		for n := 1; n < len(body); n += 1 + len(body)/30 {
			try(s, string(body[:n]))
		}
	}
}

func FuzzRestore(f *testing.F) {
	for _, g := range payloads(f) {
		if len(g.payload) < 400 {
			f.Add(g.payload[:len(g.payload)-10])
		}
	}
	f.Fuzz(func(t *testing.T, body string) { try(newServer(t), body) })
}
