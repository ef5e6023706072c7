//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// backgroundMark tells the process that it is the one in the background.
const backgroundMark = "KVASIR_BACKGROUND"

// daemonize starts the same program again in a session of its own, without
// standard streams, and reports whether this process is the one that asked. A
// Go program cannot fork and go on, since its other threads would be missing.
func daemonize() (parent bool, err error) {
	if os.Getenv(backgroundMark) != "" {
		os.Unsetenv(backgroundMark)
		return false, nil
	}
	executable, err := os.Executable()
	if err != nil {
		return false, err
	}
	cmd := exec.Command(executable, os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), backgroundMark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return true, cmd.Start()
}
