// Package checkrdb is the tool that checks an RDB file: it reads all of it, as
// the server would, and tells what it found and where it stopped.
package checkrdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/kvasirdb/kvasir/internal/datatype/hash"
	"github.com/kvasirdb/kvasir/internal/datatype/list"
	"github.com/kvasirdb/kvasir/internal/datatype/set"
	"github.com/kvasirdb/kvasir/internal/datatype/stream"
	"github.com/kvasirdb/kvasir/internal/datatype/value"
	"github.com/kvasirdb/kvasir/internal/datatype/zset"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/offheap"
)

// Main checks the file that args name and returns the exit code: 0 if it is
// right, 1 otherwise. Keys whose time has come by now are counted as expired.
func Main(args []string, stdout, stderr io.Writer, version string, now time.Time) int {
	if len(args) == 1 && (args[0] == "-v" || args[0] == "--version") {
		fmt.Fprintf(stdout, "valkey-check-rdb %s\n", version)
		return 0
	}
	if len(args) != 1 {
		fmt.Fprintln(stderr, "Usage: valkey-check-rdb <rdb-file-name>")
		return 1
	}
	pool, err := offheap.NewPool(offheap.Options{})
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	out := bufio.NewWriter(stdout)
	defer out.Flush()
	c := &checker{out: out, heap: pool.NewHeap(), now: now.UnixMilli()}
	return c.run(args[0])
}

// checker reads one file and counts what is in it.
type checker struct {
	out  *bufio.Writer
	heap *offheap.Heap
	now  int64
	r    *rdb.Reader
	last rdb.Record // the record that is being read

	keys, expires, expired, functions int
}

func (c *checker) run(name string) int {
	c.info("Checking RDB file %s", name)
	code := 1
	if f, err := os.Open(name); err == nil {
		code = c.check(f)
		f.Close()
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
	case rdb.RecordModuleAux:
		c.info("MODULE AUX for: %s", r.Name)
	case rdb.RecordFunction:
		c.functions++
	case rdb.RecordKey:
		c.count(r)
		c.free(&r.Object.Value)
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

func (c *checker) free(v *value.Value) {
	if v.Root == 0 {
		return
	}
	switch v.Type {
	case value.List:
		list.Free(c.heap, v)
	case value.Set:
		set.Free(c.heap, v)
	case value.ZSet:
		zset.Free(c.heap, v)
	case value.Hash:
		hash.Free(c.heap, v)
	case value.Stream:
		stream.Free(c.heap, v)
	}
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
		text = fmt.Sprintf("Invalid object type: %d", c.last.Kind)
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
