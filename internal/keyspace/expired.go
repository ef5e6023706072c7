package keyspace

// FindUntouched is Find without moving the access clock: what EXISTS, TTL, TYPE
// and OBJECT ask does not make a key look used.
func (tx *Tx) FindUntouched(key []byte) Entry {
	e := tx.Peek(key)
	if e.slot == nil {
		tx.missed(key)
	} else {
		tx.w.Stats.Hits++
	}
	return e
}

// missed counts a key that is not there, and reports it where that is wanted.
func (tx *Tx) missed(key []byte) {
	tx.w.Stats.Misses++
	if tx.w.space.notices.Load()&noticeMissed != 0 && tx.w.sink != nil {
		tx.w.sink.Missed(tx, key)
	}
}

// ExpiresAtOnce reports whether a key that is given this expiry, in Unix
// milliseconds, should be removed instead. Only a server that decides on expiry
// itself does so.
func (tx *Tx) ExpiresAtOnce(expiry int64) bool {
	return expiry <= tx.now && ExpirePolicy(tx.w.space.expirePolicy.Load()) == ExpireDelete
}

// RemoveExpired removes a found key because a command gave it an expiry that
// has passed. It counts and is reported like any other expiry, so the command
// itself has nothing to propagate. key must not be a view of the entry.
func (e *Entry) RemoveExpired(key []byte) {
	e.tx.w.Stats.Dirty++
	e.tx.removeAs(e, key, ReasonExpired)
}

// KeyExpired reports whether a key is there and its time has come. It changes
// nothing.
func (tx *Tx) KeyExpired(key []byte) bool {
	e := tx.find(key)
	return e.Found() && e.Expired()
}

// HasKey reports whether a key is there, expired or not. It changes nothing.
func (tx *Tx) HasKey(key []byte) bool {
	e := tx.find(key)
	return e.Found()
}

// removeHidden removes the expired key that lookups hide in the place where a
// new one is about to be made, e, which has none.
func (tx *Tx) removeHidden(e *Entry, key []byte) {
	if e.table() == nil || ExpirePolicy(tx.w.space.expirePolicy.Load()) != ExpireHide && tx.w.space.snapshot == nil {
		return
	}
	if e.slot = e.table().find(e.loc.Hash, key); e.slot != nil {
		tx.removeAs(e, key, ReasonExpired)
		e.slot = nil
	}
}
