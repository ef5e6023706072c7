package commandtest

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/kvasirdb/kvasir/internal/command"
)

// Specs makes specs of the golden facts, for tests that need a table of all
// commands without their handlers: run is the handler of each. Flags that
// clients never see are missing.
func Specs(t testing.TB, run func(c *command.Ctx)) []command.Spec {
	t.Helper()
	golden := Golden(t)
	var specs []command.Spec
	for _, name := range sortedNames(golden) {
		if strings.Contains(name, "|") {
			continue
		}
		spec := specOf(name, golden[name], run)
		for _, sub := range golden[name].Subcommands {
			spec.Subcommands = append(spec.Subcommands, specOf(sub, golden[sub], run))
		}
		specs = append(specs, spec)
	}
	return specs
}

// keysOf are the commands whose keys depend on their options.
var keysOf = map[string]func([]command.KeyRef, [][]byte) ([]command.KeyRef, error){
	"bitfield":   command.BitfieldKeys,
	"migrate":    command.MigrateKeys,
	"set":        command.SetKeys,
	"sort":       command.SortKeys,
	"sort_ro":    command.SortROKeys,
	"xread":      command.XreadKeys,
	"xreadgroup": command.XreadKeys,
}

func specOf(name string, f Facts, run func(c *command.Ctx)) command.Spec {
	spec := command.Spec{
		Name:            name[strings.LastIndexByte(name, '|')+1:],
		Group:           command.Group(f.Group),
		Since:           f.Since,
		Arity:           f.Arity,
		Flags:           flagsOf(f.Flags),
		ACL:             categoriesOf(f.ACL),
		Summary:         "as in Valkey",
		DeprecatedSince: f.DeprecatedSince,
		ReplacedBy:      f.ReplacedBy,
		SysCmd:          slices.Contains(f.DocFlags, "syscmd"),
		Tips:            f.Tips,
		Args:            argsOf(f.Arguments),
		KeysOf:          keysOf[name],
		Run:             run,
	}
	if f.Complexity {
		spec.Complexity = "as in Valkey"
	}
	for _, version := range f.History {
		spec.History = append(spec.History, command.Change{Version: version, What: "as in Valkey"})
	}
	for _, k := range f.Keys {
		spec.Keys = append(spec.Keys, keySpecOf(k))
	}
	return spec
}

func flagsOf(names []string) (flags command.Flags) {
	for bit := command.Flags(1); bit < command.MovableKeys; bit <<= 1 {
		for name := range bit.Names() {
			if slices.Contains(names, name) {
				flags |= bit
			}
		}
	}
	return flags
}

func categoriesOf(names []string) (set command.Category) {
	for _, name := range names {
		c, _ := command.CategoryByName([]byte(strings.TrimPrefix(name, "@")))
		set |= c
	}
	return set
}

func keySpecOf(k KeySpec) command.KeySpec {
	number := func(m Method, name string) int {
		n, _ := m.Spec[name].(float64)
		return int(n)
	}
	spec := command.KeySpec{
		Index:        number(k.Begin, "index"),
		From:         number(k.Begin, "startfrom"),
		UnknownBegin: k.Begin.Type == "unknown",
		UnknownFind:  k.Find.Type == "unknown",
		LastKey:      number(k.Find, "lastkey"),
		Limit:        number(k.Find, "limit"),
		NumKeysAt:    number(k.Find, "keynumidx"),
		FirstKey:     number(k.Find, "firstkey"),
	}
	spec.Keyword, _ = k.Begin.Spec["keyword"].(string)
	switch k.Find.Type {
	case "range":
		spec.Step = number(k.Find, "keystep")
	case "keynum":
		spec.NumStep = number(k.Find, "keystep")
	}
	for bit := command.KeyRO; bit <= command.KeyVariableFlags; bit <<= 1 {
		for name := range bit.Names() {
			if slices.Contains(k.Flags, name) {
				spec.Flags |= bit
			}
		}
	}
	if k.Notes {
		spec.Notes = "as in Valkey"
	}
	return spec
}

func argsOf(list []Arg) []command.Arg {
	var args []command.Arg
	for _, a := range list {
		arg := command.Arg{
			Name: a.Name, Since: a.Since, DeprecatedSince: a.DeprecatedSince,
			Args: argsOf(a.Arguments),
		}
		if a.Token != nil {
			arg.Token = cmp.Or(*a.Token, `""`)
		}
		if a.DisplayText != a.Name {
			arg.Display = a.DisplayText
		}
		for arg.Type.String() != a.Type {
			arg.Type++
		}
		if a.KeySpecIndex != nil {
			arg.KeySpec = *a.KeySpecIndex
			if arg.Type != command.ArgKey {
				arg.Flags |= command.ArgOfKeySpec
			}
		}
		for bit := command.ArgOptional; bit <= command.ArgMultipleToken; bit <<= 1 {
			for name := range bit.Names() {
				if slices.Contains(a.Flags, name) {
					arg.Flags |= bit
				}
			}
		}
		if a.Summary {
			arg.Summary = "as in Valkey"
		}
		args = append(args, arg)
	}
	return args
}

func sortedNames(golden map[string]Facts) []string {
	names := make([]string, 0, len(golden))
	for name := range golden {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
