package engine_test

import (
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/engine"
)

func TestReportFromThresholds(t *testing.T) {
	reply := func(c *command.Ctx) { c.Out.Bulk(c.Args[1]) }
	s := cmdtest.New(t, []command.Spec{{
		Name: "give", Group: command.GroupServer, Since: "1.0.0", Arity: 2, Summary: "Echoes",
		Lock: command.LockNone, Run: reply,
	}})
	var reported []engine.Execution
	watch := func(th engine.Thresholds) {
		reported = nil
		s.Engine.ReportFrom(th, func(_ *command.Ctx, e engine.Execution) { reported = append(reported, e) })
		s.Do("GIVE", "12345")
	}
	never := engine.Thresholds{Duration: engine.NeverDuration, RequestBytes: engine.NeverBytes, ReplyBytes: engine.NeverBytes}

	watch(never)
	if len(reported) != 0 {
		t.Errorf("nothing wanted: %+v", reported)
	}
	th := never
	th.ReplyBytes = len("$5\r\n12345\r\n")
	watch(th)
	if len(reported) != 1 || reported[0].ReplyBytes != th.ReplyBytes {
		t.Errorf("reply of the size wanted: %+v", reported)
	}
	th.ReplyBytes++
	watch(th)
	if len(reported) != 0 {
		t.Errorf("reply smaller than wanted: %+v", reported)
	}
	th = never
	th.Duration = 0
	watch(th)
	if len(reported) != 1 {
		t.Errorf("any duration: %+v", reported)
	}
	th.Duration = time.Hour
	watch(th)
	if len(reported) != 0 {
		t.Errorf("an hour: %+v", reported)
	}
}

func TestObserversHearOfCommands(t *testing.T) {
	s := cmdtest.New(t, []command.Spec{{
		Name: "noop", Group: command.GroupServer, Since: "1.0.0", Arity: 1, Summary: "Does nothing",
		Lock: command.LockNone, Run: func(c *command.Ctx) { c.Out.OK() },
	}})
	var heard []string
	o := s.Engine.AddObserver(command.Observer{Name: "ear", Executed: func(c *command.Ctx) { heard = append(heard, c.Cmd.Name) }})
	s.Do("NOOP")
	s.Engine.Watch(o, true)
	s.Do("NOOP")
	s.Engine.Watch(o, false)
	s.Do("NOOP")
	if len(heard) != 1 || heard[0] != "noop" {
		t.Errorf("heard %v", heard)
	}
}
