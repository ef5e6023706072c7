package cli

import (
	"fmt"
	"slices"

	"github.com/kvasirdb/kvasir/internal/client"
)

// hotKey is a key and its access counter.
type hotKey struct {
	key       string // quoted
	frequency int64
}

// hotKeys finds the keys whose access counters are highest, which the server
// keeps under an LFU eviction policy only. Ctrl-C ends the walk with what was
// found so far.
func (a *app) hotKeys() error {
	defer a.handleInterrupts()()
	size, err := a.dbSize()
	if err != nil {
		return err
	}
	a.printf("\n# Scanning the entire keyspace to find hot keys as well as\n" +
		"# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec\n" +
		"# per 100 SCAN commands (not usually needed).\n\n")
	if err := a.readOnly(); err != nil {
		return err
	}
	var hottest []hotKey // hottest first, at most hotKeysCount
	sampled := int64(0)
	stopped, err := a.walkKeys(a.newScan(), func(keys []string) error {
		frequencies, err := a.keyFrequencies(keys)
		if err != nil {
			return err
		}
		progress := percent(sampled, size)
		for i, key := range keys {
			sampled++
			if sampled%sampleProgressEvery == 0 {
				a.printf("[%05.2f%%] Sampled %d keys so far\n", progress, sampled)
			}
			found := hotKey{quoted(key), frequencies[i]}
			var entered bool
			if hottest, entered = enter(hottest, found, a.opts.hotKeysCount); entered {
				a.printf("[%05.2f%%] Hot key '%s' found so far with counter %d\n", progress, found.key, found.frequency)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.printf("\n-------- Summary --------\n\n")
	if stopped {
		a.printf("[%05.2f%%] ", percent(sampled, size))
	}
	a.printf("Sampled %d keys in the keyspace!\n", sampled)
	for _, h := range hottest {
		a.printf("hot key found with counter: %d\tkeyname: %s\n", h.frequency, h.key)
	}
	return nil
}

// enter puts a key in its place among the hottest, if it belongs there. Among
// equals the first found stays ahead.
func enter(hottest []hotKey, k hotKey, limit int) ([]hotKey, bool) {
	place := len(hottest)
	for place > 0 && hottest[place-1].frequency < k.frequency {
		place--
	}
	if place >= limit || k.frequency == 0 {
		return hottest, false
	}
	hottest = slices.Insert(hottest, place, k)
	return hottest[:min(len(hottest), limit)], true
}

func (a *app) keyFrequencies(keys []string) ([]int64, error) {
	replies, err := a.pipeline(len(keys), func(i int) []string { return []string{"OBJECT", "FREQ", keys[i]} })
	if err != nil {
		return nil, err
	}
	frequencies := make([]int64, len(keys))
	for i, v := range replies {
		switch v.Kind {
		case client.Integer:
			frequencies[i] = v.Int
		case client.Error:
			return nil, fmt.Errorf("Error: %s", v.Str)
		default:
			fmt.Fprintf(a.errOut, "Warning: OBJECT freq on '%s' failed (may have been deleted)\n", quoted(keys[i]))
		}
	}
	return frequencies, nil
}
