package keyspace

// SetRaw is SetText for a value that OBJECT ENCODING calls "raw" even if it is
// short: one that was computed as bytes (BITOP).
func (tx *Tx) SetRaw(e *Entry, key, val []byte, expiry int64) {
	copy(tx.newString(e, key, len(val), expiry), val)
	tx.modified(key, 1)
}
