package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"strings"
	"syscall"
)

// Files is the file system that configuration is read from. Paths are
// absolute.
type Files interface {
	ReadFile(name string) ([]byte, error)
	// Glob returns the existing files that match a shell pattern, sorted.
	Glob(pattern string) ([]string, error)
}

// Sources is what Load reads.
type Sources struct {
	CommandLine CommandLine
	Files       Files
	Stdin       io.Reader // used when CommandLine.Stdin is set
	// Directive receives the lines that are no parameters; an error's text
	// becomes the reason of a LineError. Nil accepts them. It is called like a
	// hook, under the store's lock.
	Directive func(Directive) error
	// OpenLog checks that the log file can be appended to. Nil skips it.
	OpenLog func(path string) error
}

// Directive is a line of a file that is no parameter.
type Directive struct {
	// Name is rename-command, user, loadmodule, sentinel, or the name of a
	// module's option, which contains a dot.
	Name string
	// Args follow the name. A module option has one, its words joined.
	Args []string
	// Line and Text are the position and the line itself.
	Line int
	Text string
}

// OpenError says that a configuration file cannot be read.
type OpenError struct {
	Path string
	Err  error
}

// Error returns Valkey's log line.
func (e *OpenError) Error() string {
	return fmt.Sprintf("Fatal error, can't open config file '%s': %s", e.Path, reason(e.Err))
}

func (e *OpenError) Unwrap() error { return e.Err }

// LineError says that a line, or the configuration as a whole, is wrong.
type LineError struct {
	// File is where the line stands: a path as written, "stdin", or "" for the
	// command line.
	File string
	// Line counts from 1 through everything that was read together: the file,
	// standard input, then the command line. Zero means that the error
	// concerns no single line.
	Line int
	// Text is the line without the white space around it.
	Text string
	// Reason is the cause in Valkey's words.
	Reason string
}

// Error returns the position and reason in one line.
func (e *LineError) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("line %d: '%s': %s", e.Line, e.Text, e.Reason)
}

// Report returns what Valkey prints on standard error before it exits.
func (e *LineError) Report(version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n*** FATAL CONFIG FILE ERROR (Version %s) ***\n", version)
	if e.Line != 0 {
		fmt.Fprintf(&b, "Reading the configuration file, at line %d\n", e.Line)
		fmt.Fprintf(&b, ">>> '%s'\n", e.Text)
	}
	b.WriteString(e.Reason + "\n")
	return b.String()
}

// Load reads the configuration at start: the file, then standard input, then
// the command line, the later winning. Relative paths are resolved against the
// "dir" in force at that line. It returns an *OpenError or a *LineError; some
// parameters have changed by then, and the server cannot start.
func (s *Store) Load(src Sources) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &loader{store: s, src: src}
	var text content
	if file := src.CommandLine.File; file != "" {
		file = joinPath(s.env.Dir, file)
		s.configFile.Store(&file)
		if err := l.read(&text, file, s.env.Dir); err != nil {
			return err
		}
	}
	if src.CommandLine.Stdin {
		data, err := io.ReadAll(src.Stdin)
		if err != nil {
			return &OpenError{"stdin", err}
		}
		text.add("stdin", data)
	}
	text.add("", []byte("\n"+src.CommandLine.Options))
	return l.lines(&text)
}

// includeDepthMax bounds nested includes, so that a file that includes itself
// is an error.
const includeDepthMax = 64

type loader struct {
	store *Store
	src   Sources
	depth int
}

// content is text put together from several files, as one sequence of lines.
type content struct {
	data  []byte
	parts []part
}

// part says that from offset on, the text comes from file.
type part struct {
	offset int
	file   string
}

func (c *content) add(file string, data []byte) {
	c.parts = append(c.parts, part{len(c.data), file})
	c.data = append(c.data, data...)
}

// fileAt returns where the byte at offset comes from.
func (c *content) fileAt(offset int) string {
	at := sort.Search(len(c.parts), func(i int) bool { return c.parts[i].offset > offset })
	if at == 0 {
		return ""
	}
	return c.parts[at-1].file
}

// read adds the file, or the files that match when path has wildcards. A
// pattern without matches adds nothing, so that conf.d/*.conf may be empty.
func (l *loader) read(text *content, path, dir string) error {
	if !strings.ContainsAny(path, "*?[") {
		data, err := l.src.Files.ReadFile(joinPath(dir, path))
		if err != nil {
			return &OpenError{path, err}
		}
		text.add(path, data)
		return nil
	}
	matches, err := l.src.Files.Glob(joinPath(dir, path))
	if err != nil {
		return &OpenError{path, err}
	}
	for _, match := range matches {
		data, err := l.src.Files.ReadFile(match)
		if err != nil {
			return &OpenError{match, err}
		}
		text.add(match, data)
	}
	return nil
}

// lines executes the text line by line, then checks what only the whole can
// show.
func (l *loader) lines(text *content) error {
	offset := 0
	for i, raw := range strings.Split(string(text.data), "\n") {
		line := strings.Trim(raw, " \t\r\n")
		if err := l.line(line, i+1); err != nil {
			var nested *LineError
			var open *OpenError
			if errors.As(err, &nested) || errors.As(err, &open) {
				return err
			}
			// The first byte that counts is after the leading space, which may
			// belong to another file.
			start := offset + len(raw) - len(strings.TrimLeft(raw, " \t\r\n"))
			return &LineError{text.fileAt(start), i + 1, line, err.Error()}
		}
		offset += len(raw) + 1
	}

	p := &l.store.Params
	if path := p.LogFile.Load(); path != "" && l.src.OpenLog != nil {
		if err := l.src.OpenLog(joinPath(p.Dir.Load(), path)); err != nil {
			return &LineError{Reason: "Can't open the log file: " + reason(err)}
		}
	}
	if p.ClusterEnabled.Load() && p.ReplicaOf.Load().Host != "" {
		return &LineError{Reason: "replicaof directive not allowed in cluster mode"}
	}
	return nil
}

func (l *loader) line(line string, number int) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	args, ok := SplitArgs(line)
	if !ok {
		return errors.New("Unbalanced quotes in configuration line")
	}
	if len(args) == 0 {
		return nil
	}
	name, args := strings.ToLower(args[0]), args[1:]
	if p := l.store.Lookup(name); p != nil {
		return setFromFile(p, args)
	}
	if isDeprecated(name) && len(args) == 1 {
		return nil
	}
	switch {
	case name == "include" && len(args) == 1:
		return l.include(args[0])
	case name == "rename-command" && len(args) == 2,
		name == "user" && len(args) >= 1,
		name == "loadmodule" && len(args) >= 1:
	case strings.Contains(name, "."):
		if len(args) == 0 {
			return errors.New("Module config specified without value")
		}
		args = []string{strings.Join(args, " ")}
	case name == "sentinel":
		if len(args) == 0 {
			return nil // the command line's --sentinel
		}
		if !l.store.env.Sentinel {
			return errors.New("sentinel directive while not in sentinel mode")
		}
	default:
		return errors.New("Bad directive or wrong number of arguments")
	}
	if l.src.Directive == nil {
		return nil
	}
	return l.src.Directive(Directive{name, args, number, line})
}

// setFromFile sets a parameter from the words of a line. Where several are
// allowed, a single one may hold them all: save "3600 1 300 100". If that one
// has open quotes inside, it counts as no words at all.
func setFromFile(p Param, args []string) error {
	multi := p.common().def.Flags.Has(MultiArg)
	if !multi && len(args) != 1 {
		return errArgumentCount
	}
	if multi && len(args) == 1 && args[0] != "" {
		args, _ = SplitArgs(args[0])
	}
	_, err := p.set(args, fromFile)
	return err
}

// include reads another file at this point.
func (l *loader) include(path string) error {
	if l.depth == includeDepthMax {
		return errors.New("Too many nested include directives")
	}
	l.depth++
	defer func() { l.depth-- }()
	var text content
	if err := l.read(&text, path, l.store.Params.Dir.Load()); err != nil {
		return err
	}
	return l.lines(&text)
}

// isDeprecated reports whether name is an option of older versions that is
// accepted with one value and ignored.
func isDeprecated(name string) bool {
	switch name {
	case "list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands",
		"io-threads-do-reads", "dynamic-hz", "events-per-io-thread":
		return true
	}
	return false
}

// reason returns the text of an operating system error as the C library words
// it, which is what configuration errors quote.
func reason(err error) string {
	var errno syscall.Errno
	text := err.Error()
	switch {
	case errors.As(err, &errno):
		text = errno.Error()
	case errors.Is(err, fs.ErrNotExist):
		text = "no such file or directory"
	case errors.Is(err, fs.ErrPermission):
		text = "permission denied"
	}
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
