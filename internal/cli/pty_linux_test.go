package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// screenEnd is the end of a pseudo terminal where a user sits.
type screenEnd struct {
	t    *testing.T
	file *os.File
	seen string // output that no step has asked for yet
}

// openTerminal makes a pseudo terminal and returns both ends, the user's and the
// program's.
func openTerminal(t *testing.T) (*screenEnd, *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { user.Close() })
	fd := int(user.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100})
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return &screenEnd{t: t, file: user}, program
}

// await reads until a text appears.
func (s *screenEnd) await(text string) {
	s.t.Helper()
	buf := make([]byte, 4096)
	for {
		if _, rest, ok := strings.Cut(s.seen, text); ok {
			s.seen = rest
			return
		}
		n, err := s.file.Read(buf)
		if err != nil {
			s.t.Fatalf("%q has not come, but %q, %v", text, s.seen, err)
		}
		s.seen += string(buf[:n])
	}
}

// TestTerminal holds a dialogue on a terminal: greeting, hint, reply, completion,
// history, help, and the way out.
func TestTerminal(t *testing.T) {
	f := newFakeServer(t, newMiniature().handle)
	user, program := openTerminal(t)
	hung := time.AfterFunc(20*time.Second, func() { user.file.Close(); program.Close() })
	defer hung.Stop()
	history := filepath.Join(t.TempDir(), "history")
	status := make(chan int, 1)
	go func() {
		status <- Main(f.args(), program, program, program, []string{"VALKEYCLI_HISTFILE=" + history, "VALKEYCLI_RCFILE=/dev/null"})
	}()

	prompt := f.address() + "> "
	user.await("Connected to " + f.address())
	user.await("Type \"help\" for help")
	for _, step := range []struct{ keys, see string }{
		{"", prompt},
		{"rpush l a\r", "(integer) 1"},
		{"get ", "key"}, // the hint
		{"nothing\r", "(nil)"},
		{"", prompt},
		{"ge\t", prompt + "GET"},
		{"\x15", prompt},
		{up, prompt + "get nothing"},
		{up, prompt + "rpush l a"},
		{"\x15help get\r", "summary:"},
		{"", prompt},
	} {
		user.file.WriteString(step.keys)
		user.await(step.see)
	}
	user.file.WriteString("quit\r")
	if code := <-status; code != 0 {
		t.Errorf("exit code %d", code)
	}
	kept, err := os.ReadFile(history)
	if want := "rpush l a\nget nothing\nhelp get\nquit\n"; string(kept) != want {
		t.Errorf("the history is %q, %v", kept, err)
	}
}
