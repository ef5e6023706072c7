package stringcmd

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/command"
	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// option is a set of options of SET, GETEX and MSETEX.
type option uint16

const (
	optNX option = 1 << iota
	optXX
	optIFEQ
	optGET
	optKEEPTTL
	optPERSIST
	optEX
	optPX
	optEXAT
	optPXAT

	expirations = optEX | optPX | optEXAT | optPXAT

	optionsOfSet    = optNX | optXX | optIFEQ | optGET | optKEEPTTL | expirations
	optionsOfGetEx  = optPERSIST | expirations
	optionsOfMSetEx = optNX | optXX | optKEEPTTL | expirations
)

// optionWords are the options with the ones that each excludes. An option may
// be repeated, except IFEQ.
var optionWords = [...]struct {
	word     string
	opt      option
	excludes option
	operand  bool
}{
	{"ex", optEX, optKEEPTTL | optPERSIST | expirations&^optEX, true},
	{"px", optPX, optKEEPTTL | optPERSIST | expirations&^optPX, true},
	{"nx", optNX, optXX | optIFEQ, false},
	{"xx", optXX, optNX | optIFEQ, false},
	{"get", optGET, 0, false},
	{"keepttl", optKEEPTTL, optPERSIST | expirations, false},
	{"exat", optEXAT, optKEEPTTL | optPERSIST | expirations&^optEXAT, true},
	{"pxat", optPXAT, optKEEPTTL | optPERSIST | expirations&^optPXAT, true},
	{"ifeq", optIFEQ, optNX | optXX | optIFEQ, true},
	{"persist", optPERSIST, optKEEPTTL | expirations, false},
}

// options are the parsed options of one command.
type options struct {
	has      option
	expiry   int64  // Unix milliseconds
	expiryAt int    // argument where the expiration's word stands
	compare  []byte // IFEQ
}

// expires reports whether an expiration is among the options.
func (o *options) expires() bool { return o.has&expirations != 0 }

// parseOptions reads the arguments from index from on as options, out of those
// that the command allows. If they are wrong, it answers so.
func parseOptions(c *command.Ctx, from int, allowed option) (o options, ok bool) {
	for i := from; i < len(c.Args); i++ {
		w := -1
		for k := range optionWords {
			if command.Is(c.Args[i], optionWords[k].word) {
				w = k
				break
			}
		}
		if w < 0 || optionWords[w].opt&allowed == 0 || optionWords[w].excludes&o.has != 0 ||
			optionWords[w].operand && i+1 == len(c.Args) {
			c.Out.Error(command.SyntaxError)
			return o, false
		}
		o.has |= optionWords[w].opt
		if !optionWords[w].operand {
			continue
		}
		if optionWords[w].opt == optIFEQ {
			o.compare = c.Args[i+1]
		} else {
			o.expiryAt = i
		}
		i++
	}
	if !o.expires() {
		return o, true
	}
	o.expiry, ok = expiryArg(c, o.expiryAt+1, o.has&(optEX|optEXAT) != 0, o.has&(optEX|optPX) != 0)
	return o, ok
}

// expiryArg reads argument i as a time: in seconds or milliseconds, from now or
// absolute. It answers when that is none.
func expiryArg(c *command.Ctx, i int, seconds, relative bool) (unixMillis int64, ok bool) {
	t, ok := c.IntArg(i)
	if !ok {
		return 0, false
	}
	if t <= 0 || seconds && t > math.MaxInt64/1000 {
		c.InvalidExpireTime()
		return 0, false
	}
	if seconds {
		t *= 1000
	}
	if relative {
		t += c.Now
	}
	if t <= 0 {
		c.InvalidExpireTime()
		return 0, false
	}
	return t, true
}

// expiresAtOnce reports whether a key with this expiry need not be kept.
func expiresAtOnce(c *command.Ctx, expiry int64) bool {
	return !c.Replaying() && c.Tx.ExpiresAtOnce(expiry)
}

// propagateSet makes the journal take a SET with an absolute expiry.
func propagateSet(c *command.Ctx, key, val []byte, expiry int64) {
	var text [number.IntTextMax]byte
	c.PropagateInstead([]byte("SET"), key, val, []byte("PXAT"), number.AppendInt(text[:0], expiry))
}
