// Package checkaof is the tool that checks an append-only file, without a
// server: the files that a manifest names, or a single file of an old server. It
// tells up to which byte they hold whole commands, and can cut off the rest.
//
//	Main     arguments, which kind of file it is, the files of a manifest
//	scanner  one file, command by command
//
// What it prints are Valkey's lines, which scripts read.
package checkaof

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/persistence/aof"
	"github.com/kvasirdb/kvasir/internal/persistence/rdb/checkrdb"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// Environment is what the tool reaches.
type Environment struct {
	FS      vfs.FS
	In      io.Reader // answers to questions
	Out     io.Writer
	Program string // the name that it was called by
	Version string
	Words   aof.Words
	Now     time.Time
}

const help = `Checks an append-only file of a stopped server.

  <file.manifest>      checks every file that the manifest names
  <file.aof>           checks a single file
  --fix                cuts off what comes after the last whole command, if you
                       say yes. Only the last file can be cut.
  --truncate-to-timestamp <seconds>
                       cuts off what was written after a point in time; needs a
                       file written with aof-timestamp-enabled
`

// Main checks what args name and returns the exit code: 0 if it is, or was made,
// right.
func Main(args []string, env Environment) int {
	out := bufio.NewWriter(env.Out)
	defer out.Flush()
	c := &checker{Environment: env, out: out, lines: 1}
	name, ok := "", true
	switch {
	case len(args) == 1 && (args[0] == "-v" || args[0] == "--version"):
		c.printf("valkey-check-aof %s\n", env.Version)
		return 0
	case len(args) == 1 && (args[0] == "-h" || args[0] == "--help"):
		c.usage()
		c.printf("\n%s", help)
		return 0
	case len(args) == 1:
		name = args[0]
	case len(args) == 2 && args[0] == "--fix":
		name, c.fix = args[1], true
	case len(args) == 3 && args[0] == "--truncate-to-timestamp":
		var err error
		if c.until, err = strconv.ParseInt(args[1], 10, 64); err != nil {
			c.printf("Invalid timestamp, aborting...\n")
			return 1
		}
		name = args[2]
	default:
		ok = false
	}
	if !ok {
		c.usage()
		return 1
	}
	if c.check(name) != nil {
		return 1
	}
	return 0
}

// checker checks one set of files.
type checker struct {
	Environment
	out   *bufio.Writer
	fix   bool
	until int64 // Unix seconds; 0: everything is to stay
	lines int64 // of the commands of all files so far
}

// errStop ends the check; what is wrong has been printed.
var errStop = errors.New("the check has ended")

func (c *checker) printf(format string, args ...any) { fmt.Fprintf(c.out, format, args...) }

func (c *checker) usage() {
	c.printf("Usage: %s [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n", c.Program)
}

// stop prints why the check ends.
func (c *checker) stop(format string, args ...any) error {
	c.printf(format, args...)
	return errStop
}

func (c *checker) check(path string) error {
	manifest, err := c.isManifest(path)
	if err != nil {
		return err
	}
	if manifest {
		return c.checkAll(path)
	}
	c.printf("Start checking Old-Style AOF\n")
	snapshot, err := c.isSnapshot(path)
	if err != nil {
		return err
	}
	return c.checkFile("AOF", path, path, true, snapshot)
}

// isManifest reports whether the first line of a file that is no comment begins
// as those of manifests do.
func (c *checker) isManifest(path string) (bool, error) {
	f, err := c.FS.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return false, c.stop("Cannot open file %s: %s\n", path, aof.Reason(err))
	}
	defer f.Close()
	in := input{r: bufio.NewReader(f)}
	for {
		line, err := in.line(manifestLineMax)
		switch {
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, c.stop("Cannot read file: %s\n", path)
		case line[0] != '#':
			return strings.HasPrefix(string(line), "file"), nil
		}
	}
}

// isSnapshot reports whether a file is, or begins with, an RDB file.
func (c *checker) isSnapshot(path string) (bool, error) {
	f, err := c.FS.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return false, c.stop("Cannot open file %s: %s\n", path, aof.Reason(err))
	}
	defer f.Close()
	var head [8]byte
	_, err = io.ReadFull(f, head[:])
	text := string(head[:])
	return err == nil && (strings.HasPrefix(text, "REDIS") || strings.HasPrefix(text, "VALKEY")), nil
}

// checkAll checks the files that a manifest names.
func (c *checker) checkAll(path string) error {
	c.printf("Start checking Multi Part AOF\n")
	m, err := c.manifest(path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	files := m.Files()
	for i, info := range files {
		last, path := i == len(files)-1, dir+"/"+info.Name
		if info.Kind == aof.Base {
			snapshot, err := c.isSnapshot(path)
			if err != nil {
				return err
			}
			format := "RESP"
			if snapshot {
				format = "RDB"
			}
			c.printf("Start to check BASE AOF (%s format).\n", format)
			if err := c.checkFile("BASE AOF", info.Name, path, last, snapshot); err != nil {
				return err
			}
			continue
		}
		if i == len(files)-len(m.Incr) {
			c.printf("Start to check INCR files.\n")
		}
		if err := c.checkFile("INCR AOF", info.Name, path, last, false); err != nil {
			return err
		}
	}
	c.printf("All AOF files and manifest are valid\n")
	return nil
}

func (c *checker) manifest(path string) (*aof.Manifest, error) {
	f, err := c.FS.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, c.stop("Fatal error: can't open the AOF manifest file %s for reading: %s\n", path, aof.Reason(err))
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, c.stop("Cannot read file: %s\n", path)
	}
	m, err := aof.ParseManifest(string(text), c.Words)
	var mistake *aof.ManifestError
	if errors.As(err, &mistake) {
		c.printf("\n*** FATAL AOF MANIFEST FILE ERROR ***\n")
		if mistake.Line > 0 {
			c.printf("Reading the manifest file, at line %d\n>>> '%s'\n", mistake.Line, mistake.Text)
		}
		return nil, c.stop("%s\n", mistake.Why)
	}
	return m, nil
}

// checkFile checks a file, of which kind says what it is, and cuts it if asked
// to. Only the last file may be cut.
func (c *checker) checkFile(kind, name, path string, last, snapshot bool) error {
	f, err := c.FS.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return c.stop("Cannot open file %s: %s, aborting...\n", path, aof.Reason(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return c.stop("Cannot stat file: %s, aborting...\n", name)
	}
	size := info.Size()
	if size == 0 {
		c.printf("%s %s is empty\n", kind, name)
		return nil
	}
	start := int64(0)
	if snapshot {
		if start, err = c.checkSnapshot(path, f); err != nil {
			return err
		}
	}
	s := &scanner{in: input{r: bufio.NewReaderSize(f, 1<<20), offset: start}, path: path, until: c.until, lines: c.lines}
	s.run()
	c.lines = s.lines
	switch {
	case s.readErr != nil:
		return c.stop("Failed to read from AOF %s, aborting...\n", name)
	case s.badTime:
		return c.stop("Invalid timestamp annotation\n")
	case s.cut >= 0:
		return c.cutAtTime(f, name, path, s.cut, last)
	}
	if s.format {
		c.printf("AOF %s format error\n", name)
	}
	if s.problem != "" {
		c.printf("%s\n", s.problem)
	}
	rest := size - s.sound
	if rest == 0 && c.until != 0 {
		c.printf("Truncate nothing in AOF %s to timestamp %d\n%s %s is valid\n", name, c.until, kind, name)
		return nil
	}
	c.printf("AOF analyzed: filename=%s, size=%d, ok_up_to=%d, ok_up_to_line=%d, diff=%d\n", name, size, s.sound, s.lines, rest)
	switch {
	case rest <= 0:
		c.printf("%s %s is valid\n", kind, name)
		return nil
	case !c.fix:
		return c.stop("AOF %s is not valid. Use the --fix option to try fixing it.\n", name)
	case !last:
		return c.stop("Failed to truncate AOF %s because it is not the last file\n", name)
	}
	return c.cutRest(f, name, size, s.sound)
}

// checkSnapshot checks the snapshot that a file begins with, and leaves the file
// at its end.
func (c *checker) checkSnapshot(path string, f vfs.File) (end int64, err error) {
	end, ok := checkrdb.Preamble(path, f, c.out, c.Now)
	if ok {
		_, err = f.Seek(end, io.SeekStart)
	}
	if !ok || err != nil {
		return 0, c.stop("RDB preamble of AOF file is not sane, aborting.\n")
	}
	c.printf("RDB preamble is OK, proceeding with AOF tail...\n")
	return end, nil
}

// cutAtTime removes what was written after the point in time.
func (c *checker) cutAtTime(f vfs.File, name, path string, at int64, last bool) error {
	switch {
	case at == 0:
		return c.stop("AOF %s has nothing before timestamp %d, aborting...\n", path, c.until)
	case !last:
		return c.stop("Failed to truncate AOF %s to timestamp %d to offset %d because it is not the last file.\n"+
			"If you insist, please delete all files after this file according to the manifest "+
			"file and delete the corresponding records in manifest file manually. Then re-run valkey-check-aof.\n",
			path, c.until, at)
	case cut(f, at) != nil:
		return c.stop("Failed to truncate AOF %s to timestamp %d\n", path, c.until)
	}
	c.printf("Successfully truncated AOF %s to timestamp %d\n", name, c.until)
	return nil
}

// cutRest removes what is not sound, if the user says yes.
func (c *checker) cutRest(f vfs.File, name string, size, sound int64) error {
	c.printf("This will shrink the AOF %s from %d bytes, with %d bytes, to %d bytes\n", name, size, size-sound, sound)
	c.printf("Continue? [y/N]: ")
	c.out.Flush()
	var answer [1]byte
	if _, err := io.ReadFull(c.In, answer[:]); err != nil || answer[0]|0x20 != 'y' {
		return c.stop("Aborting...\n")
	}
	if cut(f, sound) != nil {
		return c.stop("Failed to truncate AOF %s\n", name)
	}
	c.printf("Successfully truncated AOF %s\n", name)
	return nil
}

func cut(f vfs.File, size int64) error {
	if err := f.Truncate(size); err != nil {
		return err
	}
	return f.Sync()
}
