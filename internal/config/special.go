package config

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// SavePoint starts a snapshot when at least Changes writes happened and
// Seconds passed since the last one.
type SavePoint struct {
	Seconds int64
	Changes int
}

// saveSyntax reads pairs of seconds and changes. The lines of a file add up,
// the first of them replacing the default; CONFIG SET replaces the list.
func saveSyntax(sentinel bool) syntax[[]SavePoint] {
	loaded := false
	errInvalid := errors.New("Invalid save parameters")
	return syntax[[]SavePoint]{
		parse: func(old []SavePoint, args []string, from origin) ([]SavePoint, error) {
			if from != fromFile || !loaded {
				old = nil
			}
			if len(args) == 1 && args[0] == "" {
				old, args = nil, nil
			}
			if len(args)%2 != 0 {
				return nil, errInvalid
			}
			points := slices.Clip(old)
			for i := 0; i < len(args); i += 2 {
				seconds, rest1, _ := parsePrefix(args[i], 10)
				changes, rest2, _ := parsePrefix(args[i+1], 10)
				if rest1 != "" || rest2 != "" || seconds < 1 || changes < 0 {
					return nil, errInvalid
				}
				points = append(points, SavePoint{seconds, int(min(changes, math.MaxInt32))})
			}
			loaded = loaded || from == fromFile
			return points, nil
		},
		format: formatSavePoints,
		rewrite: func(name string, points []SavePoint) []rewriteLine {
			if sentinel {
				return nil
			}
			return []rewriteLine{{name + " " + orEmptyQuotes(formatSavePoints(points)), true}}
		},
	}
}

func formatSavePoints(points []SavePoint) string {
	var words []string
	for _, p := range points {
		words = append(words, strconv.FormatInt(p.Seconds, 10), strconv.Itoa(p.Changes))
	}
	return strings.Join(words, " ")
}

// ClientClass indexes the classes of OutputLimits.
type ClientClass int

// The client classes with an output buffer limit.
const (
	ClientNormal ClientClass = iota
	ClientReplica
	ClientPubSub
	clientClasses
)

// OutputLimit bounds a client's pending replies: it is disconnected above
// HardBytes, or after SoftSeconds above SoftBytes. Zero means no bound.
type OutputLimit struct {
	HardBytes   uint64
	SoftBytes   uint64
	SoftSeconds int64
}

// OutputLimits are the limits by ClientClass.
type OutputLimits [clientClasses]OutputLimit

func defaultOutputLimits() OutputLimits {
	return OutputLimits{
		ClientReplica: {256 << 20, 64 << 20, 60},
		ClientPubSub:  {32 << 20, 8 << 20, 60},
	}
}

// parseClientClass accepts the old and the new name of replicas.
func parseClientClass(name string) (ClientClass, bool) {
	switch strings.ToLower(name) {
	case "normal":
		return ClientNormal, true
	case "slave", "replica":
		return ClientReplica, true
	case "pubsub":
		return ClientPubSub, true
	}
	return 0, false
}

func outputLimitSyntax() syntax[OutputLimits] {
	return syntax[OutputLimits]{
		parse: func(limits OutputLimits, args []string, _ origin) (OutputLimits, error) {
			if len(args)%4 != 0 {
				return limits, errors.New("Wrong number of arguments in buffer limit configuration.")
			}
			for group := range slices.Chunk(args, 4) {
				class, ok := parseClientClass(group[0])
				if !ok {
					return limits, errors.New("Invalid client class specified in buffer limit configuration.")
				}
				hard, hardOK := parseMemory(group[1])
				soft, softOK := parseMemory(group[2])
				seconds, rest, _ := parsePrefix(group[3], 10)
				// The limit is kept in 32 bits by the original, where greater
				// numbers wrap; here they stop at the greatest.
				seconds = min(seconds, math.MaxInt32)
				if !hardOK || !softOK || seconds < 0 || rest != "" {
					return limits, errors.New("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
				}
				limits[class] = OutputLimit{hard, soft, seconds}
			}
			return limits, nil
		},
		format: func(limits OutputLimits) string {
			var words []string
			for class, name := range []string{"normal", "slave", "pubsub"} {
				l := limits[class]
				words = append(words, name, strconv.FormatUint(l.HardBytes, 10),
					strconv.FormatUint(l.SoftBytes, 10), strconv.FormatInt(l.SoftSeconds, 10))
			}
			return strings.Join(words, " ")
		},
		rewrite: func(name string, limits OutputLimits) []rewriteLine {
			var lines []rewriteLine
			for class, className := range []string{"normal", "replica", "pubsub"} {
				l := limits[class]
				text := strings.Join([]string{name, className, formatMemory(l.HardBytes),
					formatMemory(l.SoftBytes), strconv.FormatInt(l.SoftSeconds, 10)}, " ")
				lines = append(lines, rewriteLine{text, l != defaultOutputLimits()[class]})
			}
			return lines
		},
	}
}

// OOMScores are the kernel's badness adjustments of a primary, a replica and a
// background process.
type OOMScores [3]int

const oomScoreLimit = 2000

func oomScoresSyntax(warn func(string)) syntax[OOMScores] {
	return syntax[OOMScores]{
		parse: func(old OOMScores, args []string, from origin) (OOMScores, error) {
			var scores OOMScores
			if len(args) != len(scores) {
				return old, errArgumentCount
			}
			for i, arg := range args {
				v, rest, _ := parsePrefix(arg, 10)
				if rest != "" || v < -oomScoreLimit || v > oomScoreLimit {
					return old, errors.New("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
				}
				scores[i] = int(v)
			}
			if !slices.IsSorted(scores[:]) {
				warn("The oom-score-adj-values configuration may not work for non-privileged processes! " +
					"Please consult the documentation.")
			}
			return scores, nil
		},
		format: formatOOMScores,
		rewrite: func(name string, scores OOMScores) []rewriteLine {
			return []rewriteLine{{name + " " + formatOOMScores(scores), scores != defaultOOMScores()}}
		},
		same: func(a, b OOMScores) bool { return a == b },
	}
}

func defaultOOMScores() OOMScores { return OOMScores{0, 200, 800} }

func formatOOMScores(scores OOMScores) string {
	words := make([]string, len(scores))
	for i, v := range scores {
		words[i] = strconv.Itoa(v)
	}
	return strings.Join(words, " ")
}

// KeyspaceEvents are the classes of keyspace notifications, as bits.
type KeyspaceEvents uint32

// The classes, with the letter that selects each.
const (
	EventKeyspace KeyspaceEvents = 1 << iota // K: __keyspace@ channels
	EventKeyevent                            // E: __keyevent@ channels
	EventGeneric                             // g
	EventString                              // $
	EventList                                // l
	EventSet                                 // s
	EventHash                                // h
	EventZSet                                // z
	EventExpired                             // x
	EventEvicted                             // e
	EventStream                              // t
	EventKeyMiss                             // m, not part of A
	EventModule                              // d
	EventNew                                 // n

	// EventAll is the letter A.
	EventAll = EventGeneric | EventString | EventList | EventSet | EventHash | EventZSet |
		EventExpired | EventEvicted | EventStream | EventModule
)

// eventClass is a class with its letter; inAll tells that the letter A stands
// for it, in which case the letter is left out next to A.
type eventClass struct {
	letter byte
	bits   KeyspaceEvents
	inAll  bool
}

// eventClasses is in the order of the canonical text. Like Valkey it leaves
// "n" out next to A although A does not contain it.
func eventClasses() []eventClass {
	return []eventClass{
		{'g', EventGeneric, true},
		{'$', EventString, true},
		{'l', EventList, true},
		{'s', EventSet, true},
		{'h', EventHash, true},
		{'z', EventZSet, true},
		{'x', EventExpired, true},
		{'e', EventEvicted, true},
		{'t', EventStream, true},
		{'d', EventModule, true},
		{'n', EventNew, true},
		{'K', EventKeyspace, false},
		{'E', EventKeyevent, false},
		{'m', EventKeyMiss, false},
	}
}

// ParseKeyspaceEvents reads the letters of notify-keyspace-events.
func ParseKeyspaceEvents(letters string) (KeyspaceEvents, bool) {
	var events KeyspaceEvents
	classes := append(eventClasses(), eventClass{'A', EventAll, false})
	for i := range len(letters) {
		at := slices.IndexFunc(classes, func(c eventClass) bool { return c.letter == letters[i] })
		if at < 0 {
			return 0, false
		}
		events |= classes[at].bits
	}
	return events, true
}

// String returns the letters in canonical order.
func (e KeyspaceEvents) String() string {
	var letters []byte
	all := e&EventAll == EventAll
	if all {
		letters = append(letters, 'A')
	}
	for _, c := range eventClasses() {
		if e&c.bits != 0 && !(all && c.inAll) {
			letters = append(letters, c.letter)
		}
	}
	return string(letters)
}

func eventsSyntax() syntax[KeyspaceEvents] {
	return syntax[KeyspaceEvents]{
		parse: func(old KeyspaceEvents, args []string, _ origin) (KeyspaceEvents, error) {
			events, ok := ParseKeyspaceEvents(args[0])
			if !ok {
				return old, errors.New("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
			}
			return events, nil
		},
		format: KeyspaceEvents.String,
		rewrite: func(name string, events KeyspaceEvents) []rewriteLine {
			return []rewriteLine{{name + " " + Quote(events.String()), events != 0}}
		},
	}
}

// addressesMax bounds the addresses of one listener.
const addressesMax = 16

// addressesSyntax serves bind and rdma-bind. The default is left out of files.
func addressesSyntax(initial []string) syntax[[]string] {
	return syntax[[]string]{
		parse: func(old []string, args []string, _ origin) ([]string, error) {
			if len(args) > addressesMax {
				return old, errors.New("Too many bind addresses specified.")
			}
			if len(args) == 1 && args[0] == "" {
				args = nil
			}
			return slices.Clone(args), nil
		},
		format: func(addresses []string) string { return strings.Join(addresses, " ") },
		rewrite: func(name string, addresses []string) []rewriteLine {
			if slices.Equal(addresses, initial) {
				return nil
			}
			return []rewriteLine{{name + " " + quoteWords(addresses), true}}
		},
	}
}

func defaultAddresses() []string { return []string{"*", "-::*"} }

// PrimaryAddress is the value of replicaof; no Host means that the server is a
// primary.
type PrimaryAddress struct {
	Host string
	Port int
}

const portMax = 65535

// hzMin and hzMax bound hz, which users may set beyond.
const (
	hzMin = 1
	hzMax = 500
)

// replicaOfSyntax keeps the line out of files of cluster nodes, whose role is
// in the cluster's own file.
func replicaOfSyntax(clusterEnabled func() bool) syntax[PrimaryAddress] {
	format := func(a PrimaryAddress) string {
		if a.Host == "" {
			return ""
		}
		return a.Host + " " + strconv.Itoa(a.Port)
	}
	return syntax[PrimaryAddress]{
		parse: func(old PrimaryAddress, args []string, _ origin) (PrimaryAddress, error) {
			if len(args) != 2 {
				return old, errArgumentCount
			}
			if strings.EqualFold(args[0], "no") && strings.EqualFold(args[1], "one") {
				return PrimaryAddress{}, nil
			}
			port, rest, _ := parsePrefix(args[1], 10)
			if port < 0 || port > portMax || rest != "" {
				return old, errors.New("Invalid primary port")
			}
			return PrimaryAddress{args[0], int(port)}, nil
		},
		format: format,
		rewrite: func(name string, a PrimaryAddress) []rewriteLine {
			if a.Host == "" || clusterEnabled() {
				return nil
			}
			return []rewriteLine{{name + " " + quoteWords([]string{a.Host, strconv.Itoa(a.Port)}), true}}
		},
	}
}

// dirSyntax reads a working directory. change resolves it.
func dirSyntax(change func(current, path string) (string, error)) syntax[string] {
	return syntax[string]{
		parse: func(old string, args []string, _ origin) (string, error) {
			if args[0] == "" {
				return old, errors.New("dir can't be empty")
			}
			dir, err := change(old, args[0])
			if err != nil {
				return old, errors.New(reason(err))
			}
			return dir, nil
		},
		format: func(dir string) string { return dir },
		rewrite: func(name, dir string) []rewriteLine {
			return []rewriteLine{{name + " " + Quote(dir), true}}
		},
	}
}

// percentilesSyntax reads the percentiles of INFO latencystats.
func percentilesSyntax() syntax[[]float64] {
	format := func(percentiles []float64) string {
		words := make([]string, len(percentiles))
		for i, p := range percentiles {
			words[i] = strings.TrimRight(strings.TrimRight(strconv.FormatFloat(p, 'f', 6, 64), "0"), ".")
		}
		return strings.Join(words, " ")
	}
	return syntax[[]float64]{
		parse: func(old []float64, args []string, _ origin) ([]float64, error) {
			if len(args) == 1 && args[0] == "" {
				args = nil
			}
			percentiles := make([]float64, len(args))
			for i, arg := range args {
				p, ok := number.ParseDouble([]byte(arg))
				if !ok {
					return old, errors.New("Invalid latency-tracking-info-percentiles parameters")
				}
				if p > 100 || p < 0 {
					return old, errors.New("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
				}
				percentiles[i] = p
			}
			return percentiles, nil
		},
		format: format,
		rewrite: func(name string, percentiles []float64) []rewriteLine {
			return []rewriteLine{{name + " " + orEmptyQuotes(format(percentiles)), true}}
		},
	}
}

// orEmptyQuotes writes an empty list so that it overrides the default.
func orEmptyQuotes(text string) string {
	if text == "" {
		return `""`
	}
	return text
}
