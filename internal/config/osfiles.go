package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// OSFiles is the operating system's file system, as Files and RewriteFiles.
type OSFiles struct{}

// ReadFile reads a whole file.
func (OSFiles) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

// Glob returns the matching names, sorted.
func (OSFiles) Glob(pattern string) ([]string, error) { return filepath.Glob(pattern) }

// tempNamesMax bounds the names tried for a temporary file. Left over ones
// come from crashes during a rewrite.
const tempNamesMax = 1000

// CreateTemp makes a new file beside name.
func (OSFiles) CreateTemp(name string) (TempFile, error) {
	for i := range tempNamesMax {
		file, err := os.OpenFile(fmt.Sprintf("%s.%06d", name, i), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return nil, fs.ErrExist
}

// Rename replaces target by source.
func (OSFiles) Rename(source, target string) error { return os.Rename(source, target) }

// Remove deletes a file.
func (OSFiles) Remove(name string) error { return os.Remove(name) }

// SyncDir makes the names in dir durable. Windows has no such operation.
func (OSFiles) SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		d.Close()
		return err
	}
	return d.Close()
}

// OpenLog checks that a log file can be appended to, creating it if need be;
// for Sources.
func (OSFiles) OpenLog(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	return file.Close()
}

// ChangeDir resolves a "dir" value to the physical path of an existing
// directory; for Environment.
func (OSFiles) ChangeDir(current, path string) (string, error) {
	dir, err := filepath.EvalSymlinks(joinPath(current, path))
	if err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", syscall.ENOTDIR
	}
	return dir, nil
}
