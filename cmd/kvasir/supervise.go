package main

import (
	"net"
	"os"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

// supervisor is what watches over the process: systemd, which is spoken to through
// the socket it names, or upstart, without a socket, which was told once that the
// process is there. The nil supervisor is nobody.
type supervisor struct{ socket string }

// supervise finds the supervisor that the configuration asks for.
func supervise(mode config.SupervisedMode, log *serverlog.Log) *supervisor {
	socket := os.Getenv("NOTIFY_SOCKET")
	if mode == config.SupervisedAuto {
		switch {
		case os.Getenv(upstartJob) != "":
			log.Verbosef("Upstart supervision detected.")
			mode = config.SupervisedUpstart
		case socket != "":
			log.Verbosef("Systemd supervision detected.")
			mode = config.SupervisedSystemd
		}
	}
	if mode == config.SupervisedUpstart {
		return superviseByUpstart(log)
	}
	if mode != config.SupervisedSystemd {
		return nil
	}
	if socket == "" {
		log.Warningf("systemd supervision requested or auto-detected, but NOTIFY_SOCKET not found")
		return nil
	}
	return &supervisor{socket}
}

// name is what INFO calls the supervisor, empty for nobody.
func (s *supervisor) name() string {
	if s == nil {
		return ""
	}
	if s.socket == "" {
		return "upstart"
	}
	return "systemd"
}

// upstartJob is the variable that tells a process that upstart has started it.
const upstartJob = "UPSTART_JOB"

// superviseByUpstart stops the process, which is how upstart learns that it has
// started, until upstart lets it go on.
func superviseByUpstart(log *serverlog.Log) *supervisor {
	if os.Getenv(upstartJob) == "" {
		log.Warningf("upstart supervision requested, but UPSTART_JOB not found!")
		return nil
	}
	log.Noticef("supervised by upstart, will stop to signal readiness.")
	stopSelf()
	os.Unsetenv(upstartJob)
	return &supervisor{}
}

func (s *supervisor) ready() {
	s.tell("STATUS=Ready to accept connections\n")
	s.tell("READY=1\n")
}

func (s *supervisor) stopping() { s.tell("STOPPING=1\n") }

// tell sends one message, best effort, as sd_notify does.
func (s *supervisor) tell(message string) {
	if s == nil || s.socket == "" {
		return
	}
	name := s.socket
	if name[0] == '@' {
		name = "\x00" + name[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	c.Write([]byte(message))
}
