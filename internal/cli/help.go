package cli

import (
	"fmt"
	"sort"
	"strings"

	"github.com/kvasirdb/kvasir/internal/client"
)

// help is the documentation of the commands, fetched from the server when first
// needed and kept for the whole invocation.
type help struct {
	app    *app
	docs   []commandDoc
	groups []string
	tried  bool
	// fromServer: the server itself has answered.
	fromServer bool
}

func newHelp(a *app) *help { return &help{app: a} }

// load fetches the documentation unless that was tried before. Where the server
// gives none, what the program knows itself is completed by the names of the
// server's commands; without either there is none.
func (h *help) load() {
	if h.tried {
		return
	}
	h.tried = true
	v, err := h.app.session.ask("COMMAND", "DOCS")
	h.fromServer = err == nil && v.Kind != client.Error
	if h.fromServer {
		h.docs = parseDocs(v)
	} else {
		h.docs = nil
		if h.app.builtinDocs != nil {
			h.docs = parseDocs(h.app.builtinDocs())
		}
		if err == nil {
			h.addNames()
		}
	}
	seen := map[string]bool{}
	h.groups = nil
	for _, doc := range h.docs {
		if doc.group != "" && !seen[doc.group] {
			seen[doc.group] = true
			h.groups = append(h.groups, "@"+doc.group)
		}
	}
	sort.Strings(h.groups)
}

// addNames adds the server's commands that are not documented.
func (h *help) addNames() {
	v, err := h.app.session.ask("COMMAND")
	if err != nil || v.Kind != client.Array {
		return
	}
	known := map[string]bool{}
	for _, doc := range h.docs {
		known[doc.words[0]] = true
	}
	for _, doc := range parseCommands(v) {
		if !known[doc.words[0]] {
			h.docs = append(h.docs, doc)
		}
	}
	sortDocs(h.docs)
}

// retry lets the next use fetch again where the server did not answer: a client
// that had to authenticate first was refused.
func (h *help) retry() {
	if !h.fromServer {
		h.tried = false
	}
}

// print answers `help`, `help <command>` and `help @<group>`.
func (h *help) print(words []string) error {
	if len(words) == 0 {
		h.app.print([]byte(generalHelp()))
		return nil
	}
	h.retry()
	h.load()
	group, byGroup := strings.CutPrefix(words[0], "@")
	for _, doc := range h.docs {
		switch {
		case byGroup && strings.EqualFold(doc.group, group):
			h.printDoc(doc, false)
		case !byGroup && beginsWith(doc.words, words):
			h.printDoc(doc, true)
		}
	}
	h.app.printf("\r\n")
	return nil
}

func (h *help) printDoc(doc commandDoc, withGroup bool) {
	const bold, grey, yellow, plain = "\x1b[1m", "\x1b[90m", "\x1b[33m", "\x1b[0m"
	line := func(title, text string) {
		fmt.Fprintf(h.app.console, "  %s%s:%s %s\r\n", yellow, title, plain, text)
	}
	fmt.Fprintf(h.app.console, "\r\n  %s%s%s %s%s%s\r\n", bold, doc.name(), plain, grey, doc.params, plain)
	line("summary", doc.summary)
	if doc.since != "" {
		line("since", doc.since)
	}
	if withGroup {
		line("group", doc.group)
	}
}

func beginsWith(words, start []string) bool {
	if len(start) > len(words) {
		return false
	}
	for i, word := range start {
		if !strings.EqualFold(word, words[i]) {
			return false
		}
	}
	return true
}

// find returns the documentation of the command the words begin with: the one
// of two words if there is one.
func (h *help) find(words []string) (commandDoc, bool) {
	best, found := commandDoc{}, false
	for _, doc := range h.docs {
		if len(doc.words) > len(best.words) && beginsWith(words, doc.words) {
			best, found = doc, true
		}
	}
	return best, found
}

// hint returns the syntax of what may follow a line. The last word counts once
// there is a space behind it. found is false where the command is unknown.
func (h *help) hint(line string) (hint string, found bool) {
	h.load()
	words, err := splitArgs(line)
	if err != nil || len(words) == 0 {
		return "", false
	}
	if !isSpace(line[len(line)-1]) {
		words = words[:len(words)-1]
	}
	doc, found := h.find(words)
	if !found {
		return "", false
	}
	typed := words[len(doc.words):]
	switch {
	case doc.hasArgs:
		return hintFor(doc.args, typed), true
	case len(typed) == 0:
		return doc.params, true
	}
	return "", true
}

// complete returns the lines that Tab offers for a line: commands that begin
// with it and, after help, groups too.
func (h *help) complete(line string) []string {
	h.load()
	prefix, rest := "", line
	if hasPrefixFold(line, "help ") {
		rest = strings.TrimLeft(line[len("help "):], " \t")
		prefix = line[:len(line)-len(rest)]
	}
	var lines []string
	if prefix != "" {
		for _, group := range h.groups {
			if hasPrefixFold(group, rest) {
				lines = append(lines, prefix+group)
			}
		}
	}
	for _, doc := range h.docs {
		if name := doc.name(); hasPrefixFold(name, rest) {
			lines = append(lines, prefix+name)
		}
	}
	return lines
}
