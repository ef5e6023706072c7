package save

import (
	"fmt"
	"path/filepath"

	"github.com/kvasirdb/kvasir/internal/persistence/rdb"
	"github.com/kvasirdb/kvasir/internal/platform/checksum"
	"github.com/kvasirdb/kvasir/internal/platform/vfs"
)

// syncBytes is after how many bytes a file is synced while it is written, so
// that the last sync is short (rdb-save-incremental-fsync).
const syncBytes = 4 << 20

// file is a snapshot being written under a temporary name.
type file struct {
	fs       vfs.FS
	f        vfs.File
	name     string // temporary
	checksum bool
	sum      uint64
	unsynced int
	syncing  bool
}

// The kinds of saves, as their temporary names show them.
const (
	foreground = ""
	background = "bg-"
)

func (s *Saver) temporary(kind string, o *Settings) string {
	return filepath.Join(o.Dir, fmt.Sprintf("temp-%s%d.rdb", kind, s.PID))
}

// RemoveTemporary removes the files of saves that run, when the process is about
// to end at once. It waits for nothing.
func (s *Saver) RemoveTemporary() {
	o := s.Settings()
	s.FS.Remove(s.temporary(foreground, &o))
	s.FS.Remove(s.temporary(background, &o))
}

func (s *Saver) create(kind string, o *Settings) (*file, error) {
	name := s.temporary(kind, o)
	f, err := s.FS.Create(name)
	if err != nil {
		s.Log.Warningf("Failed opening the temp RDB file %s for saving: %v", name, err)
		return nil, err
	}
	return &file{fs: s.FS, f: f, name: name, checksum: o.Checksum, syncing: o.Incremental}, nil
}

// Write implements io.Writer.
func (f *file) Write(b []byte) (int, error) {
	if f.checksum {
		f.sum = checksum.CRC64(f.sum, b)
	}
	n, err := f.f.Write(b)
	if err != nil {
		return n, err
	}
	if f.unsynced += n; f.syncing && f.unsynced >= syncBytes {
		f.unsynced = 0
		err = f.f.Sync()
	}
	return n, err
}

// commit completes the file and gives it its name, durably.
func (f *file) commit(name string) error {
	if _, err := f.f.Write(rdb.AppendChecksum(nil, f.sum)); err != nil {
		return err
	}
	if err := f.f.Sync(); err != nil {
		return err
	}
	err := f.f.Close()
	f.f = nil
	if err != nil {
		return err
	}
	if err := f.fs.Rename(f.name, name); err != nil {
		return err
	}
	return f.fs.SyncDir(filepath.Dir(name))
}

// discard removes the temporary file.
func (f *file) discard() {
	if f.f != nil {
		f.f.Close()
	}
	f.fs.Remove(f.name)
}
