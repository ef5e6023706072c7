package commandlog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/engine"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/telemetry/commandlog"
	"github.com/kvasirdb/kvasir/internal/telemetry/redact"
)

type fixture struct {
	*cmdtest.Server
	log *commandlog.Log
}

func newFixture(t *testing.T) *fixture {
	rules := &redact.Rules{Parameters: func([]string) []int { return nil }}
	log := commandlog.New(clock.NewManual(time.Unix(1700000000, 0)), rules)
	run := func(c *command.Ctx) { c.Out.Bulk(make([]byte, len(c.Args[len(c.Args)-1]))) }
	f := &fixture{cmdtest.New(t, commandlog.Commands(log), []command.Spec{
		{Name: "work", Group: command.GroupServer, Since: "1.0.0", Arity: -1, Summary: "Does things", Lock: command.LockNone, Run: run},
		{Name: "auth", Group: command.GroupServer, Since: "1.0.0", Arity: -1, Summary: "Does things", Lock: command.LockNone, Run: run},
		{Name: "secret", Group: command.GroupServer, Since: "1.0.0", Arity: -1, Summary: "Does things", Lock: command.LockNone, Run: run, Flags: command.SkipCommandLog},
	}), log}
	f.Client.Addr, f.Client.Name = "1.2.3.4:5", "joe"
	return f
}

func (f *fixture) limit(k commandlog.Kind, threshold, length int64) {
	f.log.SetLimits(k, commandlog.Limits{Threshold: threshold, Length: length})
	// Requests of cmdtest have no bytes of their own.
	f.Engine.ReportFrom(engine.Thresholds{}, func(c *command.Ctx, e engine.Execution) {
		e.RequestBytes = command.RequestBytes(c.Args)
		f.log.Executed(c, e)
	})
}

func TestLargeRequestsAndReplies(t *testing.T) {
	f := newFixture(t)
	f.limit(commandlog.LargeRequest, 100, 10)
	f.limit(commandlog.LargeReply, 200, 10)
	f.Run("WORK small")
	f.Do("WORK", strings.Repeat("x", 90))
	f.Do("WORK", strings.Repeat("y", 200))
	f.Do("SECRET", strings.Repeat("z", 200))
	f.Script(`
		COMMANDLOG LEN slow -> 0
		COMMANDLOG LEN large-request -> 2
		COMMANDLOG LEN LARGE-REPLY -> 1
	`)
	long := strings.Repeat("y", 128) + "... (72 more bytes)"
	f.Want("COMMANDLOG GET -1 large-reply", fmt.Sprintf(`[[0 1700000000 208 ["WORK" %q] "1.2.3.4:5" "joe"]]`, long))
	f.Want("COMMANDLOG GET 1 large-request", fmt.Sprintf(`[[1 1700000000 222 ["WORK" %q] "1.2.3.4:5" "joe"]]`, long))
	f.Want("COMMANDLOG RESET large-request", "OK")
	f.Do("WORK", strings.Repeat("x", 90))
	f.Want("COMMANDLOG GET 5 large-request", fmt.Sprintf(`[[2 1700000000 111 ["WORK" %q] "1.2.3.4:5" "joe"]]`, strings.Repeat("x", 90)))
}

func TestArgumentsAreTrimmedAndRedacted(t *testing.T) {
	f := newFixture(t)
	f.limit(commandlog.LargeRequest, 0, 2)
	f.Run("AUTH user password")
	f.Want("COMMANDLOG GET 1 large-request", `[[0 1700000000 38 ["AUTH" "(redacted)" "(redacted)"] "1.2.3.4:5" "joe"]]`)
	var words []string
	for i := range 33 {
		words = append(words, fmt.Sprint("w", i))
	}
	f.Do(append([]string{"WORK"}, words...)...)
	reply := f.Run("COMMANDLOG GET 1 large-request")
	if !strings.Contains(reply, `"w29" "... (3 more arguments)"]`) {
		t.Errorf("33 words: %s", reply)
	}
	f.Want("COMMANDLOG LEN large-request", "2") // the length is the limit
}

func TestSlow(t *testing.T) {
	f := newFixture(t)
	f.limit(commandlog.Slow, 0, 2)
	for range 5 {
		f.Run("WORK")
	}
	f.Want("SLOWLOG LEN", "2")
	f.limit(commandlog.Slow, 3_600_000_000, 2)
	f.Run("WORK")
	if reply := f.Run("SLOWLOG GET"); !strings.HasPrefix(reply, "[[5 1700000000 ") {
		t.Errorf("the latest entry should be SLOWLOG LEN, the sixth command: %s", reply)
	}
	f.limit(commandlog.Slow, 0, 0) // off: what is there stays
	f.Want("SLOWLOG LEN", "2")
	f.limit(commandlog.Slow, 0, 1)
	f.Want("SLOWLOG LEN", "1")
	f.limit(commandlog.Slow, -1, 128)
	f.Script(`
		SLOWLOG RESET -> OK
		SLOWLOG LEN -> 0
	`)
}

func TestOffLogsWantNothing(t *testing.T) {
	f := newFixture(t)
	want := engine.Thresholds{Duration: engine.NeverDuration, RequestBytes: engine.NeverBytes, ReplyBytes: engine.NeverBytes}
	if got := f.log.Thresholds(); got != want {
		t.Errorf("at first: %+v", got)
	}
	f.log.SetLimits(commandlog.Slow, commandlog.Limits{Threshold: 1 << 62, Length: 1})
	f.log.SetLimits(commandlog.LargeReply, commandlog.Limits{Threshold: 7, Length: 0})
	if got := f.log.Thresholds(); got.Duration < 1<<62 || got.ReplyBytes != engine.NeverBytes {
		t.Errorf("%+v", got)
	}
}

func TestMistakes(t *testing.T) {
	newFixture(t).Script(`
		SLOWLOG GET -2 -> ERR count should be greater than or equal to -1
		SLOWLOG GET x -> ERR count should be greater than or equal to -1
		SLOWLOG GET 1 2 -> ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.
		SLOWLOG NONSENSE -> ERR unknown subcommand 'NONSENSE'. Try SLOWLOG HELP.
		COMMANDLOG GET 1 -> ERR wrong number of arguments for 'commandlog|get' command
		COMMANDLOG GET -2 slow -> ERR count should be greater than or equal to -1
		COMMANDLOG GET 1 fast -> ERR type should be one of the following: slow, large-request, large-reply
		COMMANDLOG LEN fast -> ERR type should be one of the following: slow, large-request, large-reply
		COMMANDLOG RESET fast -> ERR type should be one of the following: slow, large-request, large-reply
	`)
}
