package engine_test

import (
	"slices"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
	"github.com/kvasirdb/kvasir/internal/session"
)

// keeper is a host that keeps what could not be executed.
type keeper struct{ kept []string }

func (k *keeper) Unexecuted(c *session.Client, raw []byte) {
	c.Set(session.PutBack)
	k.kept = append(k.kept, string(raw))
}

func (*keeper) Dirty(*session.Client) {}

// A pause may end between two requests of a batch, when another client's command
// lets the exclusive mode of others in. The requests behind one that was put back
// must not be executed before it.
func TestAPauseThatEndsWithinABatch(t *testing.T) {
	var ran []string
	var paused *session.Client
	note := command.Spec{Name: "note", Group: command.GroupGeneric, Since: "1.0.0", Arity: 2, Summary: "Tests", Lock: command.LockNone,
		Args: []command.Arg{{Name: "what", Type: command.ArgString}},
		Run:  func(c *command.Ctx) { ran = append(ran, string(c.Args[1])); c.Out.OK() }}
	goOn := command.Spec{Name: "go-on", Group: command.GroupGeneric, Since: "1.0.0", Arity: 1, Summary: "Tests", Lock: command.LockExclusive,
		Run: func(c *command.Ctx) { paused.Clear(session.Blocked); c.Out.OK() }}
	s := cmdtest.New(t, []command.Spec{note, goOn})
	first := true
	g := s.Engine.AddGate(command.Gate{Name: "pause", Check: func(c *command.Ctx) command.Verdict {
		if c.Client == paused && first {
			first = false
			return command.Postpone()
		}
		return command.Pass()
	}})
	s.Engine.Arm(g, true)

	host := &keeper{}
	x := s.Engine.NewExecutor(host)
	defer x.Close()
	paused = s.NewClient().Client
	other := s.NewClient().Client
	queue := func(c *session.Client, words ...string) {
		args := x.Args()
		for _, w := range words {
			args = append(args, []byte(w))
		}
		x.Queue(c, args, []byte(words[len(words)-1]))
	}
	queue(paused, "note", "1")
	queue(paused, "note", "2")
	queue(other, "go-on")
	queue(paused, "note", "3")
	queue(other, "note", "other")
	x.Execute()
	if want := []string{"1", "2", "3"}; !slices.Equal(host.kept, want) {
		t.Errorf("put back: %q, want %q", host.kept, want)
	}
	if want := []string{"other"}; !slices.Equal(ran, want) {
		t.Errorf("executed: %q, want %q", ran, want)
	}
	paused.Clear(session.PutBack)
	for _, raw := range host.kept {
		queue(paused, "note", raw)
	}
	x.Execute()
	if want := []string{"other", "1", "2", "3"}; !slices.Equal(ran, want) {
		t.Errorf("executed in the end: %q, want %q", ran, want)
	}
}
