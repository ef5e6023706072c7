package engine

import (
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/blocking"
	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/keyspace"
	"github.com/kvasirdb/kvasir/internal/platform/clock"
	"github.com/kvasirdb/kvasir/internal/resp"
	"github.com/kvasirdb/kvasir/internal/session"
)

// BatchMax is how many requests are queued before they are executed: enough to
// hide the memory latency of their keys, few enough for their lines to stay in
// the first-level cache.
const BatchMax = 32

// Host is the event loop as its executor sees it.
type Host interface {
	// Unexecuted hands back the bytes of a request that cannot run now, since
	// its client waits. The loop parses them again when the client goes on, and
	// sets session.PutBack until then.
	Unexecuted(c *session.Client, raw []byte)
	// Dirty notes that a client has output to flush or must be closed.
	Dirty(c *session.Client)
}

// request is a queued command.
type request struct {
	client *session.Client
	cmd    *command.Cmd // nil: unknown
	args   [][]byte
	raw    []byte
	loc    keyspace.Located
	first  bool // loc is the location of the key at cmd.KeyAt
}

// Executor runs commands for one goroutine: an event loop, or a background task
// that changes keys.
type Executor struct {
	engine *Engine
	worker *keyspace.Worker
	host   Host
	queue  [BatchMax]request
	n      int
	inside bool // between Enter and Leave
	ctx    command.Ctx
	now    int64 // Unix milliseconds of this turn
	keys   []command.KeyRef
	wanted []keyspace.Wanted // keys to prefetch: those of the queue, then of one command

	elements []keyspace.WantedElement // of the queue, likewise

	depth int                  // commands running: 1, or more within EXEC
	batch []command.Propagated // what they propagate together

	current *command.Ctx // the innermost command running, nil between commands

	requestBytes int // of the request under way, as it was received

	// Stats are counted by this executor and read in exclusive mode.
	Stats    Stats
	executed atomic.Int64 // Stats.Commands when the reader lock was last released
}

// NewExecutor makes an executor and its keyspace worker. host may be nil for a
// background task.
func (e *Engine) NewExecutor(host Host) *Executor {
	x := &Executor{engine: e, host: host}
	x.worker = e.Space.NewWorker(x)
	x.Stats.commands = make([]commandStats, e.Table.Len())
	x.ctx.Server = x
	e.mu.Lock()
	e.executors = append(e.executors, x)
	e.mu.Unlock()
	return x
}

// Close unregisters the executor. Its statistics stay.
func (x *Executor) Close() { x.worker.Close() }

// Worker returns the executor's keyspace worker.
func (x *Executor) Worker() *keyspace.Worker { return x.worker }

// Engine returns the engine.
func (x *Executor) Engine() *Engine { return x.engine }

// SetNow sets the time that commands of this turn see, Unix milliseconds.
func (x *Executor) SetNow(millis int64) { x.now = millis }

// Now returns the time of this turn.
func (x *Executor) Now() int64 { return x.now }

// Args returns a slice to parse the next request's arguments into. The queue
// must not be full.
func (x *Executor) Args() [][]byte { return x.queue[x.n].args[:0] }

// Queued returns the number of queued requests.
func (x *Executor) Queued() int { return x.n }

// Queue adds a request, stage 1. args and raw must stay as they are until
// Execute returns. It reports whether the queue is full.
func (x *Executor) Queue(c *session.Client, args [][]byte, raw []byte) (full bool) {
	r := &x.queue[x.n]
	x.n++
	r.client, r.args, r.raw, r.first = c, args, raw, false
	r.cmd = x.lookup(args)
	if r.cmd != nil && r.cmd.KeyAt > 0 && r.cmd.KeyAt < len(args) {
		r.loc = x.engine.Space.Locate(args[r.cmd.KeyAt])
		r.first = true
		key := keyspace.Wanted{DB: c.DB, At: r.loc}
		x.wanted = append(x.wanted, key)
		if at := r.cmd.ElementAt; at > 0 && at < len(args) {
			x.elements = append(x.elements, keyspace.WantedElement{Key: key, Element: args[at]})
		}
	}
	return x.n == BatchMax
}

func (x *Executor) lookup(args [][]byte) *command.Cmd {
	cmd := x.engine.Table.Lookup(args[0])
	if cmd == nil || cmd.Subcommands == nil || len(args) == 1 {
		return cmd
	}
	if sub := cmd.Sub(args[1]); sub != nil {
		return sub
	}
	return cmd
}

// Execute runs the queued requests, stages 2 to 7.
func (x *Executor) Execute() {
	if x.n == 0 {
		return
	}
	x.engine.Space.Prefetch(x.wanted)
	x.wanted = x.wanted[:0]
	x.engine.Space.PrefetchElements(x.elements)
	clear(x.elements) // which are the requests' memory
	x.elements = x.elements[:0]
	if !x.inside {
		x.worker.Enter()
	}
	t := clock.Ticks()
	for i := range x.queue[:x.n] {
		t = x.request(&x.queue[i], t)
	}
	x.worker.Leave()
	if x.inside {
		x.worker.Enter() // whoever wants exclusive mode has it between batches
	}
	x.n = 0
}

// Enter takes the reader lock for longer than a batch: a loop holds it whenever
// it touches its clients, so that they stand still for others in exclusive
// mode. Execute lets exclusive mode of others in.
func (x *Executor) Enter() {
	x.worker.Enter()
	x.inside = true
}

// Leave gives up what Enter took.
func (x *Executor) Leave() {
	x.inside = false
	if x.Stats.Commands != x.executed.Load() {
		x.executed.Store(x.Stats.Commands)
	}
	x.worker.Leave()
}

// Yield lets exclusive mode of others in.
func (x *Executor) Yield() {
	x.worker.Leave()
	x.worker.Enter()
}

// Forget drops what the queue still refers to of requests that are executed, so
// that their memory can be used again.
func (x *Executor) Forget() {
	for i := range x.queue[x.n:] {
		r := &x.queue[x.n+i]
		clear(r.args[:cap(r.args)])
		r.raw = nil
	}
}

// request takes one request through stages 3 to 7. It returns the time it
// ended, which is when the next began.
func (x *Executor) request(r *request, began uint64) uint64 {
	c := r.client
	const stopped = session.Waits | session.CloseAfterReply | session.CloseSoon
	if c.Flags&stopped != 0 {
		if c.Flags&session.Waits != 0 {
			x.host.Unexecuted(c, r.raw)
		}
		return began
	}
	ctx := &x.ctx
	ctx.Args, ctx.Cmd, ctx.Out, ctx.Client = r.args, r.cmd, &c.Out, c
	ctx.Now, ctx.Limits = x.now, x.engine.limits.Load()
	ctx.Resumed, ctx.DenyBlocking = false, false
	x.requestBytes = len(r.raw)
	if c.Flags&(session.ReplyOff|session.ReplySkip|session.ReplySkipNext) != 0 {
		return x.muted(r, began)
	}
	if !x.admit(ctx, r.raw) {
		x.host.Dirty(c)
		return began
	}
	ended := x.perform(ctx, r.loc, r.first, began)
	x.host.Dirty(c)
	return ended
}

// muted executes the request of a client that asked for no replies (CLIENT
// REPLY OFF, SKIP).
func (x *Executor) muted(r *request, began uint64) uint64 {
	c := r.client
	if c.Flags&session.ReplySkipNext != 0 {
		c.Clear(session.ReplySkipNext)
		c.Set(session.ReplySkip)
	}
	silent := c.Flags & (session.ReplyOff | session.ReplySkip)
	mark := c.Out.Mark()
	if x.admit(&x.ctx, r.raw) {
		began = x.perform(&x.ctx, r.loc, r.first, began)
	}
	if c.Has(session.Blocked) && blocking.Of(c) == nil && silent&session.ReplySkip != 0 {
		// Postponed: SKIP is for this request, which comes again.
		c.Set(session.ReplySkipNext)
	}
	// CLIENT REPLY ON answers; what it turned on counts for its own reply.
	if c.Flags&(session.ReplyOff|session.ReplySkip) != 0 {
		c.Out.Rewind(mark)
	}
	c.Clear(silent & session.ReplySkip)
	x.host.Dirty(c)
	return began
}

// admit is stage 3. It reports whether the command may run; if not, it has
// been answered or put back.
func (x *Executor) admit(ctx *command.Ctx, raw []byte) bool {
	cmd := ctx.Cmd
	switch {
	case cmd == nil:
		return x.reject(ctx, x.engine.Table.UnknownCommand(ctx.Args))
	case cmd.Run == nil, cmd.Subcommands != nil && len(ctx.Args) > 1:
		return x.reject(ctx, x.missingSubcommand(ctx))
	case !cmd.ArityOK(len(ctx.Args)):
		return x.reject(ctx, command.WrongArity(cmd))
	}
	armed := x.engine.armed.Load() | ctx.Client.Armed | x.engine.commandArmed[cmd.ID]
	for ; armed != 0; armed &= armed - 1 {
		v := x.engine.gates[bits.TrailingZeros64(armed)].Check(ctx)
		if v.Passed() {
			continue
		}
		if text, refused := v.Refused(); refused {
			return x.refuse(ctx, text)
		}
		if v.Postponed() {
			ctx.Client.Set(session.Blocked)
			x.host.Unexecuted(ctx.Client, raw)
		}
		return false
	}
	return true
}

// reject answers what is no command, unless a gate that is to look at it first says
// something else.
func (x *Executor) reject(ctx *command.Ctx, text string) bool {
	armed := x.engine.armed.Load() | ctx.Client.Armed
	for ; armed != 0; armed &= armed - 1 {
		g := &x.engine.gates[bits.TrailingZeros64(armed)]
		if !g.First {
			continue
		}
		if instead, refused := g.Check(ctx).Refused(); refused {
			return x.refuse(ctx, instead)
		}
	}
	return x.refuse(ctx, text)
}

func (x *Executor) missingSubcommand(ctx *command.Ctx) string {
	if len(ctx.Args) > 1 {
		return command.UnknownSubcommand(ctx.Args)
	}
	return command.WrongArity(ctx.Cmd)
}

// refuse answers a command that does not run. A transaction that it belongs to
// will not be executed.
func (x *Executor) refuse(ctx *command.Ctx, text string) bool {
	if ctx.Client.Has(session.Multi) {
		ctx.Client.Set(session.DirtyExec)
	}
	if ctx.Cmd != nil {
		x.Stats.commands[ctx.Cmd.ID].rejected++
		if f := ctx.Cmd.Spec.Refused; f != nil {
			text = f(ctx, text)
			x.observeRefused(ctx)
		}
	}
	ctx.Out.Error(text)
	x.Stats.CountError(text)
	return false
}

// observeRefused shows the observers a command that was not run but did more
// than nothing: a refused EXEC ends its transaction.
func (x *Executor) observeRefused(ctx *command.Ctx) {
	e := x.engine
	for m := e.watching.Load() & e.wants.executed; m != 0; m &= m - 1 {
		e.observers[bits.TrailingZeros64(m)].Executed(ctx)
	}
}

// perform is stages 4 to 7: it locks what the command needs, runs it, and
// commits. It returns the time it ended.
func (x *Executor) perform(ctx *command.Ctx, loc keyspace.Located, located bool, began uint64) uint64 {
	cmd, w := ctx.Cmd, x.worker
	if w.InExclusive() {
		ctx.Tx = w.Begin(ctx.Client.DB, ctx.Now)
		return x.run(ctx, began)
	}
	waited := cmd.Flags&command.Write != 0 && x.engine.Waiting.Any()
	switch {
	case cmd.Lock == command.LockNone:
		ctx.Tx = w.Begin(ctx.Client.DB, ctx.Now)
		return x.run(ctx, began)
	case cmd.Lock == command.LockExclusive:
		return x.runExclusive(ctx, began)
	case located:
		key := ctx.Args[cmd.KeyAt]
		if waited && x.engine.Waiting.Waited(ctx.Client.DB, key) {
			return x.runExclusive(ctx, began)
		}
		ctx.Tx = w.Begin(ctx.Client.DB, ctx.Now)
		ctx.Tx.Hint(key, loc)
		s := loc.Shard()
		w.LockShard(s)
		t := x.run(ctx, began)
		w.UnlockShard(s)
		return t
	}
	keys, err := cmd.Keys(x.keys[:0], ctx.Args)
	x.keys = keys
	if err != nil || len(keys) == 0 {
		// The handler will find the mistake; it needs no lock to do so, but a
		// command that may go without keys might touch anything.
		return x.runExclusive(ctx, began)
	}
	ctx.Tx = w.Begin(ctx.Client.DB, ctx.Now)
	var set [4]uint64
	for _, k := range keys {
		key := ctx.Args[k.Pos]
		if waited && x.engine.Waiting.Waited(ctx.Client.DB, key) {
			x.wanted = x.wanted[:0]
			return x.runExclusive(ctx, began)
		}
		l := x.engine.Space.Locate(key)
		ctx.Tx.Hint(key, l)
		set[l.Shard()>>6] |= 1 << (l.Shard() & 63)
		if len(x.wanted) < keyspace.PrefetchMax {
			x.wanted = append(x.wanted, keyspace.Wanted{DB: ctx.Client.DB, At: l})
		}
	}
	x.engine.Space.Prefetch(x.wanted)
	x.wanted = x.wanted[:0]
	w.LockShards(&set)
	t := x.run(ctx, began)
	w.UnlockShards()
	return t
}

// runExclusive runs the command while nothing else executes, and then serves
// the clients whose keys it made ready.
func (x *Executor) runExclusive(ctx *command.Ctx, began uint64) uint64 {
	x.worker.BeginExclusive()
	ctx.Tx = x.worker.Begin(ctx.Client.DB, ctx.Now)
	t := x.run(ctx, began)
	x.serveReady()
	x.worker.EndExclusive()
	return t
}

// run is stages 5 to 7.
func (x *Executor) run(ctx *command.Ctx, began uint64) uint64 {
	dirty := x.worker.Stats.Dirty
	mark := ctx.Out.Mark()
	x.depth++
	if x.depth == 1 {
		ctx.Client.LastCommand = ctx.Cmd.Name // EXEC, not what it executes
	}
	if ctx.Client.Flags&privileged != 0 {
		x.grantPrivileges(ctx)
	}
	outer := x.current
	x.current = ctx
	ctx.Cmd.Run(ctx)
	x.current = outer
	x.depth--
	// A batch without observers is what they left when they were unarmed.
	if armed := x.engine.watching.Load(); armed != 0 || len(x.batch) > 0 {
		x.commit(ctx, x.worker.Stats.Dirty-dirty, armed)
	}
	ctx.Effects.Reset()
	ended := clock.Ticks()
	if ctx.Client.Has(session.Blocked) {
		if w := blocking.Of(ctx.Client); w != nil && (!ctx.Resumed || w.Again) {
			return ended // counted when the wait ends
		}
	}
	x.account(ctx, mark, ended-began)
	return ended
}

// commit is stage 6, for the armed observers. What the commands of a
// transaction propagate is kept until the outermost command, EXEC, is done.
func (x *Executor) commit(ctx *command.Ctx, changes int64, armed uint64) {
	e := x.engine
	if armed&e.wants.propagate != 0 {
		x.batch = ctx.Effects.AppendPropagated(x.batch, ctx.Tx.DB(), ctx.Args, changes)
	}
	x.flushBatch(armed)
	if events := ctx.Effects.Events(); len(events) > 0 {
		for m := armed & e.wants.event; m != 0; m &= m - 1 {
			for _, ev := range events {
				e.observers[bits.TrailingZeros64(m)].Event(ev)
			}
		}
	}
	if !ctx.Resumed {
		for m := armed & e.wants.executed; m != 0; m &= m - 1 {
			e.observers[bits.TrailingZeros64(m)].Executed(ctx)
		}
	}
}

// flushBatch hands what is to be propagated to the observers, unless a command
// is still running.
func (x *Executor) flushBatch(armed uint64) {
	if x.depth > 0 || len(x.batch) == 0 {
		return
	}
	for m := armed & x.engine.wants.propagate; m != 0; m &= m - 1 {
		x.engine.observers[bits.TrailingZeros64(m)].Propagate(x.batch)
	}
	clear(x.batch)
	x.batch = x.batch[:0]
}

// Call implements command.Server.
func (x *Executor) Call(c *command.Ctx, args [][]byte) {
	ctx := command.Ctx{Args: args, Cmd: x.lookup(args), Out: c.Out, Client: c.Client, Now: c.Now,
		Limits: c.Limits, DenyBlocking: true, Server: x}
	ctx.Tx = x.worker.Begin(c.Client.DB, c.Now)
	x.run(&ctx, clock.Ticks())
}

// Modified implements keyspace.Sink.
func (x *Executor) Modified(tx *keyspace.Tx, key []byte) {
	if x.engine.Waiting.Any() {
		if x.worker.InExclusive() {
			x.engine.Waiting.Signal(tx.DB(), key)
		} else {
			// Only the removal of an expired or evicted key by a command that
			// does not write it, or by a background task.
			x.engine.Waiting.SignalLater(tx.DB(), key)
		}
	}
	e := x.engine
	for m := e.watching.Load() & e.wants.modified; m != 0; m &= m - 1 {
		e.observers[bits.TrailingZeros64(m)].Modified(tx, key)
	}
}

// Removed implements keyspace.Sink.
func (x *Executor) Removed(tx *keyspace.Tx, key []byte, why keyspace.Reason) {
	e, armed := x.engine, x.engine.watching.Load()
	if armed&e.wants.propagate != 0 {
		x.batch = append(x.batch, command.Propagated{DB: tx.DB(), Args: [][]byte{deletion(tx, why), slices.Clone(key)}})
		x.flushBatch(armed)
	}
	for m := armed & e.wants.removed; m != 0; m &= m - 1 {
		e.observers[bits.TrailingZeros64(m)].Removed(tx, key, why)
	}
	event := removalEvents[why]
	x.raise(event.Class, event.Name, tx.DB(), key)
}

// FieldsExpired implements keyspace.Sink.
func (x *Executor) FieldsExpired(tx *keyspace.Tx, key []byte, fields [][]byte, emptied bool) {
	e, armed := x.engine, x.engine.watching.Load()
	if armed&e.wants.propagate != 0 {
		args := append([][]byte{[]byte("HDEL"), slices.Clone(key)}, fields...)
		x.batch = append(x.batch, command.Propagated{DB: tx.DB(), Args: args})
		if !emptied { // else the removal belongs to the same unit
			x.flushBatch(armed)
		}
	}
	for m := armed & e.wants.fieldsExpired; m != 0; m &= m - 1 {
		e.observers[bits.TrailingZeros64(m)].FieldsExpired(tx, key, fields)
	}
	x.raise(command.EventExpired, "hexpired", tx.DB(), key)
}

// deletion names the command by which a removal is propagated.
func deletion(tx *keyspace.Tx, why keyspace.Reason) []byte {
	if tx.Worker().Space().RemovesLazily(why) {
		return []byte("UNLINK")
	}
	return []byte("DEL")
}

// Exclusive implements command.Server.
func (x *Executor) Exclusive(f func()) { x.worker.Exclusive(f) }

// EventsEnabled implements command.Server.
func (x *Executor) EventsEnabled(class command.EventClass) bool {
	return x.engine.EventsEnabled(class)
}

// Do runs f in exclusive mode, outside of any batch, and serves waiting clients
// afterwards. Loops and background tasks use it for work that is no command.
func (x *Executor) Do(f func()) {
	if !x.inside {
		x.worker.Enter()
		defer x.worker.Leave()
	}
	x.worker.BeginExclusive()
	f()
	x.serveReady()
	x.worker.EndExclusive()
}

// Apply executes one command for an internal client, without gates: the replay
// of a file, a primary's stream, a script. In exclusive mode already, it runs
// at once; otherwise it is locked like any other.
func (x *Executor) Apply(c *session.Client, args [][]byte) {
	ctx := x.ctx // a nested command must not disturb the one under way
	ctx.Effects = command.Effects{}
	ctx.Args, ctx.Cmd, ctx.Out, ctx.Client = args, x.lookup(args), &c.Out, c
	ctx.Now, ctx.Limits, ctx.DenyBlocking = x.now, x.engine.limits.Load(), true
	defer func(outer int) { x.requestBytes = outer }(x.requestBytes)
	x.requestBytes = command.RequestBytes(args)
	switch {
	case ctx.Cmd == nil:
		x.refuse(&ctx, x.engine.Table.UnknownCommand(args))
	case ctx.Cmd.Run == nil:
		x.refuse(&ctx, x.missingSubcommand(&ctx))
	case !ctx.Cmd.ArityOK(len(args)):
		x.refuse(&ctx, command.WrongArity(ctx.Cmd))
	default:
		x.perform(&ctx, keyspace.Located{}, false, clock.Ticks())
	}
}

// Block implements command.Server. The plan of a command that may block is
// exclusive.
func (x *Executor) Block(c *command.Ctx, b command.Block) {
	if w := blocking.Of(c.Client); w != nil {
		w.Again = true // ran again and still waits
		return
	}
	args := command.CloneArgs(c.Args)
	b.Keys = command.CloneArgs(b.Keys)
	x.engine.Waiting.Add(&blocking.Wait{Client: c.Client, Cmd: c.Cmd, Args: args, Block: b, DB: c.Tx.DB(), SinceMillis: c.Now})
}

// serveReady runs the commands of waiting clients whose keys were signalled,
// until no more keys are ready. Exclusive mode.
func (x *Executor) serveReady() {
	q := x.engine.Waiting
	for first := true; ; first = false {
		key, ok := q.NextReady()
		if !ok {
			return
		}
		if first {
			// What made the key ready may have taken long; a waiting command
			// runs now, and must not see what has expired since.
			x.now = x.engine.Clock.Now().UnixMilli()
		}
		for i := 0; i < len(q.Waiters(key)); {
			w := q.Waiters(key)[i]
			if !x.mayServe(w, key) || !x.resume(w) {
				i++
			}
		}
	}
}

// mayServe tests cheaply whether it is worth running a waiting command again.
func (x *Executor) mayServe(w *blocking.Wait, key blocking.Key) bool {
	e := x.worker.Begin(key.DB, x.now).Peek([]byte(key.Name))
	return w.Block.OnKeyGone || e.Found() && e.Type() == w.Block.Type
}

// resume runs a waiting command again and reports whether the wait has ended.
func (x *Executor) resume(w *blocking.Wait) bool {
	c := w.Client
	ctx := command.Ctx{Args: w.Args, Cmd: w.Cmd, Out: &c.Out, Client: c, Now: x.now,
		Limits: x.engine.limits.Load(), Resumed: true, Server: x}
	mark := c.Out.Mark()
	ctx.Tx = x.worker.Begin(w.DB, x.now)
	w.Again = false
	x.requestBytes = command.RequestBytes(w.Args)
	x.run(&ctx, clock.Ticks())
	if w.Again {
		return false
	}
	if c.Has(session.ReplyOff) {
		c.Out.Rewind(mark)
	}
	x.endWait(w)
	return true
}

// endWait takes a client out of the queues after it has been answered.
func (x *Executor) endWait(w *blocking.Wait) {
	x.engine.Waiting.Remove(w)
	if w.Client.Touch != nil {
		w.Client.Touch()
	}
}

// EndWaits answers the clients whose deadline has come, and serves those whose
// keys were signalled outside of exclusive mode. The loop calls it when
// Engine.WaitsDue says so.
func (x *Executor) EndWaits() {
	q := x.engine.Waiting
	x.Do(func() {
		q.CollectLater()
		for w := q.Due(x.now); w != nil; w = q.Due(x.now) {
			x.TimeoutWait(w)
		}
	})
}

// TimeoutWait ends a wait as if its deadline had come. Exclusive mode only.
func (x *Executor) TimeoutWait(w *blocking.Wait) {
	mark := w.Client.Out.Mark()
	if w.Block.Timeout != nil {
		w.Block.Timeout(&w.Client.Out)
	} else {
		w.Client.Out.NullArray()
	}
	x.accountWait(w, mark)
	x.endWait(w)
}

// AbortWait ends a wait with an error. Exclusive mode only.
func (x *Executor) AbortWait(w *blocking.Wait, text string) {
	w.Client.Out.Error(text)
	x.Stats.CountError(text)
	x.Stats.commands[w.Cmd.ID].rejected++
	x.accountWait(w, w.Client.Out.Mark())
	x.endWait(w)
}

// accountWait counts a command whose wait ends without another run, which would
// have counted it. Its reply begins at mark.
func (x *Executor) accountWait(w *blocking.Wait, mark resp.Mark) {
	x.requestBytes = command.RequestBytes(w.Args)
	x.account(&command.Ctx{Args: w.Args, Cmd: w.Cmd, Out: &w.Client.Out, Client: w.Client, Now: x.now, Server: x}, mark, 0)
}

var _ keyspace.Sink = (*Executor)(nil)
var _ command.Server = (*Executor)(nil)
