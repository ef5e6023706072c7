package command

import (
	"iter"
	"math/bits"
)

// flagNames are the command flags that COMMAND INFO shows, in its order. The
// others are for the server only.
var flagNames = []struct {
	flag Flags
	name string
}{
	{Write, "write"}, {ReadOnly, "readonly"}, {DenyOOM, "denyoom"}, {Admin, "admin"}, {PubSub, "pubsub"},
	{NoScript, "noscript"}, {Blocking, "blocking"}, {Loading, "loading"}, {Stale, "stale"},
	{SkipMonitor, "skip_monitor"}, {SkipCommandLog, "skip_commandlog"}, {Asking, "asking"}, {Fast, "fast"},
	{NoAuth, "no_auth"}, {NoMandatoryKeys, "no_mandatory_keys"}, {NoAsyncLoading, "no_async_loading"},
	{NoMulti, "no_multi"}, {MovableKeys, "movablekeys"}, {AllowBusy, "allow_busy"},
}

// categoryNames are the names of the ACL categories, by bit.
var categoryNames = [...]string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo",
	"stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
}

// keyFlagNames are the names of key flags in COMMAND INFO, by bit.
var keyFlagNames = [...]string{
	"RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete", "variable_flags",
}

// argTypeNames are the names of argument types in COMMAND DOCS, by ArgType.
var argTypeNames = [...]string{
	"string", "integer", "double", "key", "pattern", "unix-time", "pure-token", "oneof", "block",
}

// argFlagNames are the names of argument flags in COMMAND DOCS, by bit.
var argFlagNames = [...]string{"optional", "multiple", "multiple_token"}

// Names yields the names of the flags that COMMAND INFO shows.
func (f Flags) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, n := range flagNames {
			if f&n.flag != 0 && !yield(n.name) {
				return
			}
		}
	}
}

// Names yields the names of the categories in the set, in ACL CAT's order.
func (c Category) Names() iter.Seq[string] { return namesOf(uint64(c), categoryNames[:]) }

// AllCategories is the set of all ACL categories.
const AllCategories = CatScripting<<1 - 1

// CategoryByName finds an ACL category by its name in any case, without "@".
func CategoryByName(name []byte) (c Category, ok bool) {
	for bit, n := range categoryNames {
		if equalWord(name, n) {
			return 1 << bit, true
		}
	}
	return 0, false
}

// impliedCategories are the ACL categories that follow from a command's flags.
// Scripts declare no reads: whether they read is up to the script.
func impliedCategories(flags Flags, explicit Category) Category {
	implied := CatSlow
	if flags&Fast != 0 {
		implied = CatFast
	}
	if flags&Write != 0 {
		implied |= CatWrite
	}
	if flags&ReadOnly != 0 && explicit&CatScripting == 0 {
		implied |= CatRead
	}
	if flags&Admin != 0 {
		implied |= CatAdmin | CatDangerous
	}
	if flags&PubSub != 0 {
		implied |= CatPubSub
	}
	if flags&Blocking != 0 {
		implied |= CatBlocking
	}
	return implied
}

// Names yields the names of the flags.
func (f KeyFlags) Names() iter.Seq[string] { return namesOf(uint64(f), keyFlagNames[:]) }

// Names yields the names of the flags that COMMAND DOCS shows.
func (f ArgFlags) Names() iter.Seq[string] {
	return namesOf(uint64(f&(ArgOptional|ArgMultiple|ArgMultipleToken)), argFlagNames[:])
}

func (t ArgType) String() string { return argTypeNames[t] }

// namesOf yields the names of the bits set in word, lowest first.
func namesOf(word uint64, names []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for ; word != 0; word &= word - 1 {
			if !yield(names[bits.TrailingZeros64(word)]) {
				return
			}
		}
	}
}
