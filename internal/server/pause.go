package server

import (
	"math"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/number"
	"github.com/kvasirdb/kvasir/internal/session"
)

// PauseMode says whose commands wait during a pause.
type PauseMode uint32

// The modes, the stricter one last.
const (
	PauseNone PauseMode = iota
	PauseWrites
	PauseAll
)

// PausePurpose says who asked for a pause. Each has one of its own.
type PausePurpose int

// The purposes.
const (
	PauseByClient   PausePurpose = iota // CLIENT PAUSE
	PauseByShutdown                     // replicas catch up before the end
	PauseByFailover                     // a replica is to take over
	pausePurposes
)

var pauseReasons = [pausePurposes]string{"client_pause", "shutdown_in_progress", "failover_in_progress"}

// Pauses make clients wait whose commands must not run for a while. While any
// pause is in force the server neither expires nor evicts keys, so that the
// data stands still.
//
// Pauses begin and end in exclusive mode. A command that arrives meanwhile is
// put back by the gate, and its client is resumed at the end.
type Pauses struct {
	// Arm makes the gate look at commands, or ends that. It is set before the
	// first pause.
	Arm func(on bool)

	hooks *Hooks
	mode  atomic.Uint32
	until atomic.Int64 // earliest end, Unix milliseconds; 0 none

	purposes [pausePurposes]struct {
		mode        PauseMode
		untilMillis int64
	}

	room Room
}

// Gate returns the gate that postpones commands. It passes everything while
// there is no pause.
func (p *Pauses) Gate() command.Gate {
	return command.Gate{Name: "pause", Check: p.check}
}

func (p *Pauses) check(c *command.Ctx) command.Verdict {
	const alwaysServed = session.Replica | session.Primary | session.Internal
	mode := PauseMode(p.mode.Load())
	if mode == PauseNone || c.Client.Flags&alwaysServed != 0 || mode == PauseWrites && !p.mayWrite(c) {
		return command.Pass()
	}
	p.room.Enter(c.Client)
	return command.Postpone()
}

// mayWrite reports whether a command may reach replicas. An EXEC does if
// anything in its transaction does.
func (p *Pauses) mayWrite(c *command.Ctx) bool {
	return c.Cmd.Flags&(command.Write|command.MayReplicate) != 0 ||
		c.Cmd.Name == "exec" && p.hooks.TransactionWrites(c.Client)
}

// Begin begins a pause or changes the mode of one; its end is never moved
// nearer. A pause by a client keeps the stricter mode. Exclusive mode only.
func (p *Pauses) Begin(purpose PausePurpose, mode PauseMode, untilMillis int64) {
	own := &p.purposes[purpose]
	if purpose == PauseByClient {
		mode = max(mode, own.mode)
	}
	own.mode, own.untilMillis = mode, max(own.untilMillis, untilMillis)
	p.update()
}

// End ends the pause of a purpose. Exclusive mode only.
func (p *Pauses) End(purpose PausePurpose) {
	p.purposes[purpose].mode, p.purposes[purpose].untilMillis = PauseNone, 0
	p.update()
}

// expire ends the pauses whose time is over. Exclusive mode only.
func (p *Pauses) expire(nowMillis int64) {
	for i := range p.purposes {
		if own := &p.purposes[i]; own.untilMillis <= nowMillis {
			own.mode, own.untilMillis = PauseNone, 0
		}
	}
	p.update()
}

// update derives what is in force from the pauses of all purposes. When clients
// may go on that could not, all of them try again.
func (p *Pauses) update() {
	before := PauseMode(p.mode.Load())
	mode, until := PauseNone, int64(0)
	for i := range p.purposes {
		own := &p.purposes[i]
		mode = max(mode, own.mode)
		if own.mode != PauseNone && (until == 0 || own.untilMillis < until) {
			until = own.untilMillis
		}
	}
	p.mode.Store(uint32(mode))
	p.until.Store(until)
	if (mode == PauseNone) != (before == PauseNone) {
		p.Arm(mode != PauseNone)
		p.hooks.Paused(mode != PauseNone)
	}
	if mode < before {
		p.room.Empty()
	}
}

// Paused reports whether any pause is in force.
func (p *Pauses) Paused() bool { return p.mode.Load() != uint32(PauseNone) }

// Mode returns the mode in force.
func (p *Pauses) Mode() PauseMode { return PauseMode(p.mode.Load()) }

// Waiting returns how many clients wait for the end of a pause.
func (p *Pauses) Waiting() int { return p.room.Waiting() }

// Reason returns why clients are paused, as INFO names it, and for how long
// yet; "none" if they are not. Exclusive mode only.
func (p *Pauses) Reason(nowMillis int64) (reason string, leftMillis int64) {
	reason = "none"
	for i := range p.purposes {
		if own := &p.purposes[i]; own.mode != PauseNone && own.untilMillis-nowMillis > leftMillis {
			reason, leftMillis = pauseReasons[i], own.untilMillis-nowMillis
		}
	}
	return reason, leftMillis
}

// pauseEnd reads the duration of a pause and returns when it ends, or the text
// of an error reply.
func pauseEnd(arg []byte, nowMillis int64) (untilMillis int64, problem string) {
	millis, ok := number.ParseInt(arg)
	switch {
	case !ok:
		return 0, "ERR timeout is not an integer or out of range"
	case millis < 0:
		return 0, command.TimeoutSign
	case millis > math.MaxInt64-nowMillis:
		return 0, command.TimeoutRange
	}
	return nowMillis + millis, ""
}
