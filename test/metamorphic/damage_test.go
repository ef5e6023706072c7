package metamorphic

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
	"github.com/kvasirdb/kvasir/test/harness"
)

// neighbours are keys of every type and encoding that stand beside the damaged
// ones. They are written with the default limits, from the thresholds' both
// sides.
var neighbours = []string{
	"SET n:int 12345", "SET n:short abc", "SETRANGE n:raw 5000 x", "SETBIT n:bits 70000 1",
	"RPUSH n:list a 1 -70000", "SADD n:ints 1 2 70000", "SADD n:set a b 1", "ZADD n:zset 1 a 2.5 b",
	"HSET n:hash f v g 1", "XADD n:stream 1-1 a b", "XGROUP CREATE n:stream g 0", "XREADGROUP GROUP g c STREAMS n:stream >",
	"PFADD n:hll a b c", "GEOADD n:geo 13.361389 38.115556 Palermo",
	"HSET n:volatile f v g w", "HPEXPIREAT n:volatile 4000000000000 FIELDS 1 f", "PEXPIREAT n:int 4000000000000",
}

// largeNeighbours are written once for each i.
var largeNeighbours = []string{
	"RPUSH n:biglist element:%d", "SADD n:bigset member:%d", "ZADD n:bigzset %[1]d member:%[1]d", "HSET n:bighash field:%[1]d value:%[1]d",
	"XADD n:bigstream 1-%d field value", "SADD n:bigints %d",
}

// probes use what a damaged payload became: they read all of it, and change it.
var probes = []string{
	"OBJECT ENCODING d", "MEMORY USAGE d SAMPLES 0", "DEBUG DIGEST-VALUE d", "STRLEN d", "APPEND d x", "LRANGE d 0 -1", "LPUSH d a", "RPOP d 2", "LINSERT d BEFORE a b",
	"LREM d 0 a", "SMEMBERS d", "SADD d 1 x", "SREM d x", "SPOP d 2", "ZRANGE d 0 -1 WITHSCORES", "ZADD d 7 m", "ZPOPMIN d", "ZREMRANGEBYRANK d 0 0",
	"HGETALL d", "HSET d f v", "HDEL d f", "HINCRBY d n 1", "HTTL d FIELDS 1 f", "XRANGE d - +", "XINFO STREAM d FULL", "XADD d * f v", "XTRIM d MAXLEN 1",
	"XREADGROUP GROUP g c STREAMS d >", "PFCOUNT d", "PFADD d x", "BITCOUNT d", "COPY d d2 REPLACE", "SORT d ALPHA", "DUMP d",
}

// damaging is one server of the test, its watcher, and the connection that does
// the damage.
type damaging struct {
	t       *testing.T
	ctx     context.Context
	conn    *client.Conn
	digests []string // of the neighbours, in their order
	keys    []string
	taken   int
}

func (d *damaging) do(words ...string) client.Value {
	d.t.Helper()
	v, err := d.conn.Do(d.ctx, words...)
	if err != nil {
		d.t.Fatalf("%.100q: %v", words, err)
	}
	return v
}

func (d *damaging) line(format string, args ...any) client.Value {
	d.t.Helper()
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	v := d.do(strings.Fields(format)...)
	return v
}

// TestDamagedPayloadsTouchNothingElse restores payloads of every type and
// encoding with flipped bits and a right checksum, and works with what is taken.
// The server has to live on, the other keys have to stay as they are, in the
// eyes of WATCH too, and a flush has to bring memory back to the start.
func TestDamagedPayloadsTouchNothingElse(t *testing.T) {
	server := harness.Start(t, func() (*harness.Server, error) {
		return harness.StartNode("--enable-debug-command", "yes", "--lazyfree-lazy-user-flush", "no")
	})
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	dial := func() *client.Conn {
		c, err := client.Dial(ctx, client.Options{Addr: server.Addr})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	d := &damaging{t: t, ctx: ctx, conn: dial()}
	start := d.memory()
	for _, line := range neighbours {
		d.line(line)
	}
	dense := []string{"PFADD", "n:dense"}
	for i := range 4000 {
		dense = append(dense, fmt.Sprint("element:", i))
	}
	d.do(dense...)
	for i := range 700 {
		for _, line := range largeNeighbours {
			d.line(line, i+1)
		}
	}
	for _, key := range d.do("KEYS", "n:*").Elems {
		d.keys = append(d.keys, key.Text())
	}
	if len(d.keys) != 20 {
		t.Fatalf("%d neighbours: %q", len(d.keys), d.keys)
	}
	d.digests = d.digestsNow()

	watcher := dial()
	if v, err := watcher.Do(ctx, append([]string{"WATCH"}, d.keys...)...); err != nil || v.Text() != "OK" {
		t.Fatalf("WATCH: %v, %v", v, err)
	}
	payloads := foreignPayloads(t)
	for _, key := range d.keys {
		payloads = append(payloads, d.do("DUMP", key).Text())
	}
	for _, payload := range payloads {
		d.damage(payload[:len(payload)-10])
	}
	t.Logf("%d damaged payloads were taken", d.taken)
	if d.taken == 0 {
		t.Error("no damaged payload was taken: the damage is not where it should be")
	}
	for _, line := range []string{"MULTI", "PING", "EXEC"} {
		v, err := watcher.Do(ctx, line)
		if err != nil || line == "EXEC" && len(v.Elems) != 1 {
			t.Fatalf("%s of the watcher: %v, %v", line, v, err)
		}
	}
	d.do("FLUSHALL", "SYNC")
	if left := d.memory(); left != start {
		t.Errorf("in use after FLUSHALL:\n%s\nat the start:\n%s", left, start)
	}
}

// damage flips bits of a payload, one at a time, all along it.
func (d *damaging) damage(body string) {
	const flips = 12
	b := []byte(body)
	step := max(1, len(b)*8/flips)
	for bit := 0; bit < len(b)*8; bit += step | 1 {
		b[bit/8] ^= 1 << (bit % 8)
		for _, version := range []uint16{80, 11} {
			if d.do("RESTORE", "d", "0", seal(b, version), "REPLACE").Text() != "OK" {
				continue
			}
			d.taken++
			for _, line := range probes {
				d.line(line)
			}
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
	d.do("DEL", "d", "d2")
	for i, digest := range d.digestsNow() {
		if digest != d.digests[i] {
			d.t.Fatalf("after %x... was damaged, %s has another digest", body[:min(len(body), 40)], d.keys[i])
		}
	}
}

func (d *damaging) digestsNow() (digests []string) {
	d.t.Helper()
	for _, v := range d.do(append([]string{"DEBUG", "DIGEST-VALUE"}, d.keys...)...).Elems {
		digests = append(digests, v.Text())
	}
	return digests
}

// memory is what is in use outside the Go heap, by purpose.
func (d *damaging) memory() string {
	d.t.Helper()
	text := d.do("MEMORY", "MALLOC-STATS").Text()
	_, purposes, found := strings.Cut(text, "purpose ")
	if purposes, _, _ = strings.Cut(purposes, "\n\n"); !found {
		d.t.Fatalf("MEMORY MALLOC-STATS says %q", text)
	}
	return purposes
}

func seal(body []byte, version uint16) string {
	b := binary.LittleEndian.AppendUint16(append([]byte(nil), body...), version)
	return string(binary.LittleEndian.AppendUint64(b, checksum.CRC64(0, b)))
}

// foreignPayloads are those of other servers and older encodings.
func foreignPayloads(t *testing.T) (payloads []string) {
	t.Helper()
	f, err := os.Open("../../internal/commands/dumpcmd/testdata/payloads.txt")
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
		payloads = append(payloads, string(raw))
	}
	return payloads
}
