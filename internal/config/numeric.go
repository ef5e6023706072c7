package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/kvasirdb/kvasir/internal/platform/number"
)

// Int is the handle of a number that fits 64 bits with sign.
type Int struct{ numeric }

// Load returns the present value in the parameter's unit: bytes for memory, a
// negative number for a percentage.
func (n *Int) Load() int64 { return n.v.Load() }

// Store changes the value without running hooks; for the owner of the state
// that the parameter describes.
func (n *Int) Store(v int64) { n.v.Store(v) }

// Uint is the handle of a number that needs all 64 bits.
type Uint struct{ numeric }

// Load returns the present value in the parameter's unit.
func (n *Uint) Load() uint64 { return uint64(n.v.Load()) }

// Store changes the value without running hooks; for the owner of the state
// that the parameter describes.
func (n *Uint) Store(v uint64) { n.v.Store(int64(v)) }

// numeric keeps 64 bits; Definition.Unsigned says how to read them.
type numeric struct {
	v atomic.Int64
	base
	initial int64
}

func (d *definer) int(def Definition) *Int {
	def.Type = TypeNumber
	n := &Int{numeric{base: base{def: def}}}
	d.addNumber(n, &n.numeric)
	return n
}

func (d *definer) uint(def Definition) *Uint {
	def.Type, def.Unsigned = TypeNumber, true
	n := &Uint{numeric{base: base{def: def}}}
	d.addNumber(n, &n.numeric)
	return n
}

func (d *definer) addNumber(p Param, n *numeric) {
	d.add(p)
	n.initial = n.v.Load()
}

func (n *numeric) set(args []string, _ origin) (bool, error) {
	v, err := n.parse(args[0])
	if err != nil {
		return false, err
	}
	if err := n.bound(v); err != nil {
		return false, err
	}
	if clamp := n.def.Clamp; clamp[1] != 0 {
		v = min(max(v, clamp[0]), clamp[1])
	}
	if err := n.validateText(n.format(v)); err != nil {
		return false, err
	}
	return n.changed(n.v.Swap(v) != v), nil
}

// parse reads the notations of the unit, in Valkey's order. A memory value
// beyond 63 bits wraps to a negative number, which bound refuses where the
// parameter has a sign.
func (n *numeric) parse(s string) (int64, error) {
	unit := n.def.Unit
	switch unit {
	case UnitNone:
		if v, ok := number.ParseInt([]byte(s)); ok {
			return v, nil
		}
		return 0, errors.New("argument couldn't be parsed into an integer")
	case UnitOctal:
		if v, rest, ok := parsePrefix(s, 8); ok && rest == "" {
			return v, nil
		}
		return 0, errors.New("argument couldn't be parsed as an octal number")
	}
	if v, ok := parseMemory(s); ok {
		return int64(v), nil
	}
	switch unit {
	case UnitMemorySigned:
		if v, ok := number.ParseInt([]byte(s)); ok {
			return v, nil
		}
	case UnitMemoryPercent:
		if digits, ok := strings.CutSuffix(s, "%"); ok {
			if v, ok := number.ParseInt([]byte(digits)); ok && v >= 0 {
				return -v, nil
			}
		}
		return 0, errors.New("argument must be a memory or percent value")
	}
	return 0, errors.New("argument must be a memory value")
}

func (n *numeric) bound(v int64) error {
	def := &n.def
	switch {
	case def.Unsigned:
		if uint64(v) > def.Max || uint64(v) < uint64(def.Min) {
			if def.Unit == UnitOctal {
				return fmt.Errorf("argument must be between %o and %o inclusive", def.Min, def.Max)
			}
			return fmt.Errorf("argument must be between %d and %d inclusive", def.Min, def.Max)
		}
	case def.Unit == UnitMemoryPercent && v < 0:
		if v < def.Min {
			return fmt.Errorf("percentage argument must be less or equal to %d", -def.Min)
		}
	case v < def.Min || v > int64(def.Max):
		return fmt.Errorf("argument must be between %d and %d inclusive", def.Min, def.Max)
	}
	return nil
}

// Text returns the number as CONFIG GET prints it: memory in bytes, a
// percentage with its sign, permissions in octal.
func (n *numeric) Text() string { return n.format(n.v.Load()) }

func (n *numeric) format(v int64) string {
	switch {
	case n.def.Unit == UnitMemoryPercent && v < 0:
		return strconv.FormatInt(-v, 10) + "%"
	case n.def.Unit == UnitMemory || n.def.Unit == UnitMemoryPercent:
		return strconv.FormatUint(uint64(v), 10)
	case n.def.Unit == UnitOctal:
		return strconv.FormatInt(v, 8)
	}
	return strconv.FormatInt(v, 10)
}

func (n *numeric) snapshot() func() {
	old := n.v.Load()
	return func() { n.v.Store(old) }
}

func (n *numeric) rewrite() []rewriteLine {
	v := n.v.Load()
	text := n.format(v)
	switch n.def.Unit {
	case UnitMemory:
		text = formatMemory(uint64(v))
	case UnitMemoryPercent, UnitMemorySigned:
		if v >= 0 {
			text = formatMemory(uint64(v))
		}
	}
	return []rewriteLine{{n.def.Name + " " + text, v != n.initial}}
}

// parsePrefix reads a number at the start of s the way C's strtoll does:
// leading spaces and a sign are allowed, and without digits the result is zero
// and rest is s. ok is false when the number does not fit.
func parsePrefix(s string, radix int) (v int64, rest string, ok bool) {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	start := i
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits := i
	for i < len(s) && s[i] >= '0' && s[i] < '0'+byte(radix) {
		i++
	}
	if i == digits {
		return 0, s, true
	}
	v, err := strconv.ParseInt(s[start:i], radix, 64)
	return v, s[i:], err == nil
}

// parseMemory reads bytes with an optional unit. As in Valkey the digits may
// be missing, which means zero, and the multiplication may wrap.
func parseMemory(s string) (uint64, bool) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	unit, ok := memoryUnits(strings.ToLower(s[i:]))
	if !ok || i >= memoryDigitsMax {
		return 0, false
	}
	if i == 0 {
		return 0, true
	}
	v, err := strconv.ParseUint(s[:i], 10, 64)
	return v * unit, err == nil
}

// memoryDigitsMax bounds the digits of a memory value.
const memoryDigitsMax = 128

func memoryUnits(suffix string) (bytes uint64, ok bool) {
	switch suffix {
	case "", "b":
		return 1, true
	case "k":
		return 1000, true
	case "kb":
		return 1 << 10, true
	case "m":
		return 1000 * 1000, true
	case "mb":
		return 1 << 20, true
	case "g":
		return 1000 * 1000 * 1000, true
	case "gb":
		return 1 << 30, true
	}
	return 0, false
}

// formatMemory writes bytes in the largest binary unit that divides them.
func formatMemory(v uint64) string {
	for _, unit := range []struct {
		bytes uint64
		name  string
	}{{1 << 30, "gb"}, {1 << 20, "mb"}, {1 << 10, "kb"}} {
		if v != 0 && v%unit.bytes == 0 {
			return strconv.FormatUint(v/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatUint(v, 10)
}
