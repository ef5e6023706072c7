// Package checkrdb is the tool that checks an RDB file: it reads all of it, as
// the server would, and tells what it found and where it stopped. With --stats it
// also says how many keys and elements there are of each type, and how large they
// are (stats.go).
package checkrdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

const usage = "Usage: valkey-check-rdb <rdb-file-name> [--format table|info|csv] [--stats] [--output <file>]\n"

const help = `
Reads all of a file that SAVE or BGSAVE wrote, says what is in it and, if it is
damaged, where and in which key. The file is not changed.

  --stats              adds how many keys there are of each type, and how large
  --format <format>    of the statistics: table, info or csv
  --output <file>      writes the statistics to a file
`

// Main checks the file that args name and returns the exit code: 0 if it is
// right, 1 otherwise. Keys whose time has come by now are counted as expired.
func Main(args []string, stdout, stderr io.Writer, version string, now time.Time) int {
	if len(args) == 1 && (args[0] == "-v" || args[0] == "--version") {
		fmt.Fprintf(stdout, "valkey-check-rdb %s\n", version)
		return 0
	}
	if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
		io.WriteString(stdout, usage+help)
		return 0
	}
	o, ok := parseOptions(args)
	if !ok {
		io.WriteString(stderr, usage)
		return 1
	}
	out := bufio.NewWriter(stdout)
	defer out.Flush()
	c := newChecker(out, now)
	if c == nil {
		fmt.Fprintln(stderr, "no memory for the values")
		return 1
	}
	if o.stats {
		c.stats = &stats{options: o}
	}
	code := c.run(o.file)
	if c.stats != nil && c.stats.err != nil {
		fmt.Fprintln(stderr, c.stats.err)
		return 1
	}
	return code
}

// options are the words of the command line.
type options struct {
	file   string
	stats  bool
	format statsFormat
	output string // a file for the statistics; empty: they follow the rest
}

func parseOptions(args []string) (o options, ok bool) {
	if len(args) == 0 {
		return o, false
	}
	o.file = args[0]
	for i := 1; i < len(args); i++ {
		word, last := args[i], i == len(args)-1
		switch {
		case word == "--stats":
			o.stats = true
		case word == "--output" && !last:
			i++
			o.output = args[i]
		case word == "--format" && !last:
			i++
			if o.format, ok = statsFormats[args[i]]; !ok {
				return o, false
			}
		default:
			return o, false
		}
	}
	return o, true
}

// Preamble checks the RDB file that f begins with and returns where it ends. What
// the tool prints goes to out.
func Preamble(name string, f io.Reader, out *bufio.Writer, now time.Time) (end int64, ok bool) {
	c := newChecker(out, now)
	if c == nil {
		return 0, false
	}
	code := c.runOn(name, f)
	return c.offset(), code == 0
}

// checker reads one file and counts what is in it.
type checker struct {
	out   *bufio.Writer
	heap  *offheap.Heap
	now   int64
	r     *rdb.Reader
	last  rdb.Record // the record that is being read
	stats *stats     // nil: not asked for
	db    int

	keys, expires, expired, functions int
}

// newChecker returns nil if the system has no memory.
func newChecker(out *bufio.Writer, now time.Time) *checker {
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		return nil
	}
	return &checker{out: out, heap: pool.NewHeap(), now: now.UnixMilli()}
}

func (c *checker) run(name string) int {
	f, err := os.Open(name)
	if err != nil {
		return c.runOn(name, nil)
	}
	defer f.Close()
	return c.runOn(name, f)
}

// runOn checks f; there is no file if it is nil.
func (c *checker) runOn(name string, f io.Reader) int {
	c.info("Checking RDB file %s", name)
	code := 1
	if f != nil {
		code = c.check(f)
	}
	c.info("Check RDB returned error code %d (0 means success)", code)
	if code == 0 {
		if rdb.Accepted(c.r.Version, false) {
			c.info(`\o/ RDB looks OK! \o/`)
		} else {
			c.info(`\o/ RDB looks OK, but loading requires config 'rdb-version-check relaxed'`)
		}
		c.summary()
	}
	return code
}

func (c *checker) offset() int64 {
	if c.r == nil {
		return 0
	}
	return c.r.Offset()
}

func (c *checker) info(format string, args ...any) {
	fmt.Fprintf(c.out, "[offset %d] %s\n", c.offset(), fmt.Sprintf(format, args...))
}

func (c *checker) summary() {
	fmt.Fprintf(c.out, "[info] %d keys read\n[info] %d expires\n[info] %d already expired\n[info] %d functions\n",
		c.keys, c.expires, c.expired, c.functions)
	if c.stats != nil {
		c.stats.print(c.out)
	}
}

func (c *checker) check(f io.Reader) int {
	var err error
	c.r, err = rdb.NewReader(f, rdb.ReadOptions{Heap: c.heap, Limits: value.DefaultLimits(), Relaxed: true})
	if err != nil {
		return c.fail(err)
	}
	switch v := c.r.Version; {
	case rdb.Foreign(v):
		c.info("Foreign RDB version %d detected", v)
	case v > rdb.Version:
		c.info("Future RDB version %d detected", v)
	}
	for {
		if c.last, err = c.r.Next(); err != nil {
			return c.fail(err)
		}
		if c.last.Type == rdb.RecordEnd {
			break
		}
		c.record(&c.last)
	}
	switch {
	case c.r.Checksum:
		c.info("Checksum OK")
	case c.r.Version >= 5:
		c.info("RDB file was saved with checksum disabled: no check performed.")
	}
	return 0
}

func (c *checker) record(r *rdb.Record) {
	switch r.Type {
	case rdb.RecordAux:
		c.info("AUX FIELD %s = '%s'", r.Name, r.Text)
	case rdb.RecordSelectDB:
		c.info("Selecting DB ID %d", r.DB)
		c.db = r.DB
	case rdb.RecordModuleAux:
		c.info("MODULE AUX for: %s", r.Name)
	case rdb.RecordFunction:
		c.functions++
	case rdb.RecordKey:
		c.count(r)
		if c.stats != nil {
			c.stats.add(c.db, r, c.now)
		}
		rdb.Free(c.heap, &r.Object.Value)
	}
}

func (c *checker) count(r *rdb.Record) {
	c.keys++
	if r.Info.Expiry >= 0 {
		c.expires++
		if r.Info.Expiry < c.now {
			c.expired++
		}
	}
}

func (c *checker) unknownKind() string {
	switch v := c.r.Version; {
	case rdb.Foreign(v):
		return fmt.Sprintf("Unknown object type %d in RDB file with foreign version %d", c.last.Kind, v)
	case v > rdb.Version:
		return fmt.Sprintf("Unknown object type %d in RDB file with future version %d", c.last.Kind, v)
	}
	return fmt.Sprintf("Invalid object type: %d", c.last.Kind)
}

// fail tells why the file is not right.
func (c *checker) fail(err error) int {
	fmt.Fprintln(c.out, "--- RDB ERROR DETECTED ---")
	doing := "start"
	text := err.Error()
	var version rdb.VersionError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		text = "Unexpected EOF reading RDB file"
	case errors.Is(err, rdb.ErrChecksum):
		text = "RDB CRC error"
	case c.r == nil && errors.Is(err, rdb.ErrCorrupt):
		text = "Wrong signature trying to load DB from file"
	case errors.As(err, &version):
		text = fmt.Sprintf("Can't handle RDB format version %d", int(version))
	case errors.Is(err, rdb.ErrKind):
		text = c.unknownKind()
	}
	if c.r != nil {
		doing = c.r.Doing()
	}
	c.info("%s", text)
	fmt.Fprintf(c.out, "[additional info] While doing: %s\n", doing)
	if c.last.Type == rdb.RecordKey && c.last.Key != nil {
		c.count(&c.last)
		fmt.Fprintf(c.out, "[additional info] Reading key '%s'\n", c.last.Key)
		fmt.Fprintf(c.out, "[additional info] Reading type %d (%s)\n", c.last.Kind, c.last.Kind)
	}
	c.summary()
	return 1
}
