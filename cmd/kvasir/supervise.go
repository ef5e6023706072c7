package main

import (
	"net"
	"os"

	"github.com/kvasirdb/kvasir/internal/config"
	"github.com/kvasirdb/kvasir/internal/platform/serverlog"
)

// supervisor speaks to systemd through the socket it names. The nil supervisor
// is nobody.
type supervisor struct{ socket string }

// supervise finds the supervisor that the configuration asks for.
func supervise(mode config.SupervisedMode, log *serverlog.Log) *supervisor {
	socket := os.Getenv("NOTIFY_SOCKET")
	if mode == config.SupervisedAuto && socket != "" {
		log.Verbosef("Systemd supervision detected.")
		mode = config.SupervisedSystemd
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
	return "systemd"
}

func (s *supervisor) ready() {
	s.tell("STATUS=Ready to accept connections\n")
	s.tell("READY=1\n")
}

func (s *supervisor) stopping() { s.tell("STOPPING=1\n") }

// tell sends one message, best effort, as sd_notify does.
func (s *supervisor) tell(message string) {
	if s == nil {
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
