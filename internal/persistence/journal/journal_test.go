package journal

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/resp"
)

func propagated(db int, words string) command.Propagated {
	var args [][]byte
	for _, w := range strings.Fields(words) {
		args = append(args, []byte(w))
	}
	return command.Propagated{DB: db, Args: args}
}

// lines returns the commands of a journal's bytes, one a line.
func lines(t *testing.T, b []byte) string {
	t.Helper()
	var out strings.Builder
	limits := resp.DefaultLimits()
	limits.Authenticated = true
	for len(b) > 0 {
		if b[0] == '#' {
			line, rest, _ := bytes.Cut(b, []byte("\r\n"))
			out.Write(line)
			out.WriteByte('\n')
			b = rest
			continue
		}
		var p resp.Parser
		args, n, status := p.Next(b, nil, &limits)
		if status != resp.Complete {
			t.Fatalf("not a request: %q", b)
		}
		out.Write(bytes.Join(args, []byte(" ")))
		out.WriteByte('\n')
		b = b[n:]
	}
	return out.String()
}

func TestOrderAndUnits(t *testing.T) {
	now := time.Unix(1000, 0)
	j := New(Options{BytesMax: 1 << 20, Now: func() time.Time { return now }})
	j.Append([]command.Propagated{propagated(0, "SET a 1")})
	j.Append([]command.Propagated{propagated(0, "SET b 2"), propagated(3, "DEL c")})
	j.Append([]command.Propagated{propagated(3, "DEL d")})
	j.Annotate(true)
	j.Append([]command.Propagated{propagated(3, "DEL e")})
	j.Append([]command.Propagated{propagated(3, "DEL f")})
	now = now.Add(time.Second)
	j.Append([]command.Propagated{propagated(3, "DEL g")})
	j.Break()
	j.Append([]command.Propagated{propagated(3, "DEL h")})
	length := j.Len()
	got, end := j.Take()
	want := "SELECT 0\nSET a 1\nMULTI\nSET b 2\nSELECT 3\nDEL c\nEXEC\nDEL d\n" +
		"#TS:1000\nDEL e\nDEL f\n#TS:1001\nDEL g\n#TS:1001\nSELECT 3\nDEL h\n"
	if text := lines(t, got); text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	if int64(len(got)) != end || end != j.Offset() || length != len(got) || j.Len() != 0 {
		t.Errorf("%d bytes, %d before, offset %d of %d, %d left", len(got), length, end, j.Offset(), j.Len())
	}
}

func TestBatchesStayWhole(t *testing.T) {
	var j *Journal
	var takers sync.Mutex
	var all []byte
	j = New(Options{BytesMax: 256, Full: func() {
		takers.Lock()
		defer takers.Unlock()
		b, _ := j.Take()
		all = append(all, b...)
		j.Recycle(b)
	}})
	const writers, batches = 8, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range batches {
				j.Append([]command.Propagated{
					propagated(w, fmt.Sprintf("SET a%d %d", w, i)), propagated(w, fmt.Sprintf("SET b%d %d", w, i)),
				})
			}
		})
	}
	wg.Wait()
	rest, end := j.Take()
	if all = append(all, rest...); int64(len(all)) != end {
		t.Fatalf("%d bytes for offset %d", len(all), end)
	}
	next := [writers]int{}
	inUnit := 0
	for line := range strings.Lines(lines(t, all)) {
		var key string
		var value int
		switch line = strings.TrimSpace(line); {
		case line == "MULTI":
			inUnit = 2
		case line == "EXEC":
			if inUnit != 0 {
				t.Fatal("a unit is torn")
			}
		case strings.HasPrefix(line, "SET"):
			fmt.Sscanf(line, "SET %s %d", &key, &value)
			w := int(key[1] - '0')
			if inUnit == 0 || key[0] != "_ba"[inUnit] || value != next[w] {
				t.Fatalf("%q where %d of writer %d belongs", line, next[w], w)
			}
			if inUnit--; inUnit == 0 {
				next[w]++
			}
		}
	}
	for w, n := range next {
		if n != batches {
			t.Errorf("%d batches of writer %d", n, w)
		}
	}
}
