package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHistoryFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	h := loadHistory(path)
	for _, line := range []string{"get a", "get a", "auth secret", "get b"} {
		h.add(line, line == "auth secret")
	}
	if diff := cmp.Diff([]string{"get a", "auth secret", "get b"}, h.lines); diff != "" {
		t.Errorf("in memory: %s", diff)
	}
	if diff := cmp.Diff([]string{"get a", "get b"}, loadHistory(path).lines); diff != "" {
		t.Errorf("in the file: %s", diff)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		t.Errorf("others may read the file: %v", mode)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	h := loadHistory(path)
	h.path = "" // no file while it fills
	h.add("secret", true)
	for i := range historyLinesMax {
		h.add(fmt.Sprint(i), i == 500)
	}
	h.path = path
	h.add("last", false)
	if len(h.lines) != historyLinesMax || h.lines[0] != "1" {
		t.Errorf("%d lines, first %q", len(h.lines), h.lines[0])
	}
	kept := loadHistory(path).lines
	if len(kept) != historyLinesMax-1 {
		t.Errorf("%d lines in the file", len(kept))
	}
	for _, line := range kept {
		if line == "500" || line == "secret" {
			t.Errorf("secret line %q in the file", line)
		}
	}
}

func TestBearsSecret(t *testing.T) {
	for line, want := range map[string]bool{
		"auth x":                                true,
		"AUTH u x":                              true,
		"acl setuser u >p":                      true,
		"acl whoami":                            false,
		"config set maxmemory 1 requirepass x":  true,
		"config set maxmemory 1":                false,
		"config get requirepass":                false,
		"hello 3 auth u p":                      true,
		"hello 3 setname n auth u p":            true,
		"hello 3 setname auth":                  false,
		"hello 3":                               false,
		"migrate h 1 k 0 10 copy auth p":        true,
		"migrate h 1 k 0 10 auth2 u p":          true,
		"migrate h 1 k 0 10 keys auth x y":      false,
		"sentinel set m auth-pass p":            true,
		"sentinel config set sentinel-pass p":   true,
		"sentinel set m quorum 2":               false,
		"sentinel":                              false,
		"get auth":                              false,
		"config set tls-client-key-file-pass x": true,
	} {
		if got := bearsSecret(strings.Fields(line)); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
