package cli

import (
	"fmt"
	"strconv"

	"github.com/kvasirdb/kvasir/internal/client"
)

const (
	sampleProgressEvery = 1_000_000 // keys
	samplePauseEvery    = 100       // batches; -i gives the time
)

// keyType is what was found of one type of value.
type keyType struct {
	name    string
	command string // gives the number of members; none for a module's types
	unit    string

	count      int64
	total      int64
	biggest    int64
	biggestKey string // quoted; empty until a key had a size
}

func builtinTypes() []*keyType {
	return []*keyType{
		{name: "string", command: "STRLEN", unit: "bytes"},
		{name: "list", command: "LLEN", unit: "items"},
		{name: "set", command: "SCARD", unit: "members"},
		{name: "hash", command: "HLEN", unit: "fields"},
		{name: "zset", command: "ZCARD", unit: "members"},
		{name: "stream", command: "XLEN", unit: "entries"},
	}
}

// keySampler walks all keys and keeps what --bigkeys and --memkeys report.
type keySampler struct {
	app     *app
	types   []*keyType
	scan    *keyScan
	dbSize  int64
	sampled int64
	keyLen  int64
}

// bigKeys finds the biggest keys of each type, by members or by memory. Ctrl-C
// ends the walk, and what was found so far is summed up.
func (a *app) bigKeys() error {
	defer a.handleInterrupts()()
	size, err := a.dbSize()
	if err != nil {
		return err
	}
	s := &keySampler{app: a, types: builtinTypes(), scan: a.newScan(), dbSize: size}
	if a.opts.memory {
		for _, t := range s.types {
			t.unit = "bytes"
		}
	}
	a.printf("\n# Scanning the entire keyspace to find biggest keys as well as\n" +
		"# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec\n" +
		"# per 100 SCAN commands (not usually needed).\n\n")
	if err := a.readOnly(); err != nil {
		return err
	}
	stopped, err := a.walkKeys(s.scan, s.sample)
	if err != nil {
		return err
	}
	s.summarize(stopped)
	return nil
}

// walkKeys hands every batch of keys to visit. stopped tells that Ctrl-C ended
// it.
func (a *app) walkKeys(scan *keyScan, visit func(keys []string) error) (stopped bool, err error) {
	for batches := 1; ; batches++ {
		keys, done, err := scan.next()
		if err != nil || done {
			return false, err
		}
		if err := visit(keys); err != nil {
			return false, err
		}
		if a.interrupted() {
			return true, nil
		}
		if a.opts.interval > 0 && batches%samplePauseEvery == 0 && a.pause(a.opts.interval) != nil {
			return true, nil
		}
	}
}

// percent is the progress: the number of keys may change meanwhile.
func percent(sampled, total int64) float64 {
	if total == 0 {
		return 0
	}
	return 100 * float64(sampled) / float64(total)
}

func (s *keySampler) sample(keys []string) error {
	types, err := s.keyTypes(keys)
	if err != nil {
		return err
	}
	sizes, err := s.keySizes(keys, types)
	if err != nil {
		return err
	}
	progress := percent(s.sampled, s.dbSize)
	for i, key := range keys {
		t := types[i]
		if t == nil {
			continue // deleted meanwhile
		}
		t.count++
		t.total += sizes[i]
		s.keyLen += int64(len(key))
		s.sampled++
		if sizes[i] > t.biggest {
			t.biggest, t.biggestKey = sizes[i], quoted(key)
			s.app.printf("[%05.2f%%] Biggest %-6s found so far '%s' with %d %s\n",
				progress, t.name, t.biggestKey, t.biggest, t.unit)
		}
		if s.sampled%sampleProgressEvery == 0 {
			s.app.printf("[%05.2f%%] Sampled %d keys so far\n", progress, s.sampled)
		}
	}
	return nil
}

// keyTypes asks for the types of all keys at once. The type of a key that is
// gone is nil.
func (s *keySampler) keyTypes(keys []string) ([]*keyType, error) {
	replies, err := s.app.pipeline(len(keys), func(i int) []string { return []string{"TYPE", keys[i]} })
	if err != nil {
		return nil, err
	}
	types := make([]*keyType, len(keys))
	for i, v := range replies {
		switch {
		case v.Kind == client.Error:
			return nil, fmt.Errorf("TYPE returned an error: %s", v.Str)
		case v.Kind != client.SimpleString:
			return nil, fmt.Errorf("Invalid reply type (%s) for TYPE on key '%s'!", v.Kind, keys[i])
		case v.Str != "none":
			types[i] = s.typeNamed(v.Str)
		}
	}
	return types, nil
}

func (s *keySampler) typeNamed(name string) *keyType {
	for _, t := range s.types {
		if t.name == name {
			return t
		}
	}
	t := &keyType{name: name, unit: "?"}
	if s.app.opts.memory {
		t.unit = "bytes"
	}
	s.types = append(s.types, t)
	return t
}

func (s *keySampler) keySizes(keys []string, types []*keyType) ([]int64, error) {
	var asked []int
	for i, t := range types {
		if t != nil && (t.command != "" || s.app.opts.memory) {
			asked = append(asked, i)
		}
	}
	replies, err := s.app.pipeline(len(asked), func(i int) []string {
		return s.sizeCommand(types[asked[i]], keys[asked[i]])
	})
	if err != nil {
		return nil, err
	}
	sizes := make([]int64, len(keys))
	for i, v := range replies {
		if v.Kind != client.Integer {
			// It may have become another type between the two questions.
			name := types[asked[i]].command
			if s.app.opts.memory {
				name = "MEMORY USAGE"
			}
			fmt.Fprintf(s.app.errOut, "Warning:  %s on '%s' failed (may have changed type)\n", name, keys[asked[i]])
			continue
		}
		sizes[asked[i]] = v.Int
	}
	return sizes, nil
}

func (s *keySampler) sizeCommand(t *keyType, key string) []string {
	switch {
	case !s.app.opts.memory:
		return []string{t.command, key}
	case s.app.opts.memorySamples == 0:
		return []string{"MEMORY", "USAGE", key}
	}
	return []string{"MEMORY", "USAGE", key, "SAMPLES", strconv.Itoa(s.app.opts.memorySamples)}
}

func (s *keySampler) summarize(stopped bool) {
	a := s.app
	a.printf("\n-------- Summary --------\n\n")
	if stopped {
		a.printf("[%05.2f%%] ", percent(s.sampled, s.dbSize))
	}
	a.printf("Sampled %d keys in the keyspace!\n", s.sampled)
	a.printf("Total key length in bytes is %d (avg len %.2f)\n\n", s.keyLen, ratio(s.keyLen, s.sampled))
	for _, t := range s.types {
		if t.biggestKey != "" {
			a.printf("Biggest %6s found '%s' has %d %s\n", t.name, t.biggestKey, t.biggest, t.unit)
		}
	}
	a.printf("\n")
	for _, t := range s.types {
		a.printf("%d %ss with %d %s (%05.2f%% of keys, avg size %.2f)\n",
			t.count, t.name, t.total, t.unit, percent(t.count, s.sampled), ratio(t.total, t.count))
	}
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func (a *app) dbSize() (int64, error) {
	v, err := a.session.setUp("DBSIZE")
	switch {
	case err != nil:
		return 0, errReported
	case v.Kind == client.Error:
		return 0, fmt.Errorf("Couldn't determine DBSIZE: %s", v.Str)
	case v.Kind != client.Integer:
		return 0, fmt.Errorf("Non INTEGER response from DBSIZE!")
	}
	return v.Int, nil
}

// readOnly lets a cluster's replica answer reads. Servers outside a cluster
// refuse it, which does no harm.
func (a *app) readOnly() error {
	v, err := a.session.setUp("READONLY")
	if err != nil {
		return errReported
	}
	if v.Kind == client.Error && v.Str != "ERR This instance has cluster support disabled" {
		return fmt.Errorf("Error: %s", v.Str)
	}
	return nil
}

// pipeline sends n commands at once and returns their replies.
func (a *app) pipeline(n int, command func(i int) []string) ([]client.Value, error) {
	link := a.session.link
	for i := range n {
		if err := link.conn.Send(command(i)...); err != nil {
			return nil, fmt.Errorf("Error: %s", lossReason(err))
		}
	}
	if err := link.conn.Flush(); err != nil {
		return nil, fmt.Errorf("Error: %s", lossReason(err))
	}
	replies := make([]client.Value, 0, n)
	for len(replies) < n {
		v, err := link.receive()
		if err != nil {
			return nil, fmt.Errorf("Error: %s", lossReason(err))
		}
		if v.Kind != client.Push {
			replies = append(replies, v)
		}
	}
	return replies, nil
}
