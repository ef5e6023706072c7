package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/kvasirdb/kvasir/internal/node"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

// A server that crashes tells so where its operator looks: in the log. Three
// ways lead there.
//
//   - SIGALRM asks what the server is doing: the stacks of all goroutines go to
//     the log, and the server goes on.
//   - SIGABRT ends the process, after the same report (crash-log-enabled).
//   - A panic or a fault is reported by the Go runtime, on standard error. Where
//     the log is a file, the runtime writes its report there as well.

// stackBytesMax bounds the text of the stacks in one report.
const stackBytesMax = 16 << 20

// stacks describes all goroutines.
func stacks() []byte {
	for size := 256 << 10; ; size *= 4 {
		b := make([]byte, min(size, stackBytesMax))
		if n := runtime.Stack(b, true); n < len(b) || n == stackBytesMax {
			return b[:n]
		}
	}
}

// writeStacks writes a report of one signal to the log.
func writeStacks(log *serverlog.Log, title string) {
	log.Raw(fmt.Sprintf("%s\n------ STACK TRACE ------\n%s\n------ STACK TRACE DONE ------\n", title, stacks()))
}

// catchCrashes returns where SIGABRT and SIGALRM go from now on, and makes the
// runtime write its own reports to the log file.
func catchCrashes(log *serverlog.Log, enabled bool, logFile string) <-chan os.Signal {
	if enabled && logFile != "" {
		if err := copyCrashes(logFile); err != nil {
			log.Warningf("Reports of crashes will not be in the log: %v", err)
		}
	}
	ch := make(chan os.Signal, 4)
	signal.Notify(ch, syscall.SIGABRT, syscall.SIGALRM)
	return ch
}

// copyCrashes makes the runtime append what it says about a crash to a file.
func copyCrashes(path string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close() // the runtime has a descriptor of its own
	return debug.SetCrashOutput(f, debug.CrashOptions{})
}

// reportCrashes answers the signals of catchCrashes.
func reportCrashes(log *serverlog.Log, enabled func() bool, signals <-chan os.Signal) {
	for s := range signals {
		if s == syscall.SIGALRM {
			writeStacks(log, signalLine("Received SIGALRM"))
			continue
		}
		if enabled() {
			log.Raw("\n\n=== KVASIR BUG REPORT START: Cut & paste starting from here ===\n")
			log.Warningf("Kvasir %s crashed by signal: %d", node.Version, s)
			writeStacks(log, signalLine("What all goroutines were doing:"))
			log.Raw("=== KVASIR BUG REPORT END ===\n")
		}
		endBySignal(s)
	}
}

// endBySignal ends the process as a signal does that nobody catches; the
// runtime's GOTRACEBACK says whether it dumps core.
func endBySignal(s os.Signal) {
	signal.Reset(s)
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Signal(s)
	}
	if err != nil {
		os.Exit(2)
	}
	select {}
}
