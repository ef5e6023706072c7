package aof

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// ErrLoad is returned when the files cannot be loaded. The log says why.
var ErrLoad = errors.New("the append-only file cannot be loaded")

func readFile(fsys vfs.FS, name string) (string, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return string(text), err
}

// Find reads the manifest and returns how many bytes there are to be loaded. An
// old server's single file is moved to its place in the directory first. found is
// false if there is nothing.
func (a *AOF) Find() (bytes int64, found bool, err error) {
	a.files.Lock()
	defer a.files.Unlock()
	return a.find()
}

func (a *AOF) find() (bytes int64, found bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.Settings()
	m, err := a.readManifest(&o)
	if err != nil {
		return 0, false, err
	}
	a.manifest = m
	a.removeHistory(&o)
	if a.state == off {
		a.FS.Remove(o.path("temp-" + o.Filename + ".incr"))
	}
	if err := a.adoptOldFile(&o); err != nil {
		return 0, false, err
	}
	files := a.manifest.Files()
	for _, f := range files {
		info, err := a.FS.Stat(o.path(f.Name))
		if err != nil {
			a.Log.Warningf("Unable to obtain the AOF file %s length. stat: %s", f.Name, Reason(err))
			return 0, false, ErrLoad
		}
		bytes += info.Size()
	}
	return bytes, len(files) > 0, nil
}

// adoptOldFile makes the single file of an old server the base. After a crash in
// between it is done again.
func (a *AOF) adoptOldFile(o *Settings) error {
	old := filepath.Join(o.Dir, o.Filename)
	if info, err := a.FS.Stat(old); err != nil || info.IsDir() {
		return nil
	}
	m := a.manifest
	if len(m.Files()) > 0 {
		_, err := a.FS.Stat(o.path(o.Filename))
		if len(m.Incr) > 0 || m.Base.Name != o.Filename || !errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	if a.makeDir(o) != nil || a.syncParent(o) != nil {
		return ErrLoad
	}
	m = &Manifest{Base: &FileInfo{o.Filename, 1, Base}, History: m.History}
	if _, err := a.writeManifest(o, m); err != nil {
		return ErrLoad
	}
	err := a.FS.Rename(old, o.path(o.Filename))
	if err == nil {
		err = a.FS.SyncDir(o.path(""))
	}
	if err != nil {
		a.Log.Warningf("Error trying to move the old AOF file %s into dir %s: %s", o.Filename, o.Dirname, Reason(err))
		return ErrLoad
	}
	a.Log.Noticef("Successfully migrated an old-style AOF file (%s) into the AOF directory (%s).", o.Filename, o.Dirname)
	return nil
}

// Load executes what Find has found, in slices, each within exclusive. The
// engine must not feed the journal meanwhile.
func (a *AOF) Load(exclusive func(func())) error {
	o := a.Settings()
	began := a.Now()
	files := a.manifest.Files()
	before := int64(0)
	for i, info := range files {
		fileBegan := a.Now()
		l := &loader{a: a, o: &o, name: info.Name, before: before, exclusive: exclusive}
		truncated, err := l.load()
		if err != nil {
			return err
		}
		// A power failure while the next file was new leaves it empty.
		if truncated && slices.ContainsFunc(files[i+1:], func(f FileInfo) bool { return a.fileSize(&o, f.Name) > 0 }) {
			a.Log.Warningf("Fatal error: the truncated file is not the last file")
			return ErrLoad
		}
		before += a.fileSize(&o, info.Name)
		what := "incr"
		if info.Kind == Base {
			what = "base"
		}
		if l.empty {
			continue
		}
		a.Log.Noticef("DB loaded from %s file %s: %.3f seconds", what, info.Name, a.Now().Sub(fileBegan).Seconds())
	}
	a.mu.Lock()
	a.countSizes(&o)
	if b := a.manifest.Base; b != nil {
		a.baseSize = a.fileSize(&o, b.Name)
	}
	a.mu.Unlock()
	a.Log.Noticef("DB loaded from append only file: %.3f seconds", a.Now().Sub(began).Seconds())
	return nil
}

// ErrNone is returned by Reload when there are no files.
var ErrNone = errors.New("there is no append-only file")

// Reload replaces all keys by those of the files. prepare is called in between:
// it removes all keys, and is told how many bytes there are to be loaded.
// Exclusive mode.
func (a *AOF) Reload(prepare func(bytes int64)) error {
	a.files.Lock() // no rewrite takes effect meanwhile
	defer a.files.Unlock()
	a.Flush()
	fed := a.Status().Recording
	bytes, found, err := a.find()
	if err == nil && !found {
		err = ErrNone
	}
	if err != nil {
		return err
	}
	a.Watch(false)
	prepare(bytes)
	err = a.Load(func(f func()) { f() })
	if fed {
		a.mu.Lock()
		o := a.Settings()
		a.size = a.fileSize(&o, a.name) // may have been cut
		a.mu.Unlock()
		a.Watch(true)
	}
	return err
}

// loader executes one file.
type loader struct {
	a         *AOF
	o         *Settings
	name      string
	before    int64 // bytes of the files before
	exclusive func(func())
	empty     bool

	f       vfs.File
	r       *reader
	pending [][][]byte // to be executed
	unit    [][][]byte // of a MULTI that has not ended
	inner   bool       // within MULTI
	valid   int64      // offset behind the last whole unit
}

// load executes the file and reports whether its end was cut off.
func (l *loader) load() (truncated bool, err error) {
	log := l.a.Log
	if l.f, err = l.a.FS.OpenFile(l.o.path(l.name), os.O_RDONLY, 0); err != nil {
		log.Warningf("Fatal error: can't open the append log file %s for reading: %s", l.name, Reason(err))
		return false, ErrLoad
	}
	defer l.f.Close()
	var sig [6]byte
	n, err := io.ReadFull(l.f, sig[:])
	if n == 0 && err == io.EOF {
		l.empty = true
		return false, nil
	}
	if s := string(sig[:]); strings.HasPrefix(s, "REDIS0") || s == "VALKEY" {
		if err := l.snapshot(); err != nil {
			return false, err
		}
	}
	if _, err := l.f.Seek(l.valid, io.SeekStart); err != nil {
		log.Warningf("Unrecoverable error reading the append only file %s: %s", l.name, Reason(err))
		return false, ErrLoad
	}
	l.r = newReader(l.f, l.valid)
	for err = nil; err == nil; {
		l.exclusive(func() { err = l.slice() })
		l.a.Progress(l.before + l.r.offset)
	}
	return l.end(err)
}

// snapshot loads the snapshot that the file is or begins with.
func (l *loader) snapshot() error {
	log, old := l.a.Log, l.name == l.o.Filename
	if old {
		log.Noticef("Reading RDB preamble from AOF file...")
	} else {
		log.Noticef("Reading RDB base file on AOF loading...")
	}
	_, err := l.f.Seek(0, io.SeekStart)
	var base BaseLoader
	if err == nil {
		base, err = l.a.OpenBase(l.f)
	}
	for done := false; !done && err == nil; {
		l.exclusive(func() { done, err = base.Step() })
		l.a.Progress(l.before + base.Offset())
	}
	if err != nil {
		if old {
			log.Warningf("Error reading the RDB preamble of the AOF file %s, AOF loading aborted", l.name)
		} else {
			log.Warningf("Error reading the RDB base file %s, AOF loading aborted", l.name)
		}
		return ErrLoad
	}
	if old {
		log.Noticef("Reading the remaining AOF tail...")
	}
	l.valid = base.Offset()
	return nil
}

// slice executes commands for a while. It returns nil if there is more.
func (l *loader) slice() error {
	for start := l.r.offset; l.r.offset-start < l.o.LoadSlice; {
		args, ok, err := l.r.next()
		if ok {
			err = l.command(args)
		} else if err == nil {
			// What is pending is in the buffer that is filled.
			if err = l.run(); err == nil {
				err = l.r.fill()
			}
		}
		if err != nil {
			return errors.Join(l.run(), err)
		}
	}
	return l.run()
}

// batchMax is how many commands are executed together.
const batchMax = 32

// command takes a command, which is executed with others.
func (l *loader) command(args [][]byte) error {
	switch name := args[0]; {
	case !l.inner && len(args) == 1 && strings.EqualFold(string(name), "multi"):
		l.inner = true
		return nil
	case l.inner && len(args) == 1 && strings.EqualFold(string(name), "exec"):
		l.pending = append(l.pending, l.unit...)
		l.inner, l.unit = false, l.unit[:0]
	case l.inner:
		l.unit = append(l.unit, command.CloneArgs(args))
		return nil
	default:
		l.pending = append(l.pending, args)
	}
	l.valid = l.r.offset
	if len(l.pending) >= batchMax {
		return l.run()
	}
	return nil
}

// run executes what is pending.
func (l *loader) run() error {
	problem := ""
	if len(l.pending) > 0 {
		problem = l.a.Run(l.pending)
		clear(l.pending)
		l.pending = l.pending[:0]
	}
	if problem != "" {
		l.a.Log.Warningf("Error reading the append only file %s, error: %s", l.name, problem)
		return ErrLoad
	}
	return nil
}

// end decides what the end of reading means.
func (l *loader) end(err error) (truncated bool, _ error) {
	log := l.a.Log
	switch {
	case errors.Is(err, ErrLoad):
		return false, ErrLoad
	case errors.Is(err, errFormat):
		log.Warningf("Bad file format reading the append only file %s: "+
			"make a backup of your AOF file, then use ./valkey-check-aof --fix <filename.manifest>", l.name)
		return false, ErrLoad
	case errors.Is(err, io.EOF) && !l.inner:
		return false, nil
	case errors.Is(err, io.EOF):
		log.Warningf("Revert incomplete MULTI/EXEC transaction in AOF file %s", l.name)
	case !errors.Is(err, io.ErrUnexpectedEOF):
		log.Warningf("Unrecoverable error reading the append only file %s: %s", l.name, Reason(err))
		return false, ErrLoad
	}
	if l.o.LoadTruncated {
		log.Warningf("!!! Warning: short read while loading the AOF file %s!!!", l.name)
		log.Warningf("!!! Truncating the AOF %s at offset %d !!!", l.name, l.valid)
		err := l.truncate()
		if err == nil {
			log.Warningf("AOF %s loaded anyway because aof-load-truncated is enabled", l.name)
			return true, nil
		}
		log.Warningf("Error truncating the AOF file %s: %s", l.name, Reason(err))
	}
	log.Warningf("Unexpected end of file reading the append only file %s. You can: "+
		"1) Make a backup of your AOF file, then use ./valkey-check-aof --fix <filename.manifest>. "+
		"2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.", l.name)
	return false, ErrLoad
}

func (l *loader) truncate() error {
	f, err := l.a.FS.OpenFile(l.o.path(l.name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(l.valid); err != nil {
		return err
	}
	return f.Sync()
}
