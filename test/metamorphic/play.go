package metamorphic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kvasirdb/kvasir/internal/client"
	"github.com/kvasirdb/kvasir/internal/commands/cmdtest"
)

// difference is where targets disagree, or one of them contradicts itself.
type difference struct {
	step int // as an index
	text string
}

// auditEvery is how many steps lie between comparisons of all state.
const auditEvery = 64

// play plays the steps to all targets at the same time and returns the first
// difference, or nil.
func play(targets []target, steps []step, keys []string) *difference {
	for i, s := range steps {
		text := playStep(targets, s, i)
		if text == "" && (i%auditEvery == auditEvery-1 || i == len(steps)-1) {
			text = audit(targets, keys)
		}
		if text != "" {
			return &difference{i, text}
		}
	}
	return nil
}

func playStep(targets []target, s step, at int) string {
	if s.advance != 0 {
		for _, t := range targets {
			t.advance(s.advance)
		}
		return ""
	}
	for _, words := range s.requests {
		text := ""
		switch {
		case s.marks&picks != 0:
			text = playPick(targets, words, at)
		case s.marks&walks != 0:
			text = compare(targets, func(t target) string { return walk(t, words) })
		default:
			text = compare(targets, func(t target) string { return render(t.do(words), s.marks) })
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// compare returns what the targets answered if it is not the same.
func compare(targets []target, answer func(t target) string) string {
	answers := make([]string, len(targets))
	same := true
	for i, t := range targets {
		answers[i] = answer(t)
		same = same && answers[i] == answers[0] && !strings.HasPrefix(answers[i], "panic: ")
	}
	if same {
		return ""
	}
	var b strings.Builder
	for i, t := range targets {
		fmt.Fprintf(&b, "%9s: %s\n", t.name(), answers[i])
	}
	return b.String()
}

// audit compares what replies may not have shown yet.
func audit(targets []target, keys []string) string {
	problems := ""
	// Digests count expired keys until a lookup removes them, and which ones
	// RANDOMKEY has met is chance.
	all := append([]string{"EXISTS"}, keys...)
	swap := []string{"SWAPDB", "0", "1"}
	if text := playStep(serversAmong(targets), step{requests: [][]string{all, swap, all, swap}}, 0); text != "" {
		return "EXISTS of all keys:\n" + text
	}
	text := compare(targets, func(t target) string {
		state, err := t.check()
		if err != nil {
			problems += fmt.Sprintf("%s: %v\n", t.name(), err)
		}
		if _, isModel := t.(*model); isModel {
			state, _ = targets[0].check()
		}
		return state
	})
	shown := lookAt(targets, keys)
	if text != "" && shown == "" {
		// It lies in the other database.
		shown = playStep(targets, step{requests: [][]string{{"SWAPDB", "0", "1"}}}, 0) + lookAt(targets, keys)
	}
	return problems + text + shown
}

// serversAmong returns the targets but the model.
func serversAmong(targets []target) []target {
	return slices.DeleteFunc(slices.Clone(targets), func(t target) bool {
		_, isModel := t.(*model)
		return isModel
	})
}

// lookAt compares all that can be read of keys.
func lookAt(targets []target, keys []string) (text string) {
	servers := serversAmong(targets) // the model has neither streams nor expiry
	for _, key := range keys {
		for _, look := range []step{
			{requests: [][]string{{"TYPE", key}, {"EXISTS", key}, {"GET", key}, {"LRANGE", key, "0", "-1"},
				{"ZRANGE", key, "0", "-1", "WITHSCORES"}}},
			{requests: [][]string{{"SMEMBERS", key}}, marks: unordered},
			{requests: [][]string{{"HGETALL", key}}, marks: pairs},
		} {
			if difference := playStep(targets, look, 0); difference != "" {
				text += "key " + key + ":\n" + difference
			}
		}
		deep := step{requests: [][]string{{"XRANGE", key, "-", "+"}, {"PEXPIRETIME", key}, {"DEBUG", "DIGEST-VALUE", key}}}
		if difference := playStep(servers, deep, 0); difference != "" {
			text += "key " + key + ":\n" + difference
		}
	}
	return text
}

// render writes a reply so that two that mean the same are the same.
func render(v client.Value, marks mark) string {
	if v.Kind == client.Array && marks&(unordered|pairs) != 0 {
		unit := 1
		if marks&pairs != 0 {
			unit = 2
		}
		return strings.Join(units(v, unit), " ")
	}
	return cmdtest.Text(v)
}

// units returns the elements of an array, sorted, as texts of so many each.
func units(v client.Value, of int) (all []string) {
	for part := range slices.Chunk(v.Elems, of) {
		all = append(all, cmdtest.Text(client.Value{Kind: client.Array, Elems: part}))
	}
	slices.Sort(all)
	return all
}

// walkSteps bounds the steps of a walk over a small universe.
const walkSteps = 1000

// walk goes through all steps of a SCAN and returns what it found, without
// order and repetitions.
func walk(t target, words []string) string {
	cursorAt, unit := 2, 1
	switch words[0] {
	case "SCAN":
		cursorAt = 1
	case "HSCAN", "ZSCAN":
		unit = 2
	}
	words = slices.Clone(words)
	var found []string
	for range walkSteps {
		v := t.do(words)
		if v.Kind != client.Array || len(v.Elems) != 2 {
			return cmdtest.Text(v)
		}
		found = append(found, units(v.Elems[1], unit)...)
		if words[cursorAt] = v.Elems[0].Str; words[cursorAt] == "0" {
			slices.Sort(found)
			return strings.Join(slices.Compact(found), " ")
		}
	}
	return fmt.Sprintf("no end after %d steps", walkSteps)
}
