package config

import (
	"slices"
	"sort"
	"strings"
)

// Definition states the facts of one parameter. There is one literal per
// parameter; everything else derives from it.
type Definition struct {
	Name  string
	Alias string // a second name, "" for none
	Type  Type   // filled in by the handle
	Flags Flags
	// Feature is the part of the server that is still to come and without
	// which the parameter has no effect; "" when it is in force.
	Feature Feature
	// Default is the initial value as a file would state it.
	Default string

	// Min and Max bound a number, inclusive. A number of Unit Percent below
	// zero is bounded by Min alone.
	Min int64
	Max uint64
	// Unit is the notation of a number.
	Unit Unit
	// Unsigned makes the bounds compare as unsigned numbers.
	Unsigned bool
	// Clamp, when its upper end is not zero, silently bounds a number that Min
	// and Max have accepted.
	Clamp [2]int64

	// Values are the names of an enumeration, in the order error texts list
	// them. Filled in by the handle.
	Values []string
}

// Type is the kind of value a parameter takes.
type Type string

// The types, as documentation names them.
const (
	TypeBool    Type = "bool"
	TypeString  Type = "string"
	TypeEnum    Type = "enum"
	TypeNumber  Type = "number"
	TypeSpecial Type = "special" // its own syntax
)

// Unit is the notation of a number in files and commands.
type Unit int

// The units. Memory numbers take suffixes: k, kb, m, mb, g, gb.
const (
	UnitNone          Unit = iota
	UnitMemory             // bytes
	UnitMemoryPercent      // bytes, or a percentage kept as a negative number
	UnitMemorySigned       // bytes, or a plain negative number
	UnitOctal              // file permissions
)

// Flags qualify how a parameter may be used.
type Flags uint16

// The flags.
const (
	Immutable   Flags = 1 << iota // set at start only
	Sensitive                     // the value is kept out of logs
	Debug                         // part of the crash report
	MultiArg                      // several arguments, separated by spaces
	Hidden                        // CONFIG GET shows it by exact name only
	Protected                     // CONFIG SET needs enable-protected-configs
	DenyLoading                   // CONFIG SET is refused while data loads
	Volatile                      // names a file: setting the same name applies again
	emptyUnset                    // "" means that the string is not set
)

// Has reports whether all of the given flags are set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// Feature names a part of the server that is still to come.
type Feature string

// The features.
const (
	Persistence Feature = "persistence"
	Replication Feature = "replication"
	Cluster     Feature = "cluster"
	TLS         Feature = "tls"
	RDMA        Feature = "rdma"
	Scripting   Feature = "scripting"
	ACL         Feature = "acl"
	Defrag      Feature = "active defragmentation"
	Modules     Feature = "modules"
	Process     Feature = "process control"
)

// Pending lists the parameters that are accepted without effect, one line per
// feature: "feature: name, name". Lines and names are sorted.
func (s *Store) Pending() []string {
	names := make(map[Feature][]string)
	for _, p := range s.ordered {
		if def := p.common().def; def.Feature != "" {
			names[def.Feature] = append(names[def.Feature], def.Name)
		}
	}
	lines := make([]string, 0, len(names))
	for feature, list := range names {
		slices.Sort(list)
		lines = append(lines, string(feature)+": "+strings.Join(list, ", "))
	}
	sort.Strings(lines)
	return lines
}
