package cli

import (
	"bufio"
	"io"
	"os"
	"strings"
)

const (
	historyLinesMax = 1000
	dotfileBytesMax = 1 << 20
)

// history is the lines typed, oldest first. All of them can be recalled; those
// that bear secrets never reach the file.
type history struct {
	lines  []string
	secret map[int]bool // by index into lines
	path   string       // empty: not kept
}

func loadHistory(path string) *history {
	h := &history{path: path, secret: map[int]bool{}}
	if path == "" {
		return h
	}
	// A missing or unreadable history is an empty one.
	lines, err := readLines(path)
	if err == nil {
		h.lines = lines[max(0, len(lines)-historyLinesMax):]
	}
	return h
}

// add appends a line, unless it repeats the last one, and saves the file.
func (h *history) add(line string, secret bool) {
	last := len(h.lines) - 1
	if last >= 0 && h.lines[last] == line {
		return
	}
	if len(h.lines) == historyLinesMax {
		h.lines = h.lines[1:]
		shifted := map[int]bool{}
		for i := range h.secret {
			if i > 0 {
				shifted[i-1] = true
			}
		}
		h.secret = shifted
	}
	h.lines = append(h.lines, line)
	if secret {
		h.secret[len(h.lines)-1] = true
		return
	}
	h.save()
}

// save writes the file anew, readable by its owner alone. A history that cannot
// be kept is no reason to disturb a session, so failures are not shown.
func (h *history) save() {
	if h.path == "" {
		return
	}
	var b strings.Builder
	for i, line := range h.lines {
		if !h.secret[i] {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	_ = os.WriteFile(h.path, []byte(b.String()), 0o600)
}

// readLines returns the lines of a personal file, up to a size no such file
// should have.
func readLines(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []string
	scanner := bufio.NewScanner(io.LimitReader(f, dotfileBytesMax))
	scanner.Buffer(nil, dotfileBytesMax)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	return lines, scanner.Err()
}

// bearsSecret tells commands with passwords or user definitions in them.
func bearsSecret(args []string) bool {
	word := func(i int) string {
		if i < len(args) {
			return strings.ToLower(args[i])
		}
		return ""
	}
	switch word(0) {
	case "auth":
		return true
	case "acl":
		switch word(1) {
		case "deluser", "setuser", "getuser":
			return true
		}
	case "config":
		for i := 2; word(1) == "set" && i < len(args); i += 2 {
			if secretParameters[word(i)] {
				return true
			}
		}
	case "hello":
		// HELLO version [SETNAME name] AUTH user password
		for i := 2; i < len(args); i++ {
			switch {
			case word(i) == "auth" && i+2 < len(args):
				return true
			case word(i) == "setname":
				i++
			default:
				return false
			}
		}
	case "migrate":
		for i := 6; i+1 < len(args) && word(i) != "keys"; i++ {
			if word(i) == "auth" || word(i) == "auth2" && i+2 < len(args) {
				return true
			}
		}
	case "sentinel":
		if len(args) < 5 {
			return false
		}
		config := word(1) == "config" && word(2) == "set"
		set := word(1) == "set"
		return config && (word(3) == "sentinel-pass" || word(3) == "sentinel-user") ||
			set && (word(3) == "auth-pass" || word(3) == "auth-user")
	}
	return false
}

// secretParameters are the configuration parameters whose values are secret.
var secretParameters = map[string]bool{
	"masterauth": true, "masteruser": true, "primaryauth": true, "primaryuser": true,
	"requirepass": true, "tls-key-file-pass": true, "tls-client-key-file-pass": true,
}
