// Package commandtest compares a command table with what Valkey 9.1 says about
// its commands.
//
// The files in golden hold the facts of COMMAND INFO and COMMAND DOCS, one
// command a line, as a server and a sentinel gave them. Of prose (summaries,
// complexity, history texts, notes) they keep only that there is some, because
// ours is our own. Flags that clients never see are not in them.
package commandtest

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/resp"
)

//go:embed golden
var goldenFiles embed.FS

// Facts are what the golden files know about a command.
type Facts struct {
	Arity           int       `json:"arity"`
	Flags           []string  `json:"flags"`
	First           int       `json:"first"`
	Last            int       `json:"last"`
	Step            int       `json:"step"`
	ACL             []string  `json:"acl"`
	Tips            []string  `json:"tips,omitempty"`
	Keys            []KeySpec `json:"keys,omitempty"`
	Subcommands     []string  `json:"subcommands,omitempty"` // sorted
	Since           string    `json:"since"`
	Group           string    `json:"group"`
	DocFlags        []string  `json:"doc_flags,omitempty"`
	DeprecatedSince string    `json:"deprecated_since,omitempty"`
	ReplacedBy      string    `json:"replaced_by,omitempty"`
	Summary         bool      `json:"summary"`
	Complexity      bool      `json:"complexity,omitempty"`
	History         []string  `json:"history,omitempty"` // versions
	Arguments       []Arg     `json:"arguments,omitempty"`
}

// KeySpec is a key spec as in COMMAND INFO.
type KeySpec struct {
	Flags []string `json:"flags"`
	Begin Method   `json:"begin"`
	Find  Method   `json:"find"`
	Notes bool     `json:"notes,omitempty"`
}

// Method is a way of a key spec to search; its fields depend on its type.
type Method struct {
	Type string         `json:"type"`
	Spec map[string]any `json:"spec"`
}

// Arg is an argument as in COMMAND DOCS.
type Arg struct {
	Name            string   `json:"name"`
	Type            string   `json:"type"`
	DisplayText     string   `json:"display_text,omitempty"`
	KeySpecIndex    *int     `json:"key_spec_index,omitempty"`
	Token           *string  `json:"token,omitempty"`
	Summary         bool     `json:"summary,omitempty"`
	Since           string   `json:"since,omitempty"`
	DeprecatedSince string   `json:"deprecated_since,omitempty"`
	Flags           []string `json:"flags,omitempty"`
	Arguments       []Arg    `json:"arguments,omitempty"`
}

// Golden returns the facts about all of Valkey's commands and subcommands by
// full name.
func Golden(t testing.TB) map[string]Facts {
	t.Helper()
	files, err := goldenFiles.ReadDir("golden")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]Facts)
	for _, file := range files {
		text, err := goldenFiles.ReadFile("golden/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if err := decode(text, &all); err != nil {
			t.Fatalf("%s: %v", file.Name(), err)
		}
	}
	return all
}

// Check compares every command of the table with the golden facts. A container
// may lack subcommands, which Absent tells.
func Check(t testing.TB, table *command.Table) {
	t.Helper()
	golden := Golden(t)
	for _, c := range table.All() {
		want, known := golden[c.Name]
		if !known {
			t.Errorf("%s: Valkey has no such command", c.Name)
			continue
		}
		got, err := factsOf(c)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		want.Subcommands = slices.DeleteFunc(want.Subcommands, func(name string) bool {
			return table.Find([]byte(name)) == nil
		})
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s differs from Valkey (-) in:\n%s", c.Name, diff)
		}
	}
}

// Absent lists the golden commands and subcommands that the table does not
// have, sorted.
func Absent(t testing.TB, table *command.Table) []string {
	t.Helper()
	var absent []string
	for name := range Golden(t) {
		if table.Find([]byte(name)) == nil {
			absent = append(absent, name)
		}
	}
	slices.Sort(absent)
	return absent
}

// factsOf reads a command's facts out of its own replies, so that their
// structure is tested with them.
func factsOf(c *command.Cmd) (facts Facts, err error) {
	var infoReply, docsReply resp.Writer
	infoReply.SetProtocol(resp.RESP3)
	docsReply.SetProtocol(resp.RESP3)
	info := infoReply.Mark()
	c.WriteInfo(&infoReply)
	docs := docsReply.Mark()
	c.WriteDocs(&docsReply)

	merged, err := readMap(docsReply.Since(docs))
	if err != nil {
		return facts, fmt.Errorf("documentation: %w", err)
	}
	fields, err := readArray(infoReply.Since(info))
	if err != nil || len(fields) != 10 {
		return facts, fmt.Errorf("information: %d fields, %w", len(fields), err)
	}
	if fields[0] != c.Name {
		return facts, fmt.Errorf("its information is about %q", fields[0])
	}
	for i, name := range []string{"arity", "flags", "first", "last", "step", "acl", "tips", "keys"} {
		merged[name] = fields[i+1]
	}
	merged["subcommands"] = subcommandNames(fields[9])
	merged["keys"] = withoutNotes(fields[8])
	for _, prose := range []string{"summary", "complexity"} {
		_, merged[prose] = merged[prose]
	}
	if history, ok := merged["history"].([]any); ok {
		for i, change := range history {
			history[i] = change.([]any)[0]
		}
	}
	withoutSummaries(merged["arguments"])
	text, err := json.Marshal(merged)
	if err != nil {
		return facts, err
	}
	return facts, decode(text, &facts)
}

func subcommandNames(infos any) []string {
	var names []string
	for _, info := range infos.([]any) {
		names = append(names, info.([]any)[0].(string))
	}
	slices.Sort(names)
	return names
}

func withoutNotes(keySpecs any) any {
	for _, k := range keySpecs.([]any) {
		spec := k.(map[string]any)
		spec["begin"], spec["find"] = spec["begin_search"], spec["find_keys"]
		delete(spec, "begin_search")
		delete(spec, "find_keys")
		_, spec["notes"] = spec["notes"]
	}
	return keySpecs
}

func withoutSummaries(args any) {
	list, _ := args.([]any)
	for _, a := range list {
		arg := a.(map[string]any)
		_, arg["summary"] = arg["summary"]
		withoutSummaries(arg["arguments"])
	}
}

func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
