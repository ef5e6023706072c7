package config

import (
	"fmt"
	"io"
	"path/filepath"
)

// RewriteFiles is the file system that CONFIG REWRITE needs. Paths are
// absolute.
type RewriteFiles interface {
	ReadFile(name string) ([]byte, error)
	// CreateTemp makes a new file beside name, with the permissions of an
	// ordinary file (0644 less the umask).
	CreateTemp(name string) (TempFile, error)
	Rename(source, target string) error
	Remove(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
}

// TempFile is a file that replaces another.
type TempFile interface {
	io.WriteCloser
	Name() string
	// Sync makes the content durable.
	Sync() error
}

// replaceFile makes data the content of the file such that a crash at any
// point leaves the old or the new content, never a part. A failure before the
// rename leaves the old file and no temporary one. warn receives what failed.
func replaceFile(files RewriteFiles, name string, data []byte, warn func(string)) error {
	failed := func(what string, err error) error {
		warn(fmt.Sprintf("%s (%s)", what, reason(err)))
		return err
	}
	temp, err := files.CreateTemp(name)
	if err != nil {
		return failed("Could not create tmp config file", err)
	}
	if err := fill(temp, data, failed); err != nil {
		files.Remove(temp.Name())
		return err
	}
	if err := files.Rename(temp.Name(), name); err != nil {
		files.Remove(temp.Name())
		return failed("Could not rename tmp config file", err)
	}
	if err := files.SyncDir(filepath.Dir(name)); err != nil {
		return failed("Could not sync config file dir", err)
	}
	return nil
}

// fill writes, syncs and closes the temporary file.
func fill(temp TempFile, data []byte, failed func(string, error) error) error {
	written, err := temp.Write(data)
	if err != nil {
		temp.Close()
		return failed(fmt.Sprintf("Failed after writing (%d) bytes to tmp config file", written), err)
	}
	if err := temp.Sync(); err != nil {
		temp.Close()
		return failed("Could not sync tmp config file to disk", err)
	}
	if err := temp.Close(); err != nil {
		return failed("Could not close tmp config file", err)
	}
	return nil
}
