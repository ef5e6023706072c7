package command

// This file has the key finders for Spec.KeysOf: commands whose keys, or what
// happens to them, depend on their options. Each appends to dst and reports
// what COMMAND GETKEYSANDFLAGS shows; where the arguments make no sense it
// appends nothing, and the command itself will complain.

// SetKeys finds the key of SET, which is read as well when GET is given.
func SetKeys(dst []KeyRef, argv [][]byte) ([]KeyRef, error) {
	for i := 3; i < len(argv); i++ {
		if equalWord(argv[i], "get") {
			return append(dst, KeyRef{1, KeyRW | KeyAccess | KeyUpdate}), nil
		}
	}
	return append(dst, KeyRef{1, KeyOW | KeyUpdate}), nil
}

// BitfieldKeys finds the key of BITFIELD, which is only read when all its
// operations are GETs.
func BitfieldKeys(dst []KeyRef, argv [][]byte) ([]KeyRef, error) {
	for i := 2; i < len(argv); {
		left := len(argv) - i - 1
		switch {
		case equalWord(argv[i], "get") && left >= 2:
			i += 3
		case equalWord(argv[i], "overflow") && left >= 1:
			i += 2
		default: // SET, INCRBY, or a syntax error
			return append(dst, KeyRef{1, KeyRW | KeyAccess | KeyUpdate}), nil
		}
	}
	return append(dst, KeyRef{1, KeyRO | KeyAccess}), nil
}

// SortKeys finds the keys of SORT: its source and the last STORE target. The
// keys that BY and GET lead to depend on the data and are not among them.
func SortKeys(dst []KeyRef, argv [][]byte) ([]KeyRef, error) {
	dst = append(dst, KeyRef{1, KeyRO | KeyAccess})
	target := 0
	for i := 2; i < len(argv); i++ {
		switch {
		case equalWord(argv[i], "limit"):
			i += 2
		case equalWord(argv[i], "get"), equalWord(argv[i], "by"):
			i++
		case equalWord(argv[i], "store") && i+1 < len(argv):
			target = i + 1 // not skipped: a key may be called STORE
		}
	}
	if target > 0 {
		dst = append(dst, KeyRef{target, KeyOW | KeyUpdate})
	}
	return dst, nil
}

// SortROKeys finds the key of SORT_RO.
func SortROKeys(dst []KeyRef, _ [][]byte) ([]KeyRef, error) {
	return append(dst, KeyRef{1, KeyRO | KeyAccess}), nil
}

// MigrateKeys finds the keys of MIGRATE: one in place, or, when that one is
// empty, those after KEYS.
func MigrateKeys(dst []KeyRef, argv [][]byte) ([]KeyRef, error) {
	const flags = KeyRW | KeyAccess | KeyDelete
	for i := 6; i < len(argv); i++ {
		switch {
		case equalWord(argv[i], "auth"):
			i++
		case equalWord(argv[i], "auth2"):
			i += 2
		case equalWord(argv[i], "keys"):
			if len(argv[3]) > 0 {
				return dst, nil // both forms at once
			}
			for k := i + 1; k < len(argv); k++ {
				dst = append(dst, KeyRef{k, flags})
			}
			return dst, nil
		}
	}
	return append(dst, KeyRef{3, flags}), nil
}

// XreadKeys finds the keys of XREAD and XREADGROUP where their key specs fail,
// by walking the options up to STREAMS.
func XreadKeys(dst []KeyRef, argv [][]byte) ([]KeyRef, error) {
	for i := 1; i < len(argv); i++ {
		switch {
		case equalWord(argv[i], "block"), equalWord(argv[i], "count"):
			i++
		case equalWord(argv[i], "group"):
			i += 2
		case equalWord(argv[i], "noack"):
		case equalWord(argv[i], "streams"):
			names := argv[i+1:]
			if len(names)%2 != 0 {
				return dst, nil
			}
			for k := range len(names) / 2 {
				dst = append(dst, KeyRef{Pos: i + 1 + k})
			}
			return dst, nil
		default:
			return dst, nil
		}
	}
	return dst, nil
}
