package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/loadgen"
	"github.com/kvasirdb/kvasir/test/harness"
)

// Durability is what keeping data costs.
type Durability struct {
	PerSecond int // writes, while files are made
	Keys      int64
	Stalls    []SaveStall
	Files     []FileTime
	FileKeys  int64
	Writes    []DurableWrites
}

// SaveStall is what clients notice of a file that is made, and the memory that
// it takes.
type SaveStall struct {
	Phase      string
	Server     string
	P999Micros int64
	MaxMicros  int64
	OwnMicros  int64 // the longest of a probe, without what threads waited for a processor
	Idle       bool  // no file is made
	ExtraBytes int64 // at most, while one is made
}

// FileTime is how long a file takes to be made or loaded.
type FileTime struct {
	What       string
	Server     string
	Seconds    float64
	CPUSeconds float64
}

// DurableWrites is the throughput of SET with an append-only file.
type DurableWrites struct {
	Policy            string
	Server            string
	RequestsPerSecond float64
	CPUMicros         float64
}

// durabilityScale is how much is measured.
type durabilityScale struct {
	Keys      int64 // while clients write
	PerSecond int
	Phase     time.Duration // at least
	FileKeys  int64
	Rounds    int // of making and loading files
}

var (
	quickDurability = durabilityScale{1_600_000, 50_000, 5 * time.Second, 500_000, 1}
	fullDurability  = durabilityScale{16_000_000, 50_000, 20 * time.Second, 5_000_000, 3}
)

// smallValueBytes makes 16 million keys about 2 GB.
const smallValueBytes = 64

type durabilityBench struct {
	*bench
	scale durabilityScale
	out   *Durability
}

// durability measures what keeping data costs. The part of -only after a slash
// picks one of its tables: durability/stalls.
func (b *bench) durability(ctx context.Context) error {
	scale := quickDurability
	if b.Full {
		scale = fullDurability
	}
	m := durabilityBench{b, scale, &Durability{PerSecond: scale.PerSecond, Keys: scale.Keys, FileKeys: scale.FileKeys}}
	b.figures.Durability = m.out
	_, only, _ := strings.Cut(b.Only, "/")
	for _, table := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"stalls", m.stalls}, {"files", m.files}, {"writes", m.writes},
	} {
		if only != "" && only != table.name {
			continue
		}
		if err := table.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	return nil
}

// savePhase is a way of making a file while clients write, or of making none.
type savePhase struct {
	name string
	make []string // makes the file, if set
	busy string   // the field of INFO that tells how long
}

// saveComparisons are phases without a file and with one, which are measured in
// turn, after what prepares both.
var saveComparisons = []struct {
	prepare []string
	phases  [2]savePhase
}{
	{nil, [2]savePhase{
		{name: "nothing"},
		{name: "BGSAVE", make: []string{"BGSAVE"}, busy: "rdb_bgsave_in_progress"},
	}},
	{[]string{"CONFIG", "SET", "appendonly", "yes"}, [2]savePhase{
		{name: "append-only file"},
		{name: "BGREWRITEAOF", make: []string{"BGREWRITEAOF"}, busy: "aof_rewrite_in_progress"},
	}},
}

// stalls lets clients write at a fixed rate while files are made. All servers
// have their keys at once, each phase visits them in turn, and phases without and
// with a file alternate. The servers are on one core: where threads of the server
// and of its clients can change places, the kernel now and then puts both on one
// core that is too slow for both, and nothing else shows beside that.
func (m *durabilityBench) stalls(ctx context.Context) (err error) {
	var targets []*target
	defer func() {
		for _, t := range targets {
			err = errors.Join(err, t.Stop())
		}
	}()
	for _, c := range m.commands {
		t, err := m.start(c, true, "--auto-aof-rewrite-percentage", "0")
		if err != nil {
			return err
		}
		targets = append(targets, t)
		progress("making", m.scale.Keys, "keys:", t.name)
		if err := t.fill(ctx, m.scale.Keys, "SET", "key:__rand_int__", strings.Repeat("x", smallValueBytes)); err != nil {
			return err
		}
		if _, err := t.do(ctx, "SET", "probe", value); err != nil {
			return err
		}
	}
	for _, c := range saveComparisons {
		for _, t := range targets {
			if c.prepare == nil {
				continue
			}
			if err := m.makeFile(ctx, t, c.prepare, c.phases[1].busy); err != nil {
				return err
			}
		}
		rounds := map[string][]SaveStall{}
		for range m.Rounds {
			for _, phase := range c.phases {
				for _, t := range targets {
					progress("writing, and making", phase.name+":", t.name)
					s, err := m.phase(ctx, t, phase)
					if err != nil {
						return fmt.Errorf("%s: %s: %w", t.name, phase.name, err)
					}
					rounds[phase.name+t.name] = append(rounds[phase.name+t.name], s)
				}
			}
		}
		for _, phase := range c.phases {
			for _, t := range targets {
				m.out.Stalls = append(m.out.Stalls, medianSaveStall(rounds[phase.name+t.name]))
			}
		}
	}
	return nil
}

// medianSaveStall returns the median of each latency, and the most memory.
func medianSaveStall(rounds []SaveStall) SaveStall {
	s := rounds[0]
	median := func(of func(SaveStall) int64) int64 {
		all := make([]int64, len(rounds))
		for i, r := range rounds {
			all[i] = of(r)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	s.P999Micros = median(func(s SaveStall) int64 { return s.P999Micros })
	s.MaxMicros = median(func(s SaveStall) int64 { return s.MaxMicros })
	s.OwnMicros = median(func(s SaveStall) int64 { return s.OwnMicros })
	for _, r := range rounds {
		s.ExtraBytes = max(s.ExtraBytes, r.ExtraBytes)
	}
	return s
}

// makeFile makes a file and waits until it is complete.
func (m *durabilityBench) makeFile(ctx context.Context, t *target, command []string, busy string) error {
	if _, err := t.do(ctx, command...); err != nil {
		return err
	}
	return t.awaitFile(ctx, busy, nil)
}

const (
	filePoll = 20 * time.Millisecond
	fileMax  = 10 * time.Minute
)

// awaitFile waits until INFO says that no file is being made, and calls look
// again and again until then.
func (t *target) awaitFile(ctx context.Context, busy string, look func() error) error {
	ctx, cancel := context.WithTimeout(ctx, fileMax)
	defer cancel()
	conn, err := client.Dial(ctx, client.Options{Addr: t.Addr})
	if err != nil {
		return err
	}
	defer conn.Close()
	ticker := time.NewTicker(filePoll)
	defer ticker.Stop()
	for {
		v, err := conn.Do(ctx, "INFO", "persistence")
		if err != nil {
			return err
		}
		info := harness.InfoFields(v.Str)
		if info[busy] == "0" && info["aof_rewrite_scheduled"] == "0" {
			if info["rdb_last_bgsave_status"] != "ok" || info["aof_last_bgrewrite_status"] != "ok" {
				return errors.New("the server could not make its file")
			}
			return nil
		}
		if look != nil {
			if err := look(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// phase makes files again and again for a while, under load, and measures what
// clients notice; then once more under load, to see what memory it takes.
func (m *durabilityBench) phase(ctx context.Context, t *target, phase savePhase) (SaveStall, error) {
	s := SaveStall{Phase: phase.name, Server: t.name, Idle: phase.make == nil}
	o := openLoop{addr: t.Addr, perSecond: m.scale.PerSecond, keys: m.scale.Keys, valueBytes: smallValueBytes}
	var latencies []time.Duration
	waits, err := t.waits(ctx, func() (err error) {
		latencies, err = o.during(ctx, func() error {
			for began := time.Now(); time.Since(began) < m.scale.Phase; {
				if phase.make == nil {
					time.Sleep(m.scale.Phase)
				} else if err := m.makeFile(ctx, t, phase.make, phase.busy); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	})
	if err != nil {
		return s, err
	}
	slices.Sort(latencies)
	s.P999Micros, s.MaxMicros = at(latencies, 0.999), at(latencies, 1)
	s.OwnMicros = stallOf("", "", 0, t.name, waits).OwnMicros
	if s.Idle {
		return s, nil
	}
	before, err := t.proportional()
	if err != nil {
		return s, err
	}
	_, err = o.during(ctx, func() error {
		if _, err := t.do(ctx, phase.make...); err != nil {
			return err
		}
		return t.awaitFile(ctx, phase.busy, func() error {
			now, err := t.proportional()
			s.ExtraBytes = max(s.ExtraBytes, now-before)
			return err
		})
	})
	return s, err
}

// proportional returns the bytes of memory that the server and its children
// hold: a page that two of them share counts once (Pss, see proc(5)).
func (t *target) proportional() (bytes int64, err error) {
	pids := []string{strconv.Itoa(t.PID)}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", t.PID, t.PID))
	if err != nil {
		return 0, err
	}
	pids = append(pids, strings.Fields(string(children))...)
	for i, pid := range pids {
		text, err := os.ReadFile("/proc/" + pid + "/smaps_rollup")
		if err != nil && i > 0 {
			continue // the child has ended
		}
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(text)) {
			if size, found := strings.CutPrefix(line, "Pss:"); found {
				kib, err := strconv.ParseInt(strings.Fields(size)[0], 10, 64)
				if err != nil {
					return 0, err
				}
				bytes += kib << 10
			}
		}
	}
	return bytes, nil
}

// files measures making and loading files, without other load.
func (m *durabilityBench) files(ctx context.Context) error {
	took := map[string][]FileTime{}
	var order []string
	for range m.scale.Rounds {
		for _, c := range m.commands {
			lines, err := m.filesOf(ctx, c)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			for _, l := range lines {
				key := l.What + l.Server
				if took[key] == nil {
					order = append(order, key)
				}
				took[key] = append(took[key], l)
			}
		}
	}
	for _, key := range order {
		lines := took[key]
		slices.SortFunc(lines, func(a, b FileTime) int { return int((a.Seconds - b.Seconds) * 1e6) })
		m.out.Files = append(m.out.Files, lines[len(lines)/2])
	}
	return nil
}

// filesOf measures one server once.
func (m *durabilityBench) filesOf(ctx context.Context, c named) (lines []FileTime, err error) {
	dir, err := os.MkdirTemp("", "kvasir-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	options := []string{"--dir", dir, "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0"}
	t, err := m.start(c, false, append(options, "--appendonly", "yes")...)
	if err != nil {
		return nil, err
	}
	progress("making and loading files of", m.scale.FileKeys, "keys:", t.name)
	stop := func() error {
		err := t.Stop()
		t = nil
		return err
	}
	defer func() {
		if t != nil {
			err = errors.Join(err, stop())
		}
	}()
	if err := t.fill(ctx, m.scale.FileKeys, "SET", "key:__rand_int__", value); err != nil {
		return nil, err
	}
	timed := func(what string, f func() error) error {
		before, err := t.usedWithChildren()
		if err != nil {
			return err
		}
		began := time.Now()
		if err := f(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		seconds := time.Since(began).Seconds()
		after, err := t.usedWithChildren()
		lines = append(lines, FileTime{what, t.name, seconds, (after - before).Seconds()})
		return err
	}
	err = timed("SAVE", func() error { _, err := t.do(ctx, "SAVE"); return err })
	if err == nil {
		err = timed("BGSAVE", func() error { return m.makeFile(ctx, t, []string{"BGSAVE"}, "rdb_bgsave_in_progress") })
	}
	if err == nil {
		err = stop()
	}
	for _, load := range []struct{ what, appendOnly string }{{"loading the snapshot", "no"}, {"loading the append-only file", "yes"}} {
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if t, err = m.start(c, false, append(options, "--appendonly", load.appendOnly)...); err != nil {
			return nil, err
		}
		if err = t.awaitKeys(ctx, m.scale.FileKeys); err != nil {
			return nil, err
		}
		seconds := time.Since(began).Seconds()
		cpu, e := t.usedWithChildren()
		lines = append(lines, FileTime{load.what, t.name, seconds, cpu.Seconds()})
		err = errors.Join(e, stop())
	}
	return lines, err
}

// awaitKeys waits until the server has loaded its keys.
func (t *target) awaitKeys(ctx context.Context, keys int64) error {
	ctx, cancel := context.WithTimeout(ctx, fileMax)
	defer cancel()
	for {
		v, err := t.do(ctx, "DBSIZE")
		var refused client.ServerError
		switch {
		case err == nil && v.Int == keys:
			return nil
		case err == nil:
			return fmt.Errorf("%d keys were loaded instead of %d", v.Int, keys)
		case !errors.As(err, &refused) || refused.Code() != "LOADING":
			return err
		}
		time.Sleep(filePoll / 4)
	}
}

// usedWithChildren returns the CPU time of the server and of its children that
// have ended.
func (t *target) usedWithChildren() (time.Duration, error) {
	u, err := t.used()
	return u.cpu + u.childCPU, err
}

const noFile = "none"

// appendPolicies are the ways of keeping writes.
var appendPolicies = []struct {
	name    string
	options []string
}{
	{"always", []string{"--appendonly", "yes", "--appendfsync", "always"}},
	{"everysec", []string{"--appendonly", "yes", "--appendfsync", "everysec"}},
	{noFile, nil},
}

// writes measures SET with and without an append-only file.
func (m *durabilityBench) writes(ctx context.Context) error {
	for _, policy := range appendPolicies {
		progress("SET,", policy.name)
		err := m.withAll(func(targets []*target) error {
			rates, micros, err := m.inTurn(targets, func(t *target) (rate, micros float64, err error) {
				return t.load(ctx, loadgen.Config{
					Addr: t.Addr, Clients: clients, Keyspace: m.Keyspace, Duration: m.Duration,
					Sequence: loadgen.Command("SET", "key:__rand_int__", value),
				})
			})
			for k, t := range targets {
				if err == nil {
					m.out.Writes = append(m.out.Writes, DurableWrites{policy.name, t.name, rates[k], micros[k]})
				}
			}
			return err
		}, append(policy.options, "--auto-aof-rewrite-percentage", "0")...)
		if err != nil {
			return fmt.Errorf("%s: %w", policy.name, err)
		}
	}
	return nil
}
