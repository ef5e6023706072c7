package crash

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/test/harness"
)

var crossings = flag.Int("crossings", 0, "how many append-only files the reference loads; it must be there then")

const (
	wildLanes    = 4
	wildCommandN = 800 // of each lane
)

// TestReferenceLoadsOurFile lets clients do all that makes an append-only file
// differ from what they sent, and compares the keys of three servers: ours, ours
// after it was killed and started again, and the reference on the same file.
func TestReferenceLoadsOurFile(t *testing.T) {
	if *crossings == 0 {
		return // was not asked for
	}
	reference, there := harness.References()["valkey"]
	if !there {
		t.Fatal("-crossings needs VALKEY_SERVER")
	}
	binary, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	base := firstSeed(t)
	for i := range uint64(*crossings) {
		if err := cross(context.Background(), binary, reference.Path, base+i); err != nil {
			t.Errorf("seed %d: %v", base+i, err)
		}
	}
}

func cross(ctx context.Context, binary, reference string, seed uint64) error {
	rnd := rand.New(rand.NewPCG(seed, 7))
	dir, err := os.MkdirTemp("", "kvasir-crossing-")
	if err != nil {
		return err
	}
	ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
	port, err := freePort()
	if err = errors.Join(err, os.Mkdir(ours, 0o755), os.Mkdir(theirs, 0o755)); err != nil {
		return err
	}
	pick := func(words ...string) string { return words[rnd.IntN(len(words))] }
	options := []string{"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--io-threads", pick("1", "2"),
		"--aof-use-rdb-preamble", pick("yes", "no"), "--list-max-listpack-size", pick("-2", "4"), "--hash-max-listpack-entries", pick("128", "4"),
		"--stream-node-max-entries", pick("100", "4"), "--maxmemory-policy", pick("allkeys-lru", "volatile-ttl", "allkeys-random")}
	p, err := launch(binary, port, ours, options...)
	if err != nil {
		return err
	}
	defer func() { p.kill() }()
	conn, err := p.await(ctx)
	if err != nil {
		return err
	}
	if err := beWild(ctx, p.addr, conn, seed, rnd); err != nil {
		return err
	}
	time.Sleep(fleetingMax)
	live, err := settled(ctx, conn)
	conn.Close()
	if err != nil {
		return err
	}
	p.kill()
	if err := os.CopyFS(theirs, os.DirFS(ours)); err != nil {
		return err
	}
	for _, s := range []struct {
		name, dir string
		words     []string
	}{{"ours, started again", ours, []string{binary, "server"}}, {"the reference", theirs, []string{reference}}} {
		if p, err = launchProgram(s.words, port, s.dir, options...); err != nil {
			return err
		}
		if conn, err = p.await(ctx); err != nil {
			return fmt.Errorf("%s, in %s: %w", s.name, dir, err)
		}
		loaded, err := settled(ctx, conn)
		conn.Close()
		p.kill()
		if err != nil {
			return err
		}
		if d := loaded.difference(live); d != "" {
			return fmt.Errorf("options %q: %s, in %s, differs:%s", options, s.name, dir, d)
		}
	}
	return os.RemoveAll(dir)
}

// beWild sends commands on several connections at once, lets memory be short for
// a while and the file be rewritten.
func beWild(ctx context.Context, addr string, conn *client.Conn, seed uint64, rnd *rand.Rand) error {
	var lanes sync.WaitGroup
	problems := make([]error, wildLanes)
	for lane := range wildLanes {
		lanes.Go(func() {
			c, err := client.Dial(ctx, client.Options{Addr: addr})
			if err != nil {
				problems[lane] = err
				return
			}
			defer c.Close()
			w := newWild(seed, lane)
			for i := range wildCommandN {
				op := w.next()
				lines := op
				if len(op) > 1 {
					lines = append(append(operation{{"MULTI"}}, op...), []string{"EXEC"})
				}
				// Many commands fail, as they should.
				if _, err := pipeline(c, lines); err != nil {
					problems[lane] = fmt.Errorf("%q: %w", op, err)
					return
				}
				if i%20 == 0 {
					v, err := c.Do(ctx, "DUMP", []string{"h0", "l1", "z2", "q0", "e1", "s2"}[i/20%6])
					if err == nil && v.Kind == client.Bulk {
						w.dumped = append(w.dumped, v.Str)
					}
				}
			}
		})
	}
	for range 6 {
		time.Sleep(time.Duration(rnd.IntN(60)) * time.Millisecond)
		command := [][]string{{"BGREWRITEAOF"}, {"BGSAVE"}, {"CONFIG", "SET", "maxmemory", "1"}}[rnd.IntN(3)]
		if _, err := conn.Do(ctx, command...); err != nil {
			return err
		}
		if len(command) > 1 {
			time.Sleep(2 * time.Millisecond)
			if _, err := conn.Do(ctx, "CONFIG", "SET", "maxmemory", "0"); err != nil {
				return err
			}
		}
	}
	lanes.Wait()
	return errors.Join(problems...)
}

const (
	crossedDBs  = 3
	settleMax   = 5 * time.Second
	settlePause = 150 * time.Millisecond
)

// settled reads the keys until they do not change any more: what has expired is
// removed in the background.
func settled(ctx context.Context, conn *client.Conn) (contents, error) {
	before := contents{}
	for began := time.Now(); time.Since(began) < settleMax; time.Sleep(settlePause) {
		now, err := readContents(ctx, conn)
		if err != nil {
			return nil, err
		}
		if maps.Equal(before, now) {
			return now, nil
		}
		before = now
	}
	return nil, errors.New("the keys do not come to rest")
}

// contents are all keys with all that can be told of them.
type contents map[string]string

func readContents(ctx context.Context, conn *client.Conn) (contents, error) {
	all := contents{}
	for db := range crossedDBs {
		if _, err := conn.Do(ctx, "SELECT", strconv.Itoa(db)); err != nil {
			return nil, err
		}
		listed, err := conn.Do(ctx, "KEYS", "*")
		if err != nil {
			return nil, err
		}
		for _, name := range listed.Strings() {
			if all[strconv.Itoa(db)+":"+name], err = describe(conn, name); err != nil {
				return nil, err
			}
		}
	}
	digest, err := conn.Do(ctx, "DEBUG", "DIGEST")
	all["digest"] = digest.Str
	return all, errors.Join(err, digest.Err())
}

func describe(conn *client.Conn, name string) (string, error) {
	fieldWords := []string{"HPEXPIRETIME", name, "FIELDS", strconv.Itoa(fields)}
	for i := range fields {
		fieldWords = append(fieldWords, "f"+strconv.Itoa(i))
	}
	lines := [][]string{{"TYPE", name}, {"DEBUG", "DIGEST-VALUE", name}, {"PEXPIRETIME", name}, fieldWords,
		{"XINFO", "STREAM", name}, {"XINFO", "GROUPS", name}, {"XPENDING", name, "readers"}}
	answers, err := pipeline(conn, lines)
	if err != nil {
		return "", err
	}
	text := answers[0].Str + " " + strings.Join(answers[1].Strings(), "") + " " + answers[2].Text()
	switch answers[0].Str {
	case "hash":
		text += " " + plain(answers[3])
	case "stream":
		// How entries lie in memory is each server's own.
		for i := 0; i+1 < len(answers[4].Elems); i += 2 {
			if what := answers[4].Elems[i].Str; !strings.HasPrefix(what, "radix-tree") {
				text += " " + what + "=" + plain(answers[4].Elems[i+1])
			}
		}
		text += " groups"
		for _, group := range answers[5].Elems {
			// A consumer that was given nothing is not propagated, there and here.
			for i := 0; i+1 < len(group.Elems); i += 2 {
				if what := group.Elems[i].Str; what != "consumers" {
					text += " " + what + "=" + plain(group.Elems[i+1])
				}
			}
		}
		text += " pending " + plain(answers[6])
	}
	return text, nil
}

// plain writes a reply on one line.
func plain(v client.Value) string {
	if !v.IsAggregate() {
		return v.Text()
	}
	var parts []string
	for _, e := range v.Elems {
		parts = append(parts, plain(e))
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// difference lists what differs, or returns "".
func (c contents) difference(want contents) string {
	var b strings.Builder
	names := slices.Sorted(maps.Keys(want))
	for name := range c {
		if _, there := want[name]; !there {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if c[name] != want[name] {
			fmt.Fprintf(&b, "\n  %s: %q, while it was written: %q", name, c[name], want[name])
		}
	}
	return b.String()
}
