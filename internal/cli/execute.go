package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"

	"github.com/kvasirdb/kvasir/internal/client"
)

// execute runs a command repeat times (negative: for ever) and prints the
// replies, connecting first where needed and following cluster redirects.
func (s *session) execute(args []string, repeat int64) error {
	if strings.EqualFold(args[0], "help") || args[0] == "?" {
		return s.app.help.print(args[1:])
	}
	moved := false
	for {
		if s.link == nil || moved {
			if err := s.connect(false); err != nil && s.link == nil {
				return err
			}
			if s.announce != nil && !moved {
				s.announce()
			}
		}
		if s.asking {
			s.asking = false
			v, err := s.setUp("ASKING")
			if err == nil && v.Kind == client.Error {
				fmt.Fprintf(s.app.errOut, "ASKING failed: %s\n", v.Str)
				err = v.Err()
			}
			if err != nil {
				return err
			}
		}
		var err error
		moved, err = s.send(args, repeat)
		if errors.Is(err, errLost) {
			s.disconnect()
		}
		if err != nil || !moved {
			return err
		}
	}
}

// send runs the command on the connection there is. It reports whether the
// command has to be sent again, to the node in host and port.
func (s *session) send(args []string, repeat int64) (moved bool, err error) {
	name := strings.ToLower(args[0])
	verbatim := isReport(name, args) && !s.multi
	switch name {
	case "monitor":
		return false, s.monitor(args, verbatim)
	case "sync", "psync":
		return false, s.follow(args)
	}
	confirmations := 0 // pushes that confirm a subscription, one per channel
	switch name {
	case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe":
		confirmations = max(len(args)-1, 1)
	}
	for repeat != 0 {
		if repeat > 0 {
			repeat--
		}
		if err := s.link.write(args...); err != nil {
			return false, s.lost(err)
		}
		s.awaitsPush = confirmations > 0
		v, moved, err := s.answer(name, confirmations, verbatim)
		s.awaitsPush = false
		if err != nil {
			if name == "shutdown" && errors.Is(err, errLost) {
				s.disconnect()
				return false, nil
			}
			return false, err
		}
		if moved {
			return true, nil
		}
		s.note(name, args, v)
		if s.opts.interval > 0 {
			if err := s.app.pause(s.opts.interval); err != nil {
				return false, exitError(1)
			}
		}
	}
	return false, nil
}

// answer prints replies until the one that answers the command: messages of
// subscriptions may come ahead of it.
func (s *session) answer(name string, confirmations int, verbatim bool) (v client.Value, moved bool, err error) {
	for {
		v, err = s.receive()
		if err != nil {
			if name == "shutdown" {
				return v, false, errLost
			}
			return v, false, s.lost(err)
		}
		if s.redirect(v) {
			return v, true, nil
		}
		if v.Kind == client.Error && s.opts.errorExit && !s.app.interactive {
			fmt.Fprintln(s.app.errOut, v.Str)
			return v, false, exitError(1)
		}
		s.app.print(s.app.format.reply(v, verbatim))
		if !s.subscribed && confirmations == 0 {
			return v, false, nil
		}
		if s.isSubscriptionMessage(v) {
			s.countSubscriptions(v)
			if confirmations == 0 || !strings.EqualFold(v.Elems[0].Str, name) {
				continue
			}
			if confirmations--; confirmations > 0 {
				continue
			}
		} else if v.Kind == client.Push {
			continue
		}
		return v, false, nil
	}
}

// receive waits for the next reply. Pushes that answer no command are shown or
// dropped, as the user has chosen.
func (s *session) receive() (client.Value, error) {
	for {
		select {
		case got := <-s.link.next():
			if got.err == nil && s.isSpontaneous(got.value) {
				s.showPush(got.value)
				continue
			}
			return got.value, got.err
		case <-s.app.interrupts:
			return client.Value{}, exitError(1)
		}
	}
}

func (s *session) isSpontaneous(v client.Value) bool {
	return v.Kind == client.Push && !s.subscribed && !s.awaitsPush
}

func (s *session) showPush(v client.Value) {
	if s.app.showPushes {
		s.app.print(s.app.format.push(v))
	}
}

// lost reports the end of the connection. On a terminal session the next
// command may dial again; otherwise it is the end.
func (s *session) lost(err error) error {
	var exit exitError
	if errors.As(err, &exit) {
		return err
	}
	fmt.Fprintf(s.app.errOut, "Error: %s\n", lossReason(err))
	if s.app.interactive && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, client.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)) {
		return errLost
	}
	return exitError(1)
}

// redirect follows a cluster node's "MOVED slot host:port" or ASK. An empty
// host means the node that answered.
func (s *session) redirect(v client.Value) bool {
	if !s.opts.cluster || v.Kind != client.Error {
		return false
	}
	fields := strings.Fields(v.Str)
	if len(fields) != 3 || fields[0] != "MOVED" && fields[0] != "ASK" {
		return false
	}
	colon := strings.LastIndexByte(fields[2], ':')
	if colon < 0 {
		return false
	}
	port, err := strconv.ParseUint(fields[2][colon+1:], 10, 16)
	if err != nil {
		return false
	}
	if host := fields[2][:colon]; host != "" {
		s.host = host
	}
	s.port = int(port)
	s.asking = fields[0] == "ASK"
	if s.app.interactive {
		s.app.printf("-> Redirected to slot [%s] located at %s\n", fields[1], s.plainAddress())
	}
	return true
}

// note keeps the session's idea of the connection in step with a command that
// has run.
func (s *session) note(name string, args []string, v client.Value) {
	failed := v.Kind == client.Error
	switch {
	case name == "select" && len(args) == 2 && !failed:
		s.db = leadingInt(args[1])
		s.wantedDB = s.db
	case name == "auth" && (len(args) == 2 || len(args) == 3):
		if !failed {
			s.app.help.retry()
		}
		// A refused SELECT was reported; the user sees the database in the prompt.
		_ = s.selectWanted()
	case name == "multi" && len(args) == 1 && !failed:
		s.multi, s.dbAtMulti = true, s.db
	case name == "exec" && len(args) == 1 && s.multi:
		s.multi = false
		if failed || v.IsNull() {
			s.db, s.wantedDB = s.dbAtMulti, s.dbAtMulti
		}
	case name == "discard" && len(args) == 1 && !failed:
		s.multi = false
		s.db, s.wantedDB = s.dbAtMulti, s.dbAtMulti
	case name == "reset" && len(args) == 1 && !failed:
		s.multi, s.resp3 = false, false
		s.db, s.wantedDB = 0, 0
		s.leaveSubscribed()
	case name == "hello" && !failed:
		s.resp3 = v.Kind == client.Map
	}
}

// monitor prints what the server executes until the connection ends, or Ctrl-C
// ends it.
func (s *session) monitor(args []string, verbatim bool) error {
	if err := s.link.write(args...); err != nil {
		return s.lost(err)
	}
	for {
		v, err := s.receive()
		var exit exitError
		if errors.As(err, &exit) && s.app.interactive {
			return s.connect(false)
		}
		if err != nil {
			return s.lost(err)
		}
		s.app.print(s.app.format.reply(v, verbatim))
		if v.Kind == client.Error {
			return nil
		}
	}
}

// isSubscriptionMessage tells [p|s]message and [p|s][un]subscribe from replies.
func (s *session) isSubscriptionMessage(v client.Value) bool {
	kind := client.Array
	if s.resp3 {
		kind = client.Push
	}
	return v.Kind == kind && len(v.Elems) >= 3 && v.Elems[0].Kind == client.Bulk &&
		(strings.HasSuffix(v.Elems[0].Str, "message") || strings.HasSuffix(v.Elems[0].Str, "subscribe"))
}

// countSubscriptions follows the counts that confirmations bear. The two kinds
// of channel are counted apart; the connection is subscribed while either is.
func (s *session) countSubscriptions(v client.Value) {
	switch v.Elems[0].Str {
	case "subscribe", "psubscribe", "unsubscribe", "punsubscribe":
		s.unsharded = v.Elems[2].Int
	case "ssubscribe", "sunsubscribe":
		s.sharded = v.Elems[2].Int
	}
	s.subscribed = s.unsharded+s.sharded > 0
}

// isReport names the commands whose reply is a text to read, which is printed
// as it is whatever the output mode.
func isReport(name string, args []string) bool {
	sub := ""
	if len(args) >= 2 {
		sub = strings.ToLower(args[1])
	}
	switch name {
	case "info", "lolwut":
		return true
	case "debug":
		return sub == "htstats" || sub == "htstats-key" || sub == "client-eviction"
	case "memory":
		return sub == "malloc-stats" || sub == "doctor"
	case "cluster":
		return len(args) == 2 && (sub == "nodes" || sub == "info")
	case "client":
		return sub == "list" || sub == "info"
	case "latency":
		return sub == "graph" && len(args) == 3 || sub == "doctor" && len(args) == 2
	case "proxy":
		return sub == "info"
	}
	return false
}
