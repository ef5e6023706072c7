package cli

import (
	"sort"
	"strings"

	"github.com/kvasirdb/kvasir/internal/client"
)

// commandDoc is what the server says about one command or subcommand.
type commandDoc struct {
	words   []string // its name, upper case: {"CONFIG", "SET"}
	summary string
	since   string
	group   string
	args    []argSpec
	hasArgs bool
	// params is the syntax of the arguments.
	params string
}

func (d commandDoc) name() string { return strings.Join(d.words, " ") }

// argSpec is the shape of one argument.
type argSpec struct {
	name          string // what the user reads: the display text where there is one
	token         string
	hasToken      bool // a token may be the empty string
	kind          string
	optional      bool
	multiple      bool
	multipleToken bool
	sub           []argSpec
}

// Argument kinds that hints treat apart.
const (
	argInteger   = "integer"
	argUnixTime  = "unix-time"
	argDouble    = "double"
	argPureToken = "pure-token"
	argOneOf     = "oneof"
	argBlock     = "block"
)

// parseDocs reads the reply of COMMAND DOCS. What it does not know it skips:
// servers of other versions say more or less.
func parseDocs(v client.Value) []commandDoc {
	var docs []commandDoc
	eachPair(v, func(name string, spec client.Value) {
		docs = appendDocs(docs, []string{strings.ToUpper(name)}, spec)
	})
	sortDocs(docs)
	return docs
}

func sortDocs(docs []commandDoc) {
	sort.SliceStable(docs, func(i, j int) bool { return docs[i].name() < docs[j].name() })
}

func appendDocs(docs []commandDoc, words []string, spec client.Value) []commandDoc {
	doc := commandDoc{words: words}
	var subcommands client.Value
	eachPair(spec, func(key string, value client.Value) {
		switch key {
		case "summary":
			doc.summary = value.Text()
		case "since":
			doc.since = value.Text()
		case "group":
			doc.group = value.Text()
		case "arguments":
			doc.args, doc.hasArgs = parseArgs(value), true
			doc.params = hintFor(doc.args, nil)
		case "subcommands":
			subcommands = value
		}
	})
	docs = append(docs, doc)
	if len(words) > 1 {
		return docs // two words is as deep as names go
	}
	eachPair(subcommands, func(name string, spec client.Value) {
		if _, after, found := strings.Cut(name, "|"); found {
			name = after
		}
		docs = appendDocs(docs, []string{words[0], strings.ToUpper(name)}, spec)
	})
	return docs
}

func parseArgs(v client.Value) []argSpec {
	specs := make([]argSpec, 0, len(v.Elems))
	for _, e := range v.Elems {
		var arg argSpec
		var display string
		eachPair(e, func(key string, value client.Value) {
			switch key {
			case "name":
				arg.name = value.Text()
			case "display_text":
				display = value.Text()
			case "token":
				arg.token, arg.hasToken = value.Text(), true
			case "type":
				arg.kind = value.Text()
			case "flags":
				for _, flag := range value.Strings() {
					arg.optional = arg.optional || flag == "optional"
					arg.multiple = arg.multiple || flag == "multiple"
					arg.multipleToken = arg.multipleToken || flag == "multiple_token"
				}
			case "arguments":
				arg.sub = parseArgs(value)
			}
		})
		if display != "" {
			arg.name = display
		}
		specs = append(specs, arg)
	}
	return specs
}

// parseCommands reads the reply of COMMAND, which servers give that know no
// COMMAND DOCS: the names, and the number of arguments.
func parseCommands(v client.Value) []commandDoc {
	var docs []commandDoc
	for _, e := range v.Elems {
		if len(e.Elems) < 4 || e.Elems[1].Kind != client.Integer || e.Elems[3].Kind != client.Integer {
			continue
		}
		arity, firstKey := e.Elems[1].Int, e.Elems[3].Int
		var params []string
		fixed := max(arity, -arity) - 1
		for i := range min(fixed, 16) {
			if i == 0 && firstKey == 1 {
				params = append(params, "key")
			} else {
				params = append(params, "arg")
			}
		}
		if arity < 0 {
			params = append(params, "...options...")
		}
		docs = append(docs, commandDoc{
			words:   []string{strings.ToUpper(e.Elems[0].Text())},
			summary: "Help not available",
			since:   "Not known",
			group:   "generic",
			params:  strings.Join(params, " "),
		})
	}
	return docs
}

// eachPair walks a map, or the flat array that RESP2 makes of it.
func eachPair(v client.Value, f func(key string, value client.Value)) {
	for i := 0; i+1 < len(v.Elems); i += 2 {
		f(v.Elems[i].Text(), v.Elems[i+1])
	}
}
