package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/loadgen"
	"github.com/kvasirdb/kvasir/test/harness"
)

const (
	valueBytes  = 16
	clients     = 50
	busyLoops   = 4
	probeCount  = 250 // in each of probeTurns
	probeTurns  = 4
	idleSeconds = 3
	// exclusiveMax bounds the time that all these probes take.
	exclusiveMax = time.Minute
	// clockTicks is USER_HZ, the unit of CPU times in /proc, on every Linux.
	clockTicks = 100
)

// bench is a run of the measurements.
type bench struct {
	options
	scale
	commands []named
	figures  *Figures
	threads  int // of the load generator
}

// named is a server to measure.
type named struct {
	name    string
	command harness.Command
}

func measure(ctx context.Context, o options, s scale) (*Figures, error) {
	b := &bench{options: o, scale: s, threads: 1, figures: &Figures{
		Machine: machine(), Command: "make bench", Rounds: s.Rounds, Keyspace: s.Keyspace,
	}}
	b.figures.Command = o.command()
	b.commands = append(b.commands, named{"kvasir", harness.Kvasir(o.Kvasir)})
	references := harness.References()
	if path, err := exec.LookPath("redis-server"); err == nil && references["redis"].Path == "" {
		references["redis"] = harness.Command{Path: path}
	}
	for _, product := range []string{"redis", "valkey"} {
		if c := references[product]; c.Path != "" {
			b.commands = append(b.commands, named{product, c})
		}
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"throughput", b.throughput}, {"loops", b.loops}, {"memory", b.memory}, {"growth", b.growth}, {"idle", b.idle}, {"exclusive", b.exclusive},
		{"collections", b.collections}, {"durability", b.durability},
	} {
		if !o.wants(part.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s\n", part.name)
		if err := part.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return b.figures, nil
}

// command is how to measure the same again.
func (o options) command() string {
	var args []string
	if o.Full {
		args = append(args, "-full")
	}
	if o.Only != "" {
		args = append(args, "-only", o.Only)
	}
	if o.rounds > 0 {
		args = append(args, "-rounds", strconv.Itoa(o.rounds))
	}
	if o.duration > 0 {
		args = append(args, "-duration", o.duration.String())
	}
	if len(args) == 0 {
		return "make bench"
	}
	return fmt.Sprintf("make bench ARGS=%q", strings.Join(args, " "))
}

// machine describes where this runs.
func machine() string {
	model := "unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, Linux %s", model, strings.TrimSpace(string(release)))
}

// target is a running server.
type target struct {
	*harness.Server
	name string
}

// start starts a server, on the servers' core if it is pinned, and otherwise on
// all cores: it would inherit the one of this process.
func (b *bench) start(c named, pin bool, extra ...string) (*target, error) {
	command := c.command.With(extra...)
	cores := everyCore
	if pin {
		cores = strconv.Itoa(b.ServerCPU)
	}
	command.Wrapper = []string{"taskset", "-c", cores}
	s, err := harness.StartBinary(command)
	if err != nil {
		return nil, err
	}
	t := &target{s, c.name + " " + s.Version}
	if c.name == "kvasir" {
		t.name = "kvasir"
	}
	if !slices.Contains(b.figures.Servers, t.name) {
		b.figures.Servers = append(b.figures.Servers, t.name)
	}
	return t, nil
}

// each starts the servers one after the other and calls f for each.
func (b *bench) each(f func(*target) error, pin bool, extra ...string) error {
	for _, c := range b.commands {
		t, err := b.start(c, pin, extra...)
		if err != nil {
			return err
		}
		err = f(t)
		if err = errors.Join(err, t.Stop()); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// do sends one command.
func (t *target) do(ctx context.Context, args ...string) (client.Value, error) {
	conn, err := client.Dial(ctx, client.Options{Addr: t.Addr})
	if err != nil {
		return client.Value{}, err
	}
	defer conn.Close()
	v, err := conn.Do(ctx, args...)
	if err == nil {
		err = v.Err()
	}
	return v, err
}

// fill makes keys: key:000000000000 and so on.
func (t *target) fill(ctx context.Context, keys int64, set ...string) error {
	_, err := loadgen.Run(ctx, loadgen.Config{
		Addr: t.Addr, Clients: clients, Pipeline: 32, Keyspace: keys, Counters: new(loadgen.Counters), Requests: keys,
		Sequence: loadgen.Command(set...),
	}, nil)
	return err
}

// usage is what a process has used.
type usage struct {
	cpu           time.Duration
	childCPU      time.Duration // of children that have ended
	residentBytes int64
}

// used reads what the server has used.
func (t *target) used() (u usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.PID))
	if err != nil {
		return u, err
	}
	// The name of the process, in parentheses, may contain anything.
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
	fields := strings.Fields(rest)
	const state, userTime, systemTime, childUser, childSystem, residentPages = 3, 14, 15, 16, 17, 24 // numbered as in proc(5)
	number := func(field int) int64 {
		n, e := strconv.ParseInt(fields[field-state], 10, 64)
		err = errors.Join(err, e)
		return n
	}
	u.cpu = time.Duration(number(userTime)+number(systemTime)) * (time.Second / clockTicks)
	u.childCPU = time.Duration(number(childUser)+number(childSystem)) * (time.Second / clockTicks)
	u.residentBytes = number(residentPages) * int64(os.Getpagesize())
	return u, err
}

// test is one kind of request.
type test struct {
	name    string
	request []string
	fill    []string // makes the keys that it reads
}

var (
	value = strings.Repeat("x", valueBytes)
	tests = []test{
		{"PING", []string{"PING"}, nil},
		{"SET", []string{"SET", "key:__rand_int__", value}, nil},
		{"GET", []string{"GET", "key:__rand_int__"}, []string{"SET", "key:__rand_int__", value}},
		{"INCR", []string{"INCR", "counter:__rand_int__"}, nil},
		{"LPUSH", []string{"LPUSH", "list:__rand_int__", value}, nil},
		{"HSET", []string{"HSET", "hash:__rand_int__", "field:__rand_1st__", value}, nil},
		{"SADD", []string{"SADD", "set:__rand_int__", "member:__rand_1st__"}, nil},
		{"ZADD", []string{"ZADD", "zset:__rand_int__", "1", "member:__rand_1st__"}, nil},
	}
	pipelines = []int{1, 16, 64}
)

// throughput measures all tests on all servers, in turn.
func (b *bench) throughput(ctx context.Context) (err error) {
	var targets []*target
	defer func() {
		for _, t := range targets {
			err = errors.Join(err, t.Stop())
		}
	}()
	for _, c := range b.commands {
		t, err := b.start(c, true)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	for _, test := range tests {
		for _, t := range targets {
			if err := t.prepare(ctx, test, b.Keyspace); err != nil {
				return err
			}
		}
		for _, pipeline := range pipelines {
			if err := b.rounds(ctx, targets, test, pipeline); err != nil {
				return fmt.Errorf("%s: %w", test.name, err)
			}
		}
	}
	return nil
}

// loops measures servers with two threads for their clients, where server and
// load generator share all cores.
func (b *bench) loops(ctx context.Context) (err error) {
	if err := allCores(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, onlyCore(b.LoadCPU)) }()
	var targets []*target
	defer func() {
		for _, t := range targets {
			err = errors.Join(err, t.Stop())
		}
	}()
	for _, c := range b.commands {
		t, err := b.start(c, false, "--io-threads", "2")
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	single := b.figures.Throughput
	defer func() { b.figures.Loops, b.figures.Throughput = b.figures.Throughput, single }()
	b.figures.Throughput, b.threads = nil, 2
	defer func() { b.threads = 1 }()
	for _, test := range tests {
		if test.name != "SET" && test.name != "GET" {
			continue
		}
		for _, t := range targets {
			if err := t.prepare(ctx, test, b.Keyspace); err != nil {
				return err
			}
		}
		for _, pipeline := range pipelines {
			if err := b.rounds(ctx, targets, test, pipeline); err != nil {
				return fmt.Errorf("%s: %w", test.name, err)
			}
		}
	}
	return nil
}

// allCores lets this process run on every core, onlyCore on one.
func allCores() error         { return affinity(everyCore) }
func onlyCore(core int) error { return affinity(strconv.Itoa(core)) }

// everyCore names more cores than any machine has; the system takes those there are.
const everyCore = "0-1023"

func affinity(list string) error {
	out, err := exec.Command("taskset", "-a", "-c", "-p", list, strconv.Itoa(os.Getpid())).CombinedOutput()
	if err != nil {
		return fmt.Errorf("taskset: %w: %s", err, out)
	}
	return nil
}

func (t *target) prepare(ctx context.Context, test test, keys int64) error {
	if _, err := t.do(ctx, "FLUSHALL"); err != nil || test.fill == nil {
		return err
	}
	return t.fill(ctx, keys, test.fill...)
}

func (b *bench) rounds(ctx context.Context, targets []*target, test test, pipeline int) error {
	rates, cpus := make([][]float64, len(targets)), make([][]float64, len(targets))
	for round := range b.Rounds {
		for i := range targets {
			k := (i + round) % len(targets)
			rate, cpu, err := b.once(ctx, targets[k], test, pipeline)
			if err != nil {
				return fmt.Errorf("%s: %w", targets[k].name, err)
			}
			rates[k], cpus[k] = append(rates[k], rate), append(cpus[k], cpu)
		}
	}
	for k, t := range targets {
		b.figures.Throughput = append(b.figures.Throughput, Throughput{test.name, pipeline, t.name, median(rates[k]), median(cpus[k])})
	}
	return nil
}

// once measures one test on one server: requests per second, and the server's
// CPU time per request in microseconds. The warm-up is not in the rate, but
// costs CPU, so a run has none.
func (b *bench) once(ctx context.Context, t *target, test test, pipeline int) (rate, cpuMicros float64, err error) {
	before, err := t.used()
	if err != nil {
		return 0, 0, err
	}
	result, err := loadgen.Run(ctx, loadgen.Config{
		Addr: t.Addr, Clients: clients, Threads: b.threads, Pipeline: pipeline, Keyspace: b.Keyspace,
		Duration: b.Duration, Sequence: loadgen.Command(test.request...),
	}, nil)
	if err != nil {
		return 0, 0, err
	}
	after, err := t.used()
	if err != nil || result.Requests == 0 {
		return 0, 0, errors.Join(err, errors.New("no request was answered"))
	}
	return result.RPS, float64((after.cpu - before.cpu).Microseconds()) / float64(result.Requests), nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// memory measures the resident memory of keys, with and without a time to live.
func (b *bench) memory(ctx context.Context) error {
	for _, expiring := range []bool{false, true} {
		set := []string{"SET", "key:__rand_int__", value}
		if expiring {
			set = append(set, "EX", "1000000")
		}
		err := b.each(func(t *target) error {
			before, err := t.used()
			if err != nil {
				return err
			}
			if err := t.fill(ctx, b.MemoryKeys, set...); err != nil {
				return err
			}
			after, err := t.used()
			if err != nil {
				return err
			}
			info, err := t.do(ctx, "INFO", "memory")
			if err != nil {
				return err
			}
			heap, _ := strconv.ParseInt(harness.InfoFields(info.Str)["used_memory_go_heap"], 10, 64)
			perKey := float64(after.residentBytes-before.residentBytes) / float64(b.MemoryKeys)
			b.figures.Memory = append(b.figures.Memory, Memory{t.name, b.MemoryKeys, expiring, perKey, heap})
			return nil
		}, true)
		if err != nil {
			return err
		}
	}
	return nil
}

// growth lets the keyspace grow at a fixed rate and measures what another
// connection waits for its replies meanwhile.
func (b *bench) growth(ctx context.Context) error {
	return b.each(func(t *target) error {
		keys := int64(b.GrowthRate) * int64(b.GrowthLength/time.Second)
		if _, err := t.do(ctx, "SET", "probe", value); err != nil {
			return err
		}
		waits, err := t.waits(ctx, func() error {
			_, err := loadgen.Run(ctx, loadgen.Config{
				Addr: t.Addr, Clients: 8, Pipeline: 8, Keyspace: keys, Counters: new(loadgen.Counters), Requests: keys,
				RequestsPerSecond: b.GrowthRate, Sequence: loadgen.Command("SET", "key:__rand_int__", value),
			}, nil)
			return err
		})
		if err != nil {
			return err
		}
		total, own := sorted(waits)
		b.figures.Growth = append(b.figures.Growth, Growth{
			t.name, b.GrowthRate, keys, at(total, 0.5), at(total, 0.999), at(total, 1), at(own, 0.999), at(own, 1)})
		return nil
	}, true)
}

// exclusive measures a command that no other may run beside, while four loops
// are busy, in turns with one that stops nobody.
func (b *bench) exclusive(ctx context.Context) error {
	return b.each(func(t *target) error {
		if err := t.fill(ctx, b.Keyspace, "SET", "key:__rand_int__", value); err != nil {
			return err
		}
		counting, err := client.Dial(ctx, client.Options{Addr: t.Addr}) // while the server still has time for it
		if err != nil {
			return err
		}
		defer counting.Close()
		busy, stop := context.WithTimeout(ctx, exclusiveMax)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			// It ends with the context.
			loadgen.Run(busy, loadgen.Config{
				Addr: t.Addr, Clients: clients, Pipeline: 16, Keyspace: b.Keyspace, Duration: time.Hour,
				Sequence: loadgen.Command("GET", "key:__rand_int__"),
			}, nil)
		}()
		defer func() {
			stop()
			<-ended
		}()
		var plain, exclusive probes
		for range probeTurns {
			if err := plain.take(busy, t, counting, "GET", "key:000000000000"); err != nil {
				return err
			}
			if err := exclusive.take(busy, t, counting, "SWAPDB", "14", "15"); err != nil {
				return err
			}
		}
		b.figures.Exclusive = append(b.figures.Exclusive, Exclusive{
			Server: t.name, Loops: busyLoops, Plain: plain.latency(), Exclusive: exclusive.latency(),
			PlainRate: plain.rate(), ExclusiveRate: exclusive.rate(),
		})
		return nil
	}, false, "--io-threads", strconv.Itoa(busyLoops))
}

// probes are the latencies of one command in several turns, and what the server
// executed for other clients meanwhile.
type probes struct {
	latencies []time.Duration
	executed  int64
	took      time.Duration
}

// take sends the command probeCount times.
func (p *probes) take(ctx context.Context, t *target, counting *client.Conn, args ...string) error {
	before, err := executed(ctx, counting)
	if err != nil {
		return err
	}
	began := time.Now()
	latencies, err := t.probe(ctx, probeCount, time.Millisecond, args...)
	if err != nil {
		return err
	}
	took := time.Since(began)
	after, err := executed(ctx, counting)
	if err != nil {
		return err
	}
	p.latencies = append(p.latencies, latencies...)
	p.executed += after - before - int64(len(latencies))
	p.took += took
	return nil
}

func (p *probes) latency() Latency {
	slices.Sort(p.latencies)
	return Latency{at(p.latencies, 0.5), at(p.latencies, 0.99), at(p.latencies, 1)}
}

func (p *probes) rate() float64 { return float64(p.executed) / p.took.Seconds() }

// executed returns how many commands the server at the other end has executed.
func executed(ctx context.Context, conn *client.Conn) (int64, error) {
	info, err := conn.Do(ctx, "INFO", "stats")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(harness.InfoFields(info.Str)["total_commands_processed"], 10, 64)
}

// probe sends a command again and again, count times or until the context ends,
// and returns the sorted latencies.
func (t *target) probe(ctx context.Context, count int, pause time.Duration, args ...string) ([]time.Duration, error) {
	conn, err := client.Dial(context.Background(), client.Options{Addr: t.Addr})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	var latencies []time.Duration
	for count == 0 || len(latencies) < count {
		select {
		case <-ctx.Done():
			slices.Sort(latencies)
			return latencies, nil
		case <-ticker.C:
		}
		began := time.Now()
		v, err := conn.Do(context.Background(), args...)
		if err == nil {
			err = v.Err()
		}
		if err != nil {
			return nil, err
		}
		latencies = append(latencies, time.Since(began))
	}
	slices.Sort(latencies)
	return latencies, nil
}

// at returns the latency that the part p of all did not exceed, in microseconds.
func at(sorted []time.Duration, p float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(p*float64(len(sorted)-1))].Microseconds()
}

// idle measures connections that send nothing.
func (b *bench) idle(ctx context.Context) error {
	return b.each(func(t *target) error {
		before, err := t.used()
		if err != nil {
			return err
		}
		holding, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			loadgen.Run(holding, loadgen.Config{Addr: t.Addr, Clients: b.Idle, Idle: true}, nil)
		}()
		defer func() {
			stop()
			<-ended
		}()
		if err := t.awaitClients(ctx, b.Idle); err != nil {
			return err
		}
		made, err := t.used()
		if err != nil {
			return err
		}
		time.Sleep(idleSeconds * time.Second)
		after, err := t.used()
		if err != nil {
			return err
		}
		b.figures.Idle = append(b.figures.Idle, Idle{
			t.name, b.Idle, float64(made.residentBytes-before.residentBytes) / float64(b.Idle),
			100 * (after.cpu - made.cpu).Seconds() / idleSeconds,
		})
		return nil
	}, true)
}

// awaitClients waits until so many clients are connected.
func (t *target) awaitClients(ctx context.Context, count int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		info, err := t.do(ctx, "INFO", "clients")
		if err != nil {
			return fmt.Errorf("waiting for %d clients: %w", count, err)
		}
		if n, _ := strconv.Atoi(harness.InfoFields(info.Str)["connected_clients"]); n >= count {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}
