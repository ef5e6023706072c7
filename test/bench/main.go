// Command bench measures Kvasir against the reference servers on this machine
// and writes docs/performance.md.
//
//	make bench                          quick: every table, small numbers
//	make bench ARGS=-full               the numbers for the page
//	make bench ARGS="-page docs/performance.md -result bench.json"
//
// References are redis-server on the PATH, or what REDIS_SERVER and
// VALKEY_SERVER name. All servers run at the same time on one core, and the
// load generator on another; a test visits the servers in turn, round by round,
// each round beginning with another server, and the median of the rounds
// counts. So a slow minute of the machine touches all servers alike.
//
// CPU per request is the user and system time of the server process over the
// requests it answered. It is the steadier figure: the rate depends on the load
// generator as well.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.Kvasir, "kvasir", "bin/kvasir", "our binary")
	flag.StringVar(&o.Result, "result", "", "write the figures here, as JSON")
	flag.StringVar(&o.Page, "page", "", "write the page here")
	flag.StringVar(&o.From, "from", "", "measure nothing; read the figures of an earlier -result")
	flag.BoolVar(&o.Full, "full", false, "more rounds, longer ones, more keys")
	flag.StringVar(&o.Only, "only", "", "one table: throughput, loops, memory, growth, idle, exclusive, collections (see collections.go) or durability (see durability.go)")
	flag.IntVar(&o.rounds, "rounds", 0, "rounds of throughput and loops; 0 means 3, or 9 with -full")
	flag.DurationVar(&o.duration, "duration", 0, "of one measurement; 0 means 1s, or 3s with -full")
	flag.IntVar(&o.ServerCPU, "server-cpu", 0, "core of the servers")
	flag.IntVar(&o.LoadCPU, "load-cpu", 1, "core of the load generator")
	flag.BoolVar(&o.pinned, "pinned", false, "this process runs on its core already")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	Kvasir, Result, Page, From, Only string
	Full                             bool
	rounds                           int
	duration                         time.Duration
	ServerCPU, LoadCPU               int
	pinned                           bool
}

// wants reports whether a table is to be measured.
func (o options) wants(table string) bool {
	only, _, _ := strings.Cut(o.Only, "/")
	return only == "" || only == table
}

// scale is how much is measured.
type scale struct {
	Rounds       int
	Duration     time.Duration // of one measurement
	Keyspace     int64         // keys that the commands are about
	MemoryKeys   int64
	GrowthRate   int // SETs of new keys per second
	GrowthLength time.Duration
	Idle         int // connections
}

var (
	quick = scale{3, time.Second, 100_000, 200_000, 20_000, 5 * time.Second, 1000}
	full  = scale{9, 3 * time.Second, 1_000_000, 5_000_000, 100_000, 100 * time.Second, 9000}
)

func run(ctx context.Context, o options) error {
	if o.From != "" {
		text, err := os.ReadFile(o.From)
		if err != nil {
			return err
		}
		var figures Figures
		if err := json.Unmarshal(text, &figures); err != nil {
			return fmt.Errorf("reading %s: %w", o.From, err)
		}
		return publish(o, &figures)
	}
	if runtime.GOOS != "linux" || runtime.NumCPU() < 2 && !o.pinned {
		return errors.New("measuring needs Linux and two cores")
	}
	if !o.pinned {
		return pinned(ctx, o.LoadCPU)
	}
	s := quick
	if o.Full {
		s = full
	}
	if o.rounds > 0 {
		s.Rounds = o.rounds
	}
	if o.duration > 0 {
		s.Duration = o.duration
	}
	figures, err := measure(ctx, o, s)
	if err != nil {
		return err
	}
	return publish(o, figures)
}

// pinned runs this program again, on one core.
func pinned(ctx context.Context, cpu int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	words := append([]string{"-c", fmt.Sprint(cpu), self, "-pinned"}, os.Args[1:]...)
	cmd := exec.CommandContext(ctx, "taskset", words...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// publish writes the figures where they are wanted, and shows the page.
func publish(o options, figures *Figures) error {
	page := Page(figures)
	if o.Page == "" {
		os.Stdout.Write(page)
	} else if err := os.WriteFile(o.Page, page, 0o644); err != nil {
		return err
	}
	if o.Result == "" {
		return nil
	}
	text, err := json.MarshalIndent(figures, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(o.Result, append(text, '\n'), 0o644)
}
