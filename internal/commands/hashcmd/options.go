package hashcmd

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/datatype/hash"
)

// option is a set of options of HSETEX and HGETEX.
type option uint16

const (
	optNX option = 1 << iota
	optXX
	optFNX
	optFXX
	optKEEPTTL
	optPERSIST
	optEX
	optPX
	optEXAT
	optPXAT

	conditions  = optNX | optXX | optFNX | optFXX
	expirations = optEX | optPX | optEXAT | optPXAT

	optionsOfHSetEx = conditions | optKEEPTTL | expirations
	optionsOfHGetEx = optPERSIST | expirations
)

// optionWords are the options with the ones that each excludes. An option may
// be repeated; those that name an expiration have an operand.
var optionWords = [...]struct {
	word     string
	opt      option
	excludes option
}{
	{"nx", optNX, optXX},
	{"xx", optXX, optNX},
	{"fnx", optFNX, optFXX},
	{"fxx", optFXX, optFNX},
	{"keepttl", optKEEPTTL, expirations},
	{"persist", optPERSIST, expirations},
	{"ex", optEX, optKEEPTTL | optPERSIST | expirations&^optEX},
	{"px", optPX, optKEEPTTL | optPERSIST | expirations&^optPX},
	{"exat", optEXAT, optKEEPTTL | optPERSIST | expirations&^optEXAT},
	{"pxat", optPXAT, optKEEPTTL | optPERSIST | expirations&^optPXAT},
}

// options are the parsed options of one command.
type options struct {
	has      option
	expiryAt int // argument with the time of an expiration
}

// expires reports whether an expiration is among the options.
func (o *options) expires() bool { return o.has&expirations != 0 }

// fieldsWord returns the first argument, from index from on, that is FIELDS with
// something behind it.
func fieldsWord(c *command.Ctx, from int) (i int, ok bool) {
	for i = from; i < len(c.Args)-1; i++ {
		if command.Is(c.Args[i], "fields") {
			return i, true
		}
	}
	return 0, false
}

// parseOptions reads the arguments from index 2 up to the word FIELDS as
// options, out of those that the command allows. If they are wrong, it answers
// so.
func parseOptions(c *command.Ctx, fieldsAt int, allowed option) (o options, ok bool) {
	for i := 2; i < fieldsAt; i++ {
		w := 0
		for w < len(optionWords) && !command.Is(c.Args[i], optionWords[w].word) {
			w++
		}
		if w == len(optionWords) || optionWords[w].opt&allowed == 0 || optionWords[w].excludes&o.has != 0 {
			c.Out.Error(command.SyntaxError)
			return o, false
		}
		o.has |= optionWords[w].opt
		if optionWords[w].opt&expirations == 0 {
			continue
		}
		i++
		if i == fieldsAt {
			c.Out.Error(command.SyntaxError)
			return o, false
		}
		o.expiryAt = i
	}
	return o, true
}

// expiry returns the expiration in Unix milliseconds, or hash.NoExpiry if the
// options have none. If it is no valid time, it answers so.
func (o *options) expiry(c *command.Ctx) (unixMillis int64, ok bool) {
	if !o.expires() {
		return hash.NoExpiry, true
	}
	base, unit := int64(0), int64(1)
	if o.has&(optEX|optPX) != 0 {
		base = c.Now
	}
	if o.has&(optEX|optEXAT) != 0 {
		unit = 1000
	}
	return expiryArg(c, o.expiryAt, base, unit)
}

// expiryArg reads argument i as a time that counts in units of unitMillis from
// base. If it is none, it answers so.
func expiryArg(c *command.Ctx, i int, base, unitMillis int64) (unixMillis int64, ok bool) {
	t, ok := c.IntArg(i)
	if !ok {
		return 0, false
	}
	if t < 0 || t > math.MaxInt64/unitMillis || t*unitMillis > math.MaxInt64-base {
		c.InvalidExpireTime()
		return 0, false
	}
	return t*unitMillis + base, true
}

// parseCondition reads the arguments from index 3 up to the word FIELDS as the
// conditions of HEXPIRE. If they are wrong, it answers so.
func parseCondition(c *command.Ctx, fieldsAt int) (when hash.Condition, ok bool) {
	for _, a := range c.Args[3:fieldsAt] {
		switch {
		case command.Is(a, "nx"):
			when |= hash.OnlyNone
		case command.Is(a, "xx"):
			when |= hash.OnlySome
		case command.Is(a, "gt"):
			when |= hash.OnlyLater
		case command.Is(a, "lt"):
			when |= hash.OnlyEarlier
		default:
			c.Out.Errorf("ERR Unsupported option %s", command.UpToZero(a))
			return 0, false
		}
	}
	switch {
	case when&hash.OnlyNone != 0 && when != hash.OnlyNone:
		c.Out.Error("ERR NX and XX, GT or LT options at the same time are not compatible")
		return 0, false
	case when&hash.OnlyLater != 0 && when&hash.OnlyEarlier != 0:
		c.Out.Error("ERR GT and LT options at the same time are not compatible")
		return 0, false
	}
	return when, true
}

// expiresAtOnce reports whether a field with this expiry is deleted instead of
// kept.
func expiresAtOnce(c *command.Ctx, expiry int64) bool {
	return !c.Replaying() && c.Tx.ExpiresAtOnce(expiry)
}
