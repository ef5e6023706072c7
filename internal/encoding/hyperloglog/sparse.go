package hyperloglog

import "slices"

const (
	xzeroBit = 0x40
	valueBit = 0x80

	zeroLengthMax  = 64
	valueLengthMax = 4
	valueMax       = 32

	// mergeScan is how many opcodes a change looks at for equal neighbours.
	mergeScan = 5
)

// opcode is one run of equal registers of a sparse sketch.
type opcode struct {
	value  byte // 0 for zero and xzero
	length int
	bytes  int
}

// opcodeAt decodes the opcode at the start of b. The second byte of an xzero
// that is cut off counts as 0.
func opcodeAt(b []byte) opcode {
	switch first := b[0]; {
	case first&valueBit != 0:
		return opcode{first>>2&0x1f + 1, int(first&3) + 1, 1}
	case first&xzeroBit == 0:
		return opcode{0, int(first) + 1, 1}
	case len(b) < 2:
		return opcode{0, int(first&0x3f)<<8 + 1, 2}
	default:
		return opcode{0, int(first&0x3f)<<8 | int(b[1]) + 1, 2}
	}
}

func appendZeros(b []byte, length int) []byte {
	if length > zeroLengthMax {
		return append(b, xzeroBit|byte((length-1)>>8), byte(length-1))
	}
	return append(b, byte(length-1))
}

func valueOpcode(value byte, length int) byte { return valueBit | (value-1)<<2 | byte(length-1) }

// appendRun appends a run of registers of the same value, if it has any.
func appendRun(b []byte, value byte, length int) []byte {
	switch {
	case length == 0:
		return b
	case value == 0:
		return appendZeros(b, length)
	}
	return append(b, valueOpcode(value, length))
}

// walk calls visit for each run with the index of its first register. ok is
// false if the runs are not the right number of registers.
func walk(b []byte, visit func(o opcode, first int)) (ok bool) {
	first := 0
	for len(b) > 0 {
		o := opcodeAt(b)
		if first+o.length > Registers {
			return false
		}
		visit(o, first)
		first += o.length
		b = b[min(o.bytes, len(b)):]
	}
	return first == Registers
}

// raiseSparse is Raise of a sparse sketch. It changes no more of the string than
// the run that holds the register and its neighbours, so that the bytes come
// out as Valkey's do.
func raiseSparse(b []byte, index int, run byte, sparseMax int) (raised []byte, changed, ok bool) {
	if run > valueMax {
		return promote(b, index, run)
	}
	at, previous, first := headerBytes, headerBytes, 0
	var o opcode
	for ; at < len(b); at += o.bytes {
		if o = opcodeAt(b[at:]); index < first+o.length {
			break
		}
		previous = at
		first += o.length
	}
	if at >= len(b) || at+o.bytes > len(b) {
		return b, false, false
	}
	if o.value >= run {
		return b, false, true
	}
	// What the run becomes: at most xzero, value, xzero.
	var room [5]byte
	seq := appendRun(room[:0], o.value, index-first)
	seq = append(seq, valueOpcode(run, 1))
	seq = appendRun(seq, o.value, first+o.length-1-index)
	if grown := len(seq) - o.bytes; grown > 0 && len(b)+grown > sparseMax {
		return promote(b, index, run)
	}
	b = slices.Replace(b, at, at+o.bytes, seq...)
	b = mergeValues(b, previous)
	Invalidate(b)
	return b, true, true
}

// mergeValues joins value runs of the same value among the next few opcodes.
func mergeValues(b []byte, at int) []byte {
	for scan := 0; at < len(b) && scan < mergeScan; scan++ {
		o := opcodeAt(b[at:])
		if o.value != 0 && at+1 < len(b) {
			if next := opcodeAt(b[at+1:]); next.value == o.value && o.length+next.length <= valueLengthMax {
				b[at+1] = valueOpcode(o.value, o.length+next.length)
				b = slices.Delete(b, at, at+1)
				continue
			}
		}
		at += o.bytes
	}
	return b
}

// promote makes a sparse sketch dense in order to raise a register.
func promote(b []byte, index int, run byte) (raised []byte, changed, ok bool) {
	d, ok := ToDense(b)
	if !ok {
		return b, false, false
	}
	return d, RaiseDense(d, index, run), true
}
