package proctitle

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The test program itself is the process whose title changes, started anew with
// the title in its environment.
const titleVariable = "KVASIR_TEST_TITLE"

func TestMain(m *testing.M) {
	title, child := os.LookupEnv(titleVariable)
	if !child {
		m.Run()
		return
	}
	arguments := strings.Join(os.Args, " ")
	area := Claim()
	area.Set("a title that is longer than the next and than all of the arguments there are")
	area.Set(title)
	shown, err := os.ReadFile("/proc/self/cmdline")
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(strings.Join(os.Args, " ") + "|" + arguments + "|" + os.Getenv(titleVariable) + "|" + strings.TrimRight(string(shown), "\x00"))
}

func TestTitle(t *testing.T) {
	for _, title := range []string{"t", "kvasir *:6379", strings.Repeat("a long title ", 40)} {
		cmd := exec.Command("/proc/self/exe", "one", "two")
		cmd.Args[0] = "a-program"
		cmd.Env = append(os.Environ(), titleVariable+"="+title)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if want := "a-program one two|a-program one two|" + title + "|" + title; string(out) != want {
			t.Errorf("arguments, arguments before, environment and title are\n%q, want\n%q", out, want)
		}
	}
}

func TestParse(t *testing.T) {
	// 45 fields, then the places.
	stat := func(places string) []byte {
		return []byte("7 (a (b) c) " + strings.Repeat("0 ", 45) + places + " 0\n")
	}
	for _, c := range []struct {
		places string
		size   int
	}{
		{"1000 1020 1020 1500", 500},
		{"1000 1020 1030 1500", 20}, // the environment is elsewhere
		{"1000 1020 1020 1010", 20},
		{"1001 1020 1020 1500", 0},
		{"0 0 0 0", 0}, // hidden
		{"1000 1000 1000 1500", 0},
		{"1000", 0},
	} {
		if size := parse(stat(c.places), 1000); size != c.size {
			t.Errorf("%s: %d, want %d", c.places, size, c.size)
		}
	}
}
