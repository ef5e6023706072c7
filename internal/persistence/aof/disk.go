package aof

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// Reason is the part of an error that the system gave, written as C's strerror
// writes it.
func Reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	var number syscall.Errno
	text := err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = syscall.ENOENT.Error()
	case errors.As(err, &number):
		text = number.Error()
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// readManifest reads the manifest; without one it is empty.
func (a *AOF) readManifest(o *Settings) (*Manifest, error) {
	text, err := readFile(a.FS, o.manifest())
	if errors.Is(err, fs.ErrNotExist) {
		return &Manifest{}, nil
	}
	if err != nil {
		a.Log.Warningf("Fatal error: can't open the AOF manifest file %s for reading: %s", o.manifest(), Reason(err))
		return nil, ErrLoad
	}
	m, err := ParseManifest(text, a.Words)
	var mistake *ManifestError
	if errors.As(err, &mistake) {
		a.Log.Warningf("\n*** FATAL AOF MANIFEST FILE ERROR ***\n")
		if mistake.Line > 0 {
			a.Log.Warningf("Reading the manifest file, at line %d\n", mistake.Line)
			a.Log.Warningf(">>> '%s'\n", mistake.Text)
		}
		a.Log.Warningf("%s\n", mistake.Why)
		return nil, ErrLoad
	}
	return m, nil
}

// writeManifest makes m the manifest, durably, with all files that it names. After
// an error, visible tells whether m has taken the place of the one before: then a
// crash may leave either, and the files of both must stay. The caller has files.
func (a *AOF) writeManifest(o *Settings, m *Manifest) (visible bool, err error) {
	temp := o.path("temp-" + o.Filename + ".manifest")
	f, err := a.FS.Create(temp)
	if err != nil {
		a.Log.Warningf("Can't open the AOF manifest file %s: %s", filepath.Base(temp), Reason(err))
		return false, err
	}
	if _, err = f.Write([]byte(m.Format(a.Words))); err != nil {
		a.Log.Warningf("Error trying to write the temporary AOF manifest file %s: %s", filepath.Base(temp), Reason(err))
	} else if err = f.Sync(); err != nil {
		a.Log.Warningf("Fail to fsync the temp AOF file %s: %s.", filepath.Base(temp), Reason(err))
	}
	f.Close()
	if err != nil {
		return false, err
	}
	if err = a.FS.Rename(temp, o.manifest()); err != nil {
		a.Log.Warningf("Error trying to rename the temporary AOF manifest file %s into %s: %s",
			filepath.Base(temp), filepath.Base(o.manifest()), Reason(err))
		return false, err
	}
	a.manifest = m
	if err = a.FS.SyncDir(o.path("")); err != nil {
		a.Log.Warningf("Fail to fsync AOF directory %s: %s.", o.path(""), Reason(err))
	}
	return true, err
}

// makeDir makes the directory of the files. Before anything is promised to be in
// it, syncParent makes its name durable.
func (a *AOF) makeDir(o *Settings) error {
	if _, err := a.FS.Stat(o.path("")); err == nil {
		return nil
	}
	err := a.FS.MkdirAll(o.path(""), 0o755)
	if err != nil {
		a.Log.Warningf("Can't open or create append-only dir %s: %s", o.Dirname, Reason(err))
	}
	return err
}

func (a *AOF) syncParent(o *Settings) error {
	err := a.FS.SyncDir(filepath.Clean(o.Dir))
	if err != nil {
		a.Log.Warningf("Fail to fsync AOF directory %s: %s.", o.Dir, Reason(err))
	}
	return err
}

// openIncr opens an incremental file to be continued, or, with os.O_TRUNC, anew.
func (a *AOF) openIncr(o *Settings, name string, flag int) (vfs.File, error) {
	f, err := a.FS.OpenFile(o.path(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE|flag, 0o644)
	if err != nil {
		a.Log.Warningf("Can't open the append-only file %s: %s", name, Reason(err))
	}
	return f, err
}

func (a *AOF) fileSize(o *Settings, name string) int64 {
	if info, err := a.FS.Stat(o.path(name)); err == nil {
		return info.Size()
	}
	return 0
}

// removeHistory removes the files that a rewrite has replaced. The caller has files.
func (a *AOF) removeHistory(o *Settings) {
	if o.KeepHistory || len(a.manifest.History) == 0 {
		return
	}
	for _, f := range a.manifest.History {
		a.Log.Noticef("Removing the history file %s in the background", f.Name)
		a.FS.Remove(o.path(f.Name)) // what is left over is in nobody's way
	}
	m := a.manifest.clone()
	m.History = nil
	a.writeManifest(o, m) // which has logged its error: the lines stay
}

// Begin opens the file for writing when the server has its keys: the last
// incremental file, or, with nothing there yet, a base of the present keys and a
// first one. Exclusive mode.
func (a *AOF) Begin() error {
	a.files.Lock()
	defer a.files.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.Settings()
	if err := a.makeDir(&o); err != nil {
		return err
	}
	if err := a.syncParent(&o); err != nil {
		return err
	}
	m := a.manifest.clone()
	if len(m.Files()) == 0 {
		name := m.newBase(o.Filename, o.format(), &a.lastBase, 0).Name
		if err := a.writeBaseAtOnce(&o, name); err != nil {
			return err
		}
		a.Log.Noticef("Creating AOF base file %s on server start", name)
	}
	verb := "Opening"
	if len(m.Incr) == 0 {
		verb = "Creating"
		m.newIncr(o.Filename, &a.lastIncr)
	}
	name := m.Incr[len(m.Incr)-1].Name
	f, err := a.openIncr(&o, name, 0)
	if err != nil {
		return err
	}
	if _, err := a.writeManifest(&o, m); err != nil {
		f.Close()
		return err
	}
	a.Log.Noticef("%s AOF incr file %s on server start", verb, name)
	a.file, a.name, a.size = f, name, a.fileSize(&o, name)
	a.countSizes(&o)
	if a.baseSize == 0 && m.Base != nil {
		a.baseSize = a.fileSize(&o, m.Base.Name)
	}
	a.startFeedingLocked(on)
	return nil
}

// startFeedingLocked makes the journal's future the file's. Exclusive mode.
func (a *AOF) startFeedingLocked(s state) {
	a.state = s
	a.Journal.Break()
	a.written, a.left = a.Journal.Offset(), nil
	a.synced = a.written
	a.done.Store(a.written)
	a.Watch(true)
}

// countSizes computes the size of all files.
func (a *AOF) countSizes(o *Settings) {
	a.total = 0
	for _, f := range a.manifest.Files() {
		a.total += a.fileSize(o, f.Name)
	}
}

// The ways of writing a base, as its temporary name shows them.
const (
	foreground = ""
	background = "bg-"
)

func (a *AOF) temporary(way string, o *Settings) string {
	return o.path(fmt.Sprintf("temp-rewriteaof-%s%d.aof", way, a.PID))
}

// RemoveTemporary removes bases that are being written, when the process is about
// to end at once. It waits for nothing.
func (a *AOF) RemoveTemporary() {
	o := a.Settings()
	a.FS.Remove(a.temporary(foreground, &o))
	a.FS.Remove(a.temporary(background, &o))
}

// writeBaseAtOnce writes a base file. Exclusive mode.
func (a *AOF) writeBaseAtOnce(o *Settings, name string) error {
	temp := a.temporary(foreground, o)
	f, err := a.FS.Create(temp)
	if err != nil {
		a.Log.Warningf("Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): %s", Reason(err))
		return err
	}
	if err = a.stampBase(o, f); err == nil {
		err = a.WriteBase(o.baseWriter(f), o.format())
	}
	if err == nil {
		err = f.Sync()
	}
	f.Close()
	if err != nil {
		a.Log.Warningf("Write error writing append only file on disk: %s", Reason(err))
		a.FS.Remove(temp)
		return err
	}
	if err = a.FS.Rename(temp, o.path(name)); err != nil {
		a.Log.Warningf("Error moving temp append only file on the final destination: %s", Reason(err))
		a.FS.Remove(temp)
	}
	return err
}

// stampBase notes in a base of commands that it is of now.
func (a *AOF) stampBase(o *Settings, f vfs.File) error {
	if !o.Timestamps || o.format() != Commands {
		return nil
	}
	_, err := fmt.Fprintf(f, "#TS:%d\r\n", a.Now().Unix())
	return err
}

// syncBytes is after how many bytes a base is synced while it is written, so that
// the last sync is short.
const syncBytes = 4 << 20

// baseWriter returns what the contents of a base are written to.
func (o *Settings) baseWriter(f vfs.File) io.Writer {
	if !o.Incremental {
		return f
	}
	return &syncedWriter{f: f}
}

// syncedWriter syncs a file while it is written.
type syncedWriter struct {
	f        vfs.File
	unsynced int
}

// Write implements io.Writer.
func (w *syncedWriter) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	if w.unsynced += n; err == nil && w.unsynced >= syncBytes {
		w.unsynced = 0
		err = w.f.Sync()
	}
	return n, err
}
