package config

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var local = Caller{Local: func() bool { return true }}

// TestHandles checks that Params and the registry name the same parameters.
func TestHandles(t *testing.T) {
	s := newStore("/")
	fields := make(map[Param]string)
	v := reflect.ValueOf(s.Params)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		p, ok := v.Field(i).Interface().(Param)
		if !ok || v.Field(i).IsNil() {
			t.Fatalf("field %s is not defined", name)
		}
		if other, dup := fields[p]; dup {
			t.Errorf("fields %s and %s share a handle", name, other)
		}
		fields[p] = name
	}
	for _, p := range s.All() {
		def := p.Definition()
		if _, ok := fields[p]; !ok {
			t.Errorf("%s is in no field", def.Name)
		}
		if s.Lookup(strings.ToUpper(def.Name)) != p {
			t.Errorf("%s is not found", def.Name)
		}
		if def.Alias != "" && s.Lookup(def.Alias) != p {
			t.Errorf("%s is not found by its alias", def.Name)
		}
		if def.Flags.Has(Immutable) && (def.Flags.Has(Protected) || def.Flags.Has(DenyLoading)) {
			t.Errorf("%s: flags that CONFIG SET never looks at", def.Name)
		}
	}
	if len(fields) != len(s.All()) {
		t.Errorf("%d fields, %d parameters", len(fields), len(s.All()))
	}
}

func TestTypedValues(t *testing.T) {
	s := newStore("/")
	set := func(pairs ...string) {
		t.Helper()
		if err := s.Set(t.Context(), pairs, local); err != nil {
			t.Fatal(err)
		}
	}
	set("maxmemory", "1gb", "maxmemory-clients", "5%", "maxmemory-policy", "allkeys-lfu",
		"save", "10 1 20 2", "client-output-buffer-limit", "replica 3 2 1",
		"notify-keyspace-events", "KEx", "shutdown-on-sigterm", "now force",
		"latency-tracking-info-percentiles", "99.9", "requirepass", "a\x00b", "ignore-warnings", "a\x00b")
	p := &s.Params
	got := []any{
		p.MaxMemory.Load(), p.MaxMemoryClients.Load(), p.MaxMemoryPolicy.Load(), p.Save.Load(),
		p.ClientOutputBufferLimit.Load()[ClientReplica], p.NotifyKeyspaceEvents.Load(),
		p.ShutdownOnSIGTERM.Load(), p.LatencyTrackingInfoPercentiles.Load(), p.RequirePass.Load(),
		p.IgnoreWarnings.Load(),
	}
	want := []any{
		uint64(1 << 30), int64(-5), AllKeysLFU, []SavePoint{{10, 1}, {20, 2}},
		OutputLimit{3, 2, 1}, EventKeyspace | EventKeyevent | EventExpired,
		ShutdownNow | ShutdownForce, []float64{99.9}, "a\x00b",
		"a",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStoresAreIndependent(t *testing.T) {
	a, b := newStore("/a"), newStore("/b")
	if err := a.Set(t.Context(), []string{"timeout", "9", "save", "1 1"}, local); err != nil {
		t.Fatal(err)
	}
	if b.Params.Timeout.Load() != 0 || b.Params.Save.Text() != "3600 1 300 100 60 10000" || b.Params.Dir.Load() != "/b" {
		t.Error("a change of one store is seen in another")
	}
}

// TestApplyHooks follows one CONFIG SET through its hooks: each runs once, in
// the order of the changed parameters.
func TestApplyHooks(t *testing.T) {
	s := newStore("/")
	var calls []string
	hook := func(name string) func(context.Context) error {
		return func(context.Context) error {
			calls = append(calls, name+" timeout="+s.Params.Timeout.Text())
			return nil
		}
	}
	s.OnApply(hook("tls"), s.Params.TLSCluster, s.Params.TLSReplication, s.Params.TLSCertFile)
	s.OnApply(hook("clock"), s.Params.Hz)
	s.OnApply(hook("limits"), s.Params.MaxClients)

	err := s.Set(t.Context(), []string{
		"hz", "20",
		"tls-cluster", "yes",
		"maxclients", s.Params.MaxClients.Text(), // unchanged
		"tls-replication", "yes",
		"timeout", "3",
	}, local)
	if err != nil {
		t.Fatal(err)
	}
	// A file name applies even when it stays the same: the file may differ.
	if err := s.Set(t.Context(), []string{"tls-cert-file", "", "tls-cluster", "yes"}, local); err != nil {
		t.Fatal(err)
	}
	want := []string{"clock timeout=3", "tls timeout=3", "tls timeout=3"}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Error(diff)
	}
}

func TestFailedApplyRestoresEverything(t *testing.T) {
	var log []string
	s := New(Environment{Dir: "/", Warn: func(text string) { log = append(log, text) }})
	var calls []string
	record := func(name string, p Param) {
		s.OnApply(func(context.Context) error {
			calls = append(calls, name+"="+p.Text())
			return nil
		}, p)
	}
	record("hz", s.Params.Hz)
	s.OnApply(func(context.Context) error {
		calls = append(calls, "port="+s.Params.Port.Text())
		if s.Params.Port.Load() == 1 {
			return errors.New("Unable to listen on this port. Check server logs.")
		}
		return nil
	}, s.Params.Port)
	record("maxclients", s.Params.MaxClients)
	before := s.Get(allNames())

	err := s.Set(t.Context(), []string{"hz", "20", "PORT", "1", "maxclients", "7", "save", "5 5"}, local)
	if err == nil || err.Error() != "ERR CONFIG SET failed (possibly related to argument 'port') - "+
		"Unable to listen on this port. Check server logs." {
		t.Error(err)
	}
	if diff := cmp.Diff(before, s.Get(allNames())); diff != "" {
		t.Errorf("values changed:\n%s", diff)
	}
	want := []string{"hz=20", "port=1", "hz=10", "port=6379", "maxclients=10000"}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("hooks:\n%s", diff)
	}
	if len(log) != 1 || !strings.Contains(log[0], "Possibly related to new port setting") {
		t.Errorf("log: %q", log)
	}
}

func TestApplyErrorWithoutText(t *testing.T) {
	s := newStore("/")
	s.OnApply(func(context.Context) error { return errors.New("") }, s.Params.Hz)
	err := s.Set(t.Context(), []string{"hz", "20"}, local)
	if err == nil || err.Error() != "ERR CONFIG SET failed (possibly related to argument 'hz')" {
		t.Error(err)
	}
}

func TestValidateHook(t *testing.T) {
	s := newStore("/")
	var seen []string
	check := func(text string) error {
		seen = append(seen, text)
		if strings.Contains(text, "bad") || text == "7" {
			return errors.New("not here")
		}
		return nil
	}
	p := &s.Params
	for _, param := range []Param{p.MaxMemory, p.Timeout, p.LocaleCollate, p.ProtectedMode, p.LogLevel, p.Bind} {
		s.OnValidate(param, check)
	}
	for _, pair := range [][2]string{{"timeout", "7"}, {"locale-collate", "bad"}, {"bind", "1 bad"}} {
		err := s.Set(t.Context(), pair[:], local)
		if err == nil || err.Error() != "ERR CONFIG SET failed (possibly related to argument '"+pair[0]+"') - not here" {
			t.Errorf("%v: %v", pair, err)
		}
	}
	err := s.Set(t.Context(), []string{"maxmemory", "1mb", "protected-mode", "NO", "loglevel", "VERBOSE"}, local)
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"7", "bad", "1 bad", "1048576", "no", "verbose"}, seen); diff != "" {
		t.Error(diff)
	}
	load := s.Load(Sources{CommandLine: CommandLine{Options: "timeout 7"}})
	var lineError *LineError
	if !errors.As(load, &lineError) || lineError.Reason != "not here" {
		t.Error(load)
	}
}

func TestGetHook(t *testing.T) {
	s := newStore("/")
	s.OnGet(s.Params.ReplicaOf, func() string { return "10.0.0.1 6379" })
	want := []Pair{{"replicaof", "10.0.0.1 6379"}, {"slaveof", "10.0.0.1 6379"}}
	if diff := cmp.Diff(want, s.Get([]string{"replicaof", "slaveof"})); diff != "" {
		t.Error(diff)
	}
}

func TestSensitiveArguments(t *testing.T) {
	s := newStore("/")
	pairs := []string{"timeout", "x", "RequirePass", "a", "masterauth", "b", "nosuch", "c", "tls-key-file-pass", "d", "primaryuser"}
	if got := s.SensitiveArguments(pairs); !slices.Equal(got, []int{3, 5, 9}) {
		t.Errorf("sensitive: %v", got)
	}
}

func TestRefusals(t *testing.T) {
	open := newStore("/")
	open.Params.EnableProtectedConfigs.Store(PermissionLocal)
	closed := newStore("/")
	protected := "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config"
	remote := Caller{Local: func() bool { return false }}
	for _, test := range []struct {
		name   string
		store  *Store
		caller Caller
		pairs  []string
		want   string
	}{
		{"protected", closed, local, []string{"dbfilename", "x"}, protected},
		{"protected, local client", open, local, []string{"dbfilename", "x"}, ""},
		{"protected, remote client", open, remote, []string{"dbfilename", "x"}, protected},
		{"protected, unknown client", open, Caller{}, []string{"dbfilename", "x"}, protected},
		{"loading", open, Caller{Loading: true}, []string{"timeout", "1", "appendonly", "yes"}, ErrLoading.Error()},
		{"loading, harmless", open, Caller{Loading: true}, []string{"timeout", "1"}, ""},
		{"first refusal wins", open, Caller{Loading: true}, []string{"nosuch", "1", "appendonly", "yes"},
			"ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"},
		{"line break", open, local, []string{"no\r\nsuch", "1"},
			"ERR Unknown option or number of arguments for CONFIG SET - 'no  such'"},
		{"odd", open, local, []string{"timeout"}, "ERR syntax error"},
	} {
		got := ""
		if err := test.store.Set(t.Context(), test.pairs, test.caller); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestPending(t *testing.T) {
	lines := newStore("/").Pending()
	if !slices.IsSorted(lines) {
		t.Error("not sorted")
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{"cluster: cluster-allow-pubsubshard-when-down, ", "tls: ", "cluster-enabled", "bind-source-addr"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in\n%s", want, all)
		}
	}
	for _, name := range []string{"maxmemory-policy", "appendonly", "oom-score-adj"} {
		if strings.Contains(all, name) {
			t.Errorf("%s is in force", name)
		}
	}
}

func TestDebugInfo(t *testing.T) {
	info := newStore("/").DebugInfo()
	for _, p := range newStore("/").All() {
		line := "\n" + p.Definition().Name + " "
		if got, want := strings.Contains("\n"+info, line), p.Definition().Flags.Has(Debug); got != want {
			t.Errorf("%s: shown %v, want %v", p.Definition().Name, got, want)
		}
	}
}

// TestReadersNeedNoLock has readers beside writers, for the race detector, and
// checks that a reader never sees a torn list.
func TestReadersNeedNoLock(t *testing.T) {
	s := newStore("/")
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if points := s.Params.Save.Load(); len(points) != 1 && len(points) != 3 {
					t.Errorf("save points: %v", points)
					return
				}
				s.Get([]string{"*"})
			}
		})
	}
	for range 100 {
		for _, points := range []string{"1 1", "1 1 2 2 3 3"} {
			if err := s.Set(t.Context(), []string{"save", points, "timeout", "1"}, local); err != nil {
				t.Error(err)
			}
		}
	}
	close(stop)
	readers.Wait()
}

func TestParseCommandLine(t *testing.T) {
	for _, test := range []struct {
		args string
		want CommandLine
	}{
		{``, CommandLine{}},
		{`a.conf`, CommandLine{File: "a.conf"}},
		{`- --port 1`, CommandLine{Stdin: true, Options: `port "1" `}},
		{`a.conf --port 1 -`, CommandLine{File: "a.conf", Stdin: true, Options: `port "1" `}},
		{`--port - --hz 1`, CommandLine{Options: "port \"-\" \nhz \"1\" "}},
		{`--sentinel`, CommandLine{Options: "sentinel "}},
		{`s.conf --sentinel --port 1`, CommandLine{File: "s.conf", Options: "sentinel \nport \"1\" "}},
		{`--save`, CommandLine{Options: `save ""`}},
		{`--SAVE --port 1`, CommandLine{Options: "SAVE \"\"\nport \"1\" "}},
		{`--save 1 2 --port`, CommandLine{Options: "save \"1\" \"2\" \nport "}},
		{`"--port 6379"`, CommandLine{Options: "port 6379 "}},
		{`--include x.conf`, CommandLine{Options: `include "x.conf" `}},
		{`--a --b --c d`, CommandLine{Options: "a \"--b\" \nc \"d\" "}},
		{`"--a 'b" --c d`, CommandLine{Options: "a 'b \nc \"d\" "}},
	} {
		if diff := cmp.Diff(test.want, ParseCommandLine(words(t, test.args))); diff != "" {
			t.Errorf("%s:\n%s", test.args, diff)
		}
	}
}
