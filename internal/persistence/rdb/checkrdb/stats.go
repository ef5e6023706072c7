package checkrdb

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// statsFormat is how the statistics are printed.
type statsFormat uint8

const (
	table statsFormat = iota
	csv
	lines // one figure a line
)

var statsFormats = map[string]statsFormat{"table": table, "csv": csv, "info": lines}

// databasesMax bounds how many databases have figures of their own: a file may
// claim any number. Those beyond are not counted.
const databasesMax = 1 << 14

// The types, in the order in which they are printed. No file that can be read
// here holds a module's.
var typeNames = [...]string{"string", "list", "set", "zset", "hash", "module", "stream"}

var typeIndex = map[value.Type]int{
	value.String: 0, value.List: 1, value.Set: 2, value.ZSet: 3, value.Hash: 4, value.Stream: 6,
}

// stats are the figures of a file, by database and type.
type stats struct {
	options
	databases [][len(typeNames)]typeStats
	err       error // of the output file
}

// print writes the figures to out, or to the file that was asked for.
func (s *stats) print(out *bufio.Writer) {
	if s.output == "" {
		s.write(out)
		return
	}
	f, err := os.Create(s.output)
	if err != nil {
		s.err = fmt.Errorf("Cannot open output file: '%s': %w", s.output, errors.Unwrap(err))
		return
	}
	w := bufio.NewWriter(f)
	s.write(w)
	s.err = errors.Join(w.Flush(), f.Close())
}

// typeStats are the figures of the keys of one type.
type typeStats struct {
	keys, expires, expired  int
	keyBytes, elementBytes  int
	elements                int
	elementsMax, elementMax int // of one key; of one element, in bytes
	counts, sizes           *hdrhistogram.Histogram
}

const (
	countTracked = 200 * 1024
	sizeTracked  = 1 << 20
	digits       = 3
)

// add counts a key.
func (s *stats) add(db int, r *rdb.Record, now int64) {
	if db >= databasesMax {
		return
	}
	for len(s.databases) <= db {
		s.databases = append(s.databases, [len(typeNames)]typeStats{})
	}
	v := &r.Object.Value
	typ := v.Type
	if r.Object.IsString() {
		typ = value.String
	}
	t := &s.databases[db][typeIndex[typ]]
	if t.counts == nil {
		t.counts = hdrhistogram.New(1, countTracked, digits)
		t.sizes = hdrhistogram.New(1, sizeTracked, digits)
	}
	t.keys++
	t.keyBytes += len(r.Key)
	if at := r.Info.Expiry; at >= 0 {
		t.expires++
		if at < now {
			t.expired++
		}
	}
	if typ == value.String {
		t.element(len(r.Object.Text))
		t.count(1)
		return
	}
	t.addValue(v)
}

func (t *typeStats) addValue(v *value.Value) {
	switch v.Type {
	case value.List:
		list.Range(v, 0, list.Len(v), func(elem []byte) { t.element(len(elem)) })
		t.count(list.Len(v))
	case value.Set:
		for member := range set.All(v) {
			t.element(len(member))
		}
		t.count(set.Len(v))
	case value.ZSet:
		var text [32]byte
		zset.Range(v, 0, zset.Len(v), false, func(member []byte, score float64) bool {
			t.element(len(member) + len(number.AppendShortest(text[:0], score)))
			return true
		})
		t.count(zset.Len(v))
	case value.Hash:
		for f := range hash.All(v, hash.IgnoreExpiry) {
			t.element(len(f.Field) + len(f.Value))
		}
		t.count(hash.Len(v))
	case value.Stream:
		s := stream.Open(nil, v)
		it := s.Range(stream.ID{}, stream.ID{Millis: math.MaxUint64, Seq: math.MaxUint64}, false)
		for it.Next() {
			for range it.Fields() {
				field, val := it.Pair()
				t.element(len(field) + len(val))
			}
		}
		t.count(int(s.Counters().Length))
	}
}

// count notes how many elements a key has.
func (t *typeStats) count(elements int) {
	t.elements += elements
	t.elementsMax = max(t.elementsMax, elements)
	t.counts.RecordValue(int64(elements)) // what is beyond the scale is left out
}

// element notes the size of one element.
func (t *typeStats) element(bytes int) {
	t.elementBytes += bytes
	t.elementMax = max(t.elementMax, bytes)
	t.sizes.RecordValue(int64(bytes))
}

// figures are what is printed of a type.
var figures = []struct {
	name string
	text func(t *typeStats) string
}{
	{"keys.total", func(t *typeStats) string { return strconv.Itoa(t.keys) }},
	{"expire_keys.total", func(t *typeStats) string { return strconv.Itoa(t.expires) }},
	{"already_expired.total", func(t *typeStats) string { return strconv.Itoa(t.expired) }},
	{"keys.size", func(t *typeStats) string { return strconv.Itoa(t.keyBytes) }},
	{"keys.value_size", func(t *typeStats) string { return strconv.Itoa(t.elementBytes) }},
	{"elements.total", func(t *typeStats) string { return strconv.Itoa(t.elements) }},
	{"elements.size", func(t *typeStats) string { return strconv.Itoa(t.elementBytes) }},
	{"elements.num.max", func(t *typeStats) string { return strconv.Itoa(t.elementsMax) }},
	{"elements.num.avg", func(t *typeStats) string { return average(t.elements, t.keys) }},
	{"elements.num.p99", func(t *typeStats) string { return percentile(t.counts, 99) }},
	{"elements.num.p90", func(t *typeStats) string { return percentile(t.counts, 90) }},
	{"elements.num.p50", func(t *typeStats) string { return percentile(t.counts, 50) }},
	{"elements.size.max", func(t *typeStats) string { return strconv.Itoa(t.elementMax) }},
	{"elements.size.avg", func(t *typeStats) string { return average(t.elementBytes, t.elements) }},
	{"elements.size.p99", func(t *typeStats) string { return percentile(t.sizes, 99) }},
	{"elements.size.p90", func(t *typeStats) string { return percentile(t.sizes, 90) }},
	{"elements.size.p50", func(t *typeStats) string { return percentile(t.sizes, 50) }},
}

func average(sum, n int) string {
	if n == 0 {
		return "0.00"
	}
	return fmt.Sprintf("%.2f", float32(sum)/float32(n))
}

func percentile(h *hdrhistogram.Histogram, p float64) string {
	if h == nil {
		return "0.00"
	}
	return fmt.Sprintf("%.2f", float32(h.ValueAtQuantile(p)))
}

// write prints the figures of all databases, at least of the first.
func (s *stats) write(out *bufio.Writer) {
	f := s.format
	for db := range max(1, len(s.databases)) {
		var types [len(typeNames)]typeStats
		if db < len(s.databases) {
			types = s.databases[db]
		}
		if f != lines {
			row(out, f, db, "type.name", func(i int) string { return typeNames[i] })
		}
		for _, figure := range figures {
			text := func(i int) string { return figure.text(&types[i]) }
			if f != lines {
				row(out, f, db, figure.name, text)
				continue
			}
			for i, name := range typeNames {
				fmt.Fprintf(out, "[info] db.%d.type.%s.%s:%s\n", db, name, figure.name, text(i))
			}
		}
	}
}

// row prints one figure of all types.
func row(out *bufio.Writer, f statsFormat, db int, name string, text func(i int) string) {
	label := fmt.Sprintf("db.%d.%s", db, name)
	if f == table {
		fmt.Fprintf(out, "%-30s", label)
	} else {
		out.WriteString(label)
	}
	for i := range typeNames {
		if f == table {
			fmt.Fprintf(out, "\t%-5s", text(i))
		} else {
			fmt.Fprintf(out, ",%s", text(i))
		}
	}
	out.WriteByte('\n')
}
