package arch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// layers is the architecture. "a < b" lets b, and what is above b, import a and
// what is below a. A name stands for that package and all below it that have no
// name of their own. Packages of one name may import each other unless apart
// says otherwise.
const layers = `
	version < node, cli, loadgen
	platform < encoding < datatype < keyspace
	platform < resp < session
	keyspace < keyspace/expire
	keyspace < keyspace/evict, keyspace/trim
	keyspace, session < command

	command < commands, acl, pubsub, tracking, blocking, txn, script, config
	command < command/commandtest
	command < debugcmd
	platform < lua < script
	blocking < engine

	datatype < persistence/rdb < commands
	keyspace, persistence/rdb < persistence/snapshot
	command, persistence/rdb < persistence/journal, persistence/aof, persistence/save
	persistence/snapshot, persistence/journal < persistence/aof, persistence/save
	command, persistence/save, persistence/aof < replication, cluster

	resp < client < cli, loadgen
	client, command < sentinel
	client < replication/link, sentinel/link
	replication < replication/link
	sentinel < sentinel/link

	engine, resp < server
	command < telemetry/info
	config, keyspace/expire, keyspace/evict, keyspace/trim, server, telemetry/info < telemetry
	telemetry < memorycmd
	memorycmd, telemetry, commands, acl, pubsub, tracking, txn, script, replication/link, cluster, sentinel/link, debugcmd, client < node
	engine, client < commands/cmdtest
	commands < commands/cmdtest
`

// apart are names whose packages do not import each other.
var apart = []string{"commands"}

// A program may import the node and the tools; so may what embeds and tests it.
var programs = []string{"cmd", "test", "."}

// libraries are the modules that the product may use; tests may use any in
// go.mod.
var libraries = []string{"golang.org/x/sys", "golang.org/x/term", "github.com/HdrHistogram/hdrhistogram-go"}

// order is the layers as a relation.
type order struct {
	names []string
	below map[string]map[string]bool // transitive
}

func parseLayers(text string) (*order, error) {
	o := &order{below: make(map[string]map[string]bool)}
	direct := make(map[string][]string)
	for line := range strings.Lines(text) {
		var lower []string
		for part := range strings.SplitSeq(strings.TrimSpace(line), "<") {
			var names []string
			for name := range strings.SplitSeq(part, ",") {
				if name = strings.TrimSpace(name); name != "" {
					names = append(names, name)
					direct[name] = append(direct[name], lower...)
				}
			}
			lower = names
		}
	}
	for name := range direct {
		o.names = append(o.names, name)
		seen := make(map[string]bool)
		var walk func(string)
		walk = func(from string) {
			for _, to := range direct[from] {
				if !seen[to] {
					seen[to] = true
					walk(to)
				}
			}
		}
		walk(name)
		if seen[name] {
			return nil, fmt.Errorf("%s is below itself", name)
		}
		o.below[name] = seen
	}
	return o, nil
}

// layer returns the longest name that a package falls under, or "".
func (o *order) layer(pkg string) (best string) {
	inside, ok := strings.CutPrefix(pkg, "internal/")
	if !ok {
		return ""
	}
	for _, name := range o.names {
		if under(inside, name) && len(name) > len(best) {
			best = name
		}
	}
	return best
}

// allows says why a package may not import another; "" if it may.
func (o *order) allows(from, to string) string {
	lower := o.layer(to)
	if slices.ContainsFunc(programs, func(p string) bool { return under(from, p) }) {
		if under(to, "cmd") {
			return "nothing imports a program"
		}
		return ""
	}
	upper := o.layer(from)
	switch {
	case upper == "" || lower == "":
		return "it has no place in the layers"
	case o.below[upper][lower]:
		return ""
	case upper == lower && from != to && !slices.Contains(apart, upper):
		return ""
	}
	return fmt.Sprintf("%s is not below %s", lower, upper)
}

func TestLayers(t *testing.T) {
	o, err := parseLayers(layers)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources(t) {
		if under(s.pkg, "internal/arch") {
			continue
		}
		if strings.HasPrefix(s.pkg, "internal/") && o.layer(s.pkg) == "" {
			t.Errorf("%s: give the package a place in the layers", s.path)
		}
		if s.isTest() && !strings.HasSuffix(s.pkg, "test") {
			continue // a test may reach upwards
		}
		own, foreign := s.imports()
		for _, to := range own {
			if why := o.allows(s.pkg, to); why != "" {
				t.Errorf("%s imports %s: %s", s.path, to, why)
			}
		}
		for _, library := range foreign {
			external := strings.Contains(strings.Split(library, "/")[0], ".")
			if external && !s.isTest() && !slices.ContainsFunc(libraries, func(l string) bool { return under(library, l) }) {
				t.Errorf("%s imports %s, which is for tests", s.path, library)
			}
		}
	}
}

func TestLayersForbid(t *testing.T) {
	o, err := parseLayers(layers)
	if err != nil {
		t.Fatal(err)
	}
	for _, edge := range [][2]string{
		{"internal/commands/stringcmd", "internal/commands/listcmd"},
		{"internal/commands/stringcmd", "internal/engine"},
		{"internal/engine", "internal/replication"},
		{"internal/engine", "internal/cluster"},
		{"internal/engine", "internal/persistence/aof"},
		{"internal/engine", "internal/server"},
		{"internal/keyspace", "internal/command"},
		{"internal/platform/poll", "internal/resp"},
		{"internal/server", "internal/node"},
		{"internal/server", "internal/telemetry"},
		{"internal/cli", "internal/server"},
		{"test/bench", "cmd/kvasir"},
	} {
		if o.allows(edge[0], edge[1]) == "" {
			t.Errorf("%s may import %s", edge[0], edge[1])
		}
	}
	if _, err := parseLayers("a < b < c\nc < a"); err == nil {
		t.Error("a circle is accepted")
	}
}
