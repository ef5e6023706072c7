package crash

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/test/harness"
)

// TestSignals ends servers by signals and looks at exit codes, files and what the
// next start has.
func TestSignals(t *testing.T) {
	binary, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	always := []string{"--appendonly", "yes", "--appendfsync", "always"}
	for _, c := range []struct {
		name    string
		options []string
		signal  syscall.Signal
		kept    string // the key at the next start; empty for none
	}{
		{"SIGTERM saves where save points exist", []string{"--save", "3600 1000"}, syscall.SIGTERM, "v"},
		{"SIGTERM saves nothing without save points", []string{"--save", ""}, syscall.SIGTERM, ""},
		{"SIGTERM keeps the append-only file", append(always, "--save", ""), syscall.SIGTERM, "v"},
		{"SIGINT saves where save points exist", []string{"--save", "3600 1000"}, syscall.SIGINT, "v"},
		{"shutdown-on-sigint save", []string{"--save", "", "--shutdown-on-sigint", "save"}, syscall.SIGINT, "v"},
		{"shutdown-on-sigint nosave now", []string{"--save", "3600 1000", "--shutdown-on-sigint", "nosave now"}, syscall.SIGINT, ""},
		{"shutdown-on-sigterm is not for SIGINT", []string{"--save", "", "--shutdown-on-sigterm", "save"}, syscall.SIGINT, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			p, conn := serve(t, binary, dir, c.options...)
			do(t, conn, "SET", "k", "v")
			p.signal(t, c.signal)
			if code := p.exitCode(t); code != 0 {
				t.Errorf("exit code %d\n%s", code, p.log.Bytes())
			}
			again, conn := serve(t, binary, dir, c.options...)
			if got := do(t, conn, "GET", "k"); got != c.kept {
				t.Errorf("the next start has %q instead of %q", got, c.kept)
			}
			again.kill()
		})
	}
	for _, first := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(first.String()+", then SIGINT", func(t *testing.T) { insist(t, binary, first) })
		t.Run(first.String()+", then SIGTERM", func(t *testing.T) { repeat(t, binary, first) })
	}
}

// insist interrupts a final save that takes forever by SIGINT: the server ends at
// once and leaves no temporary file.
func insist(t *testing.T, binary string, first syscall.Signal) {
	dir := t.TempDir()
	p := saving(t, binary, dir, first, "1000000000")
	p.signal(t, syscall.SIGINT)
	if code := p.exitCode(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if !bytes.Contains(p.log.Bytes(), []byte("You insist... exiting now.")) {
		t.Errorf("the log does not tell why:\n%s", p.log.Bytes())
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// repeat sends SIGTERM during a final save, which changes nothing.
func repeat(t *testing.T, binary string, first syscall.Signal) {
	dir := t.TempDir()
	p := saving(t, binary, dir, first, "500000")
	p.signal(t, syscall.SIGTERM)
	if code := p.exitCode(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.log.Bytes())
	}
	if !bytes.Contains(p.log.Bytes(), []byte("DB saved on disk")) {
		t.Errorf("the save did not end:\n%s", p.log.Bytes())
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "dump.rdb" {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// saving returns a server whose final save, which a signal has asked for, is under
// way and takes so many microseconds.
func saving(t *testing.T, binary, dir string, signal syscall.Signal, micros string) *process {
	t.Helper()
	p, conn := serve(t, binary, dir, "--save", "3600 1000", "--rdb-key-save-delay", micros)
	do(t, conn, "SET", "k", "v")
	p.signal(t, signal)
	temporary := func() (found bool) {
		names, err := filepath.Glob(filepath.Join(dir, "temp-*"))
		return err == nil && len(names) > 0
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i := 0; !temporary(); i++ {
		if i > 20_000 {
			p.kill()
			t.Fatalf("the final save has not begun\n%s", p.log.Bytes())
		}
		<-tick.C
	}
	return p
}

// serve starts a server that answers, and connects to it.
func serve(t *testing.T, binary, dir string, options ...string) (*process, *client.Conn) {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	p, err := launch(binary, port, dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := p.await(context.Background())
	if err != nil {
		p.kill()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		p.kill()
	})
	return p, conn
}

func do(t *testing.T, conn *client.Conn, words ...string) string {
	t.Helper()
	v, err := conn.Do(context.Background(), words...)
	if err == nil {
		err = v.Err()
	}
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(words, " "), err)
	}
	return v.Str
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// exitCode awaits the end of the process.
func (p *process) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(readyTimeout):
		t.Fatal("the server does not end")
		return 0
	}
}

// TestCrashReports makes servers tell what they are doing, without and with
// their end.
func TestCrashReports(t *testing.T) {
	binary, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	report := func(path, word string) string {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			text, err := os.ReadFile(path)
			if err == nil && bytes.Contains(text, []byte(word)) {
				return string(text)
			}
			if i > 20_000 {
				t.Fatalf("%q is not in the log (%v):\n%s", word, err, text)
			}
			<-tick.C
		}
	}
	t.Run("SIGALRM, then SIGABRT", func(t *testing.T) {
		dir := t.TempDir()
		log := filepath.Join(dir, "log")
		p, conn := serve(t, binary, dir, "--logfile", log)
		p.signal(t, syscall.SIGALRM)
		if text := report(log, "STACK TRACE DONE"); !strings.Contains(text, "Received SIGALRM") || !strings.Contains(text, "server.(*Loop)") {
			t.Errorf("no stack of an event loop:\n%s", text)
		}
		do(t, conn, "PING")
		p.signal(t, syscall.SIGABRT)
		if code := p.exitCode(t); code != 2 {
			t.Errorf("exit code %d", code)
		}
		if text := report(log, "BUG REPORT END"); !strings.Contains(text, "crashed by signal: 6") {
			t.Errorf("no report:\n%s", text)
		}
	})
	t.Run("crash-log-enabled no", func(t *testing.T) {
		dir := t.TempDir()
		log := filepath.Join(dir, "log")
		p, _ := serve(t, binary, dir, "--logfile", log, "--crash-log-enabled", "no")
		p.signal(t, syscall.SIGABRT)
		if code := p.exitCode(t); code != 2 {
			t.Errorf("exit code %d", code)
		}
		if text := report(log, "Ready to accept connections"); strings.Contains(text, "goroutine") {
			t.Errorf("a report:\n%s", text)
		}
	})
	t.Run("a fault", func(t *testing.T) {
		dir := t.TempDir()
		log := filepath.Join(dir, "log")
		p, conn := serve(t, binary, dir, "--logfile", log)
		if v, err := conn.Do(context.Background(), "DEBUG", "SEGFAULT"); err == nil {
			t.Errorf("the server answered %v", v)
		}
		if code := p.exitCode(t); code != 2 {
			t.Errorf("exit code %d", code)
		}
		text := report(log, "SIGSEGV")
		if strings.Contains(text, "recovered") || !strings.Contains(text, "debugcmd.(*handler).segfault") {
			t.Errorf("the report of the runtime:\n%s", text)
		}
	})
}
