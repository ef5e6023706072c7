// Package command is the contract between the engine and everything that can
// be asked of the server.
//
// A command is one literal [Spec] beside its handler. The same literal serves
// dispatch, COMMAND INFO / DOCS / GETKEYS, the lock plan, ACL categories,
// cluster routing, command-line hints and the fuzzer, so each fact about a
// command has one home.
//
// Vocabulary:
//
//   - A container (CLIENT, CONFIG, OBJECT …) is a Spec with Subcommands. Its
//     full subcommand name is written "client|list".
//   - A key spec says where a command's keys are, so that they can be found
//     before it runs.
//   - A lock plan says what the engine holds while Run executes: the shards of
//     the declared keys, everything (exclusive mode), or nothing.
//   - A [Gate] may refuse a command before it runs; an [Observer] sees what it
//     did, still under its locks.
package command

// Flags are a command's properties, as COMMAND INFO reports them, followed by
// those that only the server itself reads.
type Flags uint64

// Command flags. The names in COMMAND INFO are in flagNames.
const (
	Write                Flags = 1 << iota // may modify the dataset
	ReadOnly                               // only reads keys
	DenyOOM                                // refused when out of memory
	Admin                                  // administrative (SAVE, SHUTDOWN …)
	PubSub                                 // related to pub/sub
	NoScript                               // not allowed in scripts
	Blocking                               // may block the client
	Loading                                // allowed while loading a dataset
	Stale                                  // allowed on a replica with stale data
	SkipMonitor                            // not shown by MONITOR
	SkipCommandLog                         // not entered in the command log
	Asking                                 // cluster: implies ASKING
	Fast                                   // O(1) or O(log N), never slow
	NoAuth                                 // allowed before authentication
	MayReplicate                           // may propagate though it is no write
	Sentinel                               // available in sentinel mode
	OnlySentinel                           // available in sentinel mode only
	NoMandatoryKeys                        // may be called without keys
	Protected                              // needs enable-debug-command or enable-module-command
	NoAsyncLoading                         // refused while async loading
	NoMulti                                // not allowed in MULTI
	AllowBusy                              // allowed while a script is running for too long
	TouchesArbitraryKeys                   // may touch keys that no key spec shows
	AllDBs                                 // acts on every database
	MovableKeys                            // first/last/step does not cover all keys (derived from Keys)
)

// Group is the documentation group of a command.
type Group string

// The groups of COMMAND DOCS.
const (
	GroupBitmap       Group = "bitmap"
	GroupCluster      Group = "cluster"
	GroupConnection   Group = "connection"
	GroupGeneric      Group = "generic"
	GroupGeo          Group = "geo"
	GroupHash         Group = "hash"
	GroupHyperLogLog  Group = "hyperloglog"
	GroupList         Group = "list"
	GroupPubSub       Group = "pubsub"
	GroupScripting    Group = "scripting"
	GroupSentinel     Group = "sentinel"
	GroupServer       Group = "server"
	GroupSet          Group = "set"
	GroupSortedSet    Group = "sorted-set"
	GroupStream       Group = "stream"
	GroupString       Group = "string"
	GroupTransactions Group = "transactions"
)

// Category is a set of ACL categories.
type Category uint64

// ACL categories (ACL CAT), in Valkey's order.
const (
	CatKeyspace Category = 1 << iota
	CatRead
	CatWrite
	CatSet
	CatSortedSet
	CatList
	CatHash
	CatString
	CatBitmap
	CatHyperLogLog
	CatGeo
	CatStream
	CatPubSub
	CatAdmin
	CatFast
	CatSlow
	CatBlocking
	CatDangerous
	CatConnection
	CatTransaction
	CatScripting
)

// Lock says what the engine holds while a command runs.
type Lock uint8

const (
	// LockAuto derives the plan: the shards of the declared keys when Keys
	// covers them completely, exclusive mode otherwise.
	LockAuto Lock = iota
	// LockNone: the command touches nothing but its own client and its reply.
	LockNone
	// LockExclusive: no other command runs anywhere meanwhile.
	LockExclusive
)

// Spec describes one command or subcommand. It is immutable once in a Table.
type Spec struct {
	Name    string // lower case, without the container's name
	Group   Group
	Since   string
	Arity   int // number of words including the name; negative: at least -Arity
	Flags   Flags
	ACL     Category // explicit categories; implied ones are added by the Table
	Summary string

	Complexity      string
	DeprecatedSince string // documentation only
	ReplacedBy      string // with DeprecatedSince
	SysCmd          bool   // documentation flag "syscmd"
	History         []Change
	Tips            []string // "nondeterministic_output", "request_policy:…"

	Keys []KeySpec
	Args []Arg
	// Element is the position of an argument that is looked up in the collection at
	// the command's only key, 0 if there is none. The lookups of a batch of requests
	// are prefetched, so a wrong position, as in ZADD with options, costs only time.
	Element int
	// KeysOf finds the keys where Keys alone cannot (SORT … STORE, EVAL-like
	// numkeys forms are expressible in Keys and need none). It appends to dst.
	KeysOf func(dst []KeyRef, argv [][]byte) ([]KeyRef, error)
	// DBs says which arguments are numbers of databases the command reaches
	// beside the selected one; ACL database permissions need them.
	DBs []DBArg

	Lock        Lock
	Run         func(c *Ctx)
	Subcommands []Spec
	// Refused, where set, is told that the command does not run and why, and
	// returns the text of the error that is answered instead. It runs in place of
	// Run, without locks.
	Refused func(c *Ctx, text string) string
}

// Change is one line of a command's history: what changed in which version.
type Change struct{ Version, What string }

// KeyFlags say what a command does with the keys of one key spec.
type KeyFlags uint16

// Key spec flags, in COMMAND INFO's order: exactly one of RO, RW, OW, RM, and
// any of the others.
const (
	KeyRO KeyFlags = 1 << iota
	KeyRW
	KeyOW
	KeyRM
	KeyAccess
	KeyUpdate
	KeyInsert
	KeyDelete
	NotKey
	KeyIncomplete
	KeyVariableFlags
)

// KeySpec says where keys begin and how to find them from there. Exactly one
// begin search (Index, or Keyword with From) and one find method (Range, or
// NumKeys) is set; Unknown forms leave them zero with the Unknown flags set.
type KeySpec struct {
	Flags KeyFlags
	Notes string

	// Begin search.
	Index   int    // position of the first key; used when Keyword is empty
	Keyword string // keys begin after this word …
	From    int    // … searched from this position on (negative: backwards from the end)

	// Find keys.
	LastKey int // Range: last key relative to the first (negative: from the end)
	Step    int // Range: distance between keys; 0 means the NumKeys form
	Limit   int // Range: with LastKey -1, the divisor of what remains (0, 1: no limit)

	NumKeysAt int // NumKeys: position of the count, relative to the begin
	FirstKey  int // NumKeys: position of the first key, relative to the begin
	NumStep   int // NumKeys: distance between keys; 0 means the Range form

	UnknownBegin bool
	UnknownFind  bool
}

// KeyRef is one key found in a command's arguments.
type KeyRef struct {
	Pos   int // index in argv
	Flags KeyFlags
}

// DBArg is an argument that is the number of a database.
type DBArg struct {
	Pos   int    // index in argv
	After string // counts only if the word before it is this one; empty: always
}

// ArgType is the type of a documented argument.
type ArgType uint8

// Argument types of COMMAND DOCS.
const (
	ArgString ArgType = iota
	ArgInteger
	ArgDouble
	ArgKey
	ArgPattern
	ArgUnixTime
	ArgPureToken
	ArgOneOf
	ArgBlock
)

// ArgFlags qualify a documented argument.
type ArgFlags uint8

const (
	ArgOptional ArgFlags = 1 << iota
	ArgMultiple
	ArgMultipleToken
	// ArgOfKeySpec is no flag of COMMAND DOCS: it says that KeySpec counts
	// though the argument is no ArgKey (SORT's patterns).
	ArgOfKeySpec
)

// Arg documents one argument, as COMMAND DOCS reports it.
type Arg struct {
	Name    string
	Display string // display_text; empty: same as Name
	Type    ArgType
	Token   string // the word before it, or all of it; `""` is the empty word
	// KeySpec is the index of the key spec an ArgKey or an argument with
	// ArgOfKeySpec belongs to.
	KeySpec         int
	Summary         string
	Since           string
	DeprecatedSince string
	Flags           ArgFlags
	Args            []Arg // of ArgOneOf and ArgBlock
}
