package crash

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kvasirdb/kvasir/test/harness"
)

// TestUpstart starts a server that upstart supervises: it stops by itself, and
// serves after SIGCONT.
func TestUpstart(t *testing.T) {
	binary, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"upstart", "auto"} {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		server := exec.Command(binary, "server", "--port", strconv.Itoa(port), "--dir", t.TempDir(), "--supervised", mode)
		server.Env = append(os.Environ(), "UPSTART_JOB=kvasir", "NOTIFY_SOCKET=")
		out, err := server.StdoutPipe()
		if err == nil {
			err = server.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Process.Kill(); server.Wait() })
		var state syscall.WaitStatus
		if _, err := syscall.Wait4(server.Process.Pid, &state, syscall.WUNTRACED, nil); err != nil || !state.Stopped() {
			t.Fatalf("%s: the server has not stopped by itself: %v, %v", mode, state, err)
		}
		server.Process.Signal(syscall.SIGCONT)
		var log strings.Builder
		lines := bufio.NewScanner(out)
		for !strings.Contains(log.String(), "Ready to accept connections tcp") && lines.Scan() {
			log.WriteString(lines.Text() + "\n")
		}
		if !strings.Contains(log.String(), "supervised by upstart, will stop to signal readiness.") {
			t.Errorf("%s: the log does not tell why it stopped:\n%s", mode, log.String())
		}
	}
}
