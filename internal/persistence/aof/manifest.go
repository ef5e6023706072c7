package aof

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// FileKind says what a file of the manifest is.
type FileKind byte

// The kinds, as the manifest writes them.
const (
	Base    FileKind = 'b' // all keys at an instant
	History FileKind = 'h' // was replaced by a rewrite, and is to be removed
	Incr    FileKind = 'i' // the writes since
)

// FileInfo is a line of the manifest.
type FileInfo struct {
	Name string // in the directory
	Seq  int64
	Kind FileKind
}

// Manifest lists the files that together hold the keys: Base, if there is one,
// and then Incr in order.
type Manifest struct {
	Base    *FileInfo
	History []FileInfo
	Incr    []FileInfo
}

// Words read and write file names that hold spaces or unprintable bytes, by the
// rules of the configuration file.
type Words struct {
	Split func(line string) (words []string, ok bool)
	Quote func(word string) string
}

// ManifestError is a mistake in a manifest.
type ManifestError struct {
	Line int // from 1; 0 if the mistake is in no line
	Text string
	Why  string
}

func (e *ManifestError) Error() string { return e.Why }

// lineMax is the longest line of a manifest, with its line feed.
const lineMax = 1024

// ParseManifest reads a manifest.
func ParseManifest(text string, words Words) (*Manifest, error) {
	if text == "" {
		return nil, &ManifestError{Why: "Found an empty AOF manifest"}
	}
	m := &Manifest{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line[0] == '#' {
			continue
		}
		why := "The AOF manifest file contains too long line"
		if line[len(line)-1] == '\n' && len(line) <= lineMax {
			line = strings.Trim(line, " \t\r\n")
			why = m.addLine(line, words)
		}
		if why != "" {
			return nil, &ManifestError{Line: n, Text: line, Why: why}
		}
	}
	return m, nil
}

// addLine takes a line and returns what is wrong with it.
func (m *Manifest) addLine(line string, words Words) (why string) {
	const badFormat = "Invalid AOF manifest file format"
	args, ok := words.Split(line)
	if !ok || len(args) < 6 || len(args)%2 != 0 { // unknown pairs are left to later versions
		return badFormat
	}
	var f FileInfo
	for i := 0; i < len(args); i += 2 {
		switch value := args[i+1]; strings.ToLower(args[i]) {
		case "file":
			if f.Name = value; strings.ContainsAny(value, `/\`) {
				return "File can't be a path, just a filename"
			}
		case "seq":
			f.Seq, _ = strconv.ParseInt(value, 10, 64)
		case "type":
			if value != "" {
				f.Kind = FileKind(value[0])
			}
		}
	}
	if f.Name == "" || f.Seq == 0 || f.Kind == 0 {
		return badFormat
	}
	switch f.Kind {
	case Base:
		if m.Base != nil {
			return "Found duplicate base file information"
		}
		m.Base = &f
	case History:
		m.History = append(m.History, f)
	case Incr:
		if f.Seq <= m.lastIncr() {
			return "Found a non-monotonic sequence number"
		}
		m.Incr = append(m.Incr, f)
	default:
		return "Unknown AOF file type"
	}
	return ""
}

// lastIncr returns the number of the last incremental file, 0 if there is none.
func (m *Manifest) lastIncr() int64 {
	if len(m.Incr) == 0 {
		return 0
	}
	return m.Incr[len(m.Incr)-1].Seq
}

// Format writes a manifest as ParseManifest reads it.
func (m *Manifest) Format(words Words) string {
	var b strings.Builder
	line := func(f FileInfo) {
		name := f.Name
		if strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("\"'\\", c) }) {
			name = words.Quote(name)
		}
		fmt.Fprintf(&b, "file %s seq %d type %c\n", name, f.Seq, f.Kind)
	}
	if m.Base != nil {
		line(*m.Base)
	}
	for _, f := range m.History {
		line(f)
	}
	for _, f := range m.Incr {
		line(f)
	}
	return b.String()
}

// Files returns what has to be loaded, in order.
func (m *Manifest) Files() []FileInfo {
	if m.Base == nil {
		return slices.Clone(m.Incr)
	}
	return append([]FileInfo{*m.Base}, m.Incr...)
}

func (m *Manifest) clone() *Manifest {
	c := &Manifest{History: slices.Clone(m.History), Incr: slices.Clone(m.Incr)}
	if m.Base != nil {
		base := *m.Base
		c.Base = &base
	}
	return c
}

// next returns the number of a new file: no file that the manifest names, or has
// named while this server ran, has it.
func (m *Manifest) next(suffix string, last *int64) int64 {
	for _, f := range append(m.Files(), m.History...) {
		if strings.Contains(f.Name, suffix) {
			*last = max(*last, f.Seq)
		}
	}
	*last++
	return *last
}

// newIncr adds the next incremental file.
func (m *Manifest) newIncr(filename string, last *int64) FileInfo {
	seq := m.next(".incr.", last)
	f := FileInfo{fmt.Sprintf("%s.%d.incr.aof", filename, seq), seq, Incr}
	m.Incr = append(m.Incr, f)
	return f
}

// newBase makes the next base file take the place of all incremental files but
// the last keep.
func (m *Manifest) newBase(filename string, format Format, last *int64, keep int) FileInfo {
	if m.Base != nil { // whatever its name
		*last = max(*last, m.Base.Seq)
	}
	seq := m.next(".base.", last)
	if m.Base != nil {
		m.Base.Kind = History
		m.History = slices.Insert(m.History, 0, *m.Base)
	}
	suffix := "rdb"
	if format == Commands {
		suffix = "aof"
	}
	f := FileInfo{fmt.Sprintf("%s.%d.base.%s", filename, seq, suffix), seq, Base}
	m.Base = &f
	gone := len(m.Incr) - keep
	for _, old := range slices.Backward(m.Incr[:gone]) {
		old.Kind = History
		m.History = slices.Insert(m.History, 0, old)
	}
	m.Incr = slices.Clone(m.Incr[gone:])
	return f
}
