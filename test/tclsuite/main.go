// Command tclsuite writes docs/compatibility.md: what Valkey's own test suite
// says about Kvasir, and which parameters are accepted but not yet in force.
//
//	go run ./test/tclsuite -report FILE          from the report of an earlier run
//	TCL_SUITE="command ..." go run ./test/tclsuite -units "unit/type/* unit/expire"
//
// TCL_SUITE is a command that runs test files of the suite, given as arguments,
// and prints a report: a table with the columns file, ok, err, skipped, aborted
// and seconds, then "## failed tests" and a line "file :: test  -- reason" for
// each. Why a file does not pass is explained in reasons.txt, one line for each
// file: its name and the reason.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/platform/glob"
)

func main() {
	report := flag.String("report", "", "read this report instead of running the suite")
	units := flag.String("units", "unit/type/*", "files of the suite to run")
	reasons := flag.String("reasons", "test/tclsuite/reasons.txt", "why files do not pass")
	out := flag.String("out", "docs/compatibility.md", "the page to write")
	flag.Parse()
	if err := run(*report, *units, *reasons, *out); err != nil {
		fmt.Fprintln(os.Stderr, "tclsuite:", err)
		os.Exit(1)
	}
}

func run(report, units, reasonsPath, out string) error {
	text, err := readReport(report, units)
	if err != nil {
		return err
	}
	files, err := parseReport(text)
	if err != nil {
		return err
	}
	reasons, err := os.ReadFile(reasonsPath)
	if err != nil {
		return err
	}
	return os.WriteFile(out, page(files, parseReasons(string(reasons)), pending()), 0o644)
}

// readReport reads a report or makes one.
func readReport(path, units string) (string, error) {
	if path != "" {
		text, err := os.ReadFile(path)
		return string(text), err
	}
	suite := strings.Fields(os.Getenv("TCL_SUITE"))
	if len(suite) == 0 {
		return "", errors.New("give a -report, or the command that runs the suite as TCL_SUITE")
	}
	cmd := exec.Command(suite[0], append(suite[1:], strings.Fields(units)...)...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	var failures *exec.ExitError
	if errors.As(err, &failures) && len(text) > 0 {
		err = nil // failed tests are in the report
	}
	return string(text), err
}

// file is the result of one file of the suite.
type file struct {
	name                    string
	passed, failed, skipped int
	aborted                 bool
	failures                []string // names of tests
}

// parseReport reads the table and the failures of a report.
func parseReport(text string) ([]*file, error) {
	byName := make(map[string]*file)
	var files []*file
	inFailures := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "## failed tests"):
			inFailures = true
		case inFailures:
			name, test, ok := strings.Cut(line, " :: ")
			if f := byName[name]; ok && f != nil {
				test, _, _ = strings.Cut(test, "  -- ")
				f.failures = append(f.failures, withoutFolders(test))
			}
		case len(fields) == 6 && fields[0] != "file" && fields[0] != "TOTAL":
			f := &file{name: fields[0], aborted: fields[4] != "no"}
			for i, n := range []*int{&f.passed, &f.failed, &f.skipped} {
				var err error
				if *n, err = strconv.Atoi(fields[i+1]); err != nil {
					return nil, fmt.Errorf("report line %q: %w", line, err)
				}
			}
			files, byName[f.name] = append(files, f), f
		}
	}
	if files == nil {
		return nil, errors.New("the report has no results")
	}
	slices.SortFunc(files, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// withoutFolders leaves only the names of absolute paths, whose folders are a
// machine's own.
func withoutFolders(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if strings.HasPrefix(w, "/") {
			words[i] = path.Base(w)
		}
	}
	return strings.Join(words, " ")
}

// parseReasons reads lines of a file's name and the reason.
func parseReasons(text string) map[string]string {
	reasons := make(map[string]string)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, _ := strings.Cut(strings.TrimSpace(line), " ")
		reasons[name] = strings.TrimSpace(reason)
	}
	return reasons
}

// pending lists the parameters that are accepted without effect.
func pending() []string {
	store := config.New(config.Environment{
		Dir: "/", Match: glob.Match,
		ChangeDir: func(_, path string) (string, error) { return path, nil },
		Warn:      func(string) {},
	})
	return store.Pending()
}

const intro = `# Compatibility

Kvasir answers as Valkey 9 does. Three things check that: the scripts in
testdata folders, which ` + "`make test`" + ` runs against Kvasir and Redis 7.0.15 (and
Valkey, where VALKEY_SERVER names one) and compares byte for byte; the client
libraries in test/interop; and Valkey's own test suite, whose results are below.

This page is written by ` + "`go run ./test/tclsuite`" + `.

## Valkey's test suite

`

// page writes the page.
func page(files []*file, reasons map[string]string, pending []string) []byte {
	var b bytes.Buffer
	b.WriteString(intro)
	b.WriteString("| file | passed | failed | skipped | why |\n|---|---:|---:|---:|---|\n")
	var passed, failed, skipped int
	for _, f := range files {
		why := reasons[f.name]
		if f.aborted {
			why = strings.TrimPrefix("ended early; "+why, "; ")
		}
		if f.failed == 0 && !f.aborted {
			why = ""
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %s |\n", f.name, f.passed, f.failed, f.skipped, strings.TrimSuffix(why, "; "))
		passed, failed, skipped = passed+f.passed, failed+f.failed, skipped+f.skipped
	}
	fmt.Fprintf(&b, "| **all %d** | %d | %d | %d | |\n", len(files), passed, failed, skipped)
	b.WriteString("\n### Tests that fail\n\n")
	for _, f := range files {
		for _, test := range f.failures {
			fmt.Fprintf(&b, "- %s: %s\n", f.name, test)
		}
	}
	b.WriteString("\n## Parameters accepted, not yet in force\n\nCONFIG and configuration files take these, keep them and report them; the part of\nthe server that they are about does not exist yet.\n\n")
	for _, line := range pending {
		feature, names, _ := strings.Cut(line, ": ")
		fmt.Fprintf(&b, "- **%s**: %s\n", feature, names)
	}
	return b.Bytes()
}
