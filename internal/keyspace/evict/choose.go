package evict

import (
	"math"

	"github.com/kvasirdb/kvasir/internal/keyspace"
)

// evictOne removes the best candidate. It returns the bytes of its value that
// are freed in the background; ok is false when there is no key to remove.
func (e *Evictor) evictOne(w *keyspace.Worker, s *Settings, nowMillis int64, lazy bool) (background int64, ok bool) {
	remove := func(entry *keyspace.Entry) {
		if lazy {
			background = entry.LazyBytes()
		}
		entry.Evict()
		e.evicted.Add(1)
	}
	if s.Policy.Order == Random {
		return background, e.evictAny(w, s, nowMillis, remove)
	}
	// The candidates of the pool may have gone or have been used since. Each
	// round offers more.
	for range roundsMax {
		if !e.offer(w, s, nowMillis) {
			return 0, false
		}
		for {
			e.mu.Lock()
			c, found := e.pool.takeBest()
			e.mu.Unlock()
			if !found {
				break
			}
			if e.evictCandidate(w, s, nowMillis, &c, remove) {
				return background, true
			}
		}
	}
	return 0, false
}

// roundsMax bounds the search for a candidate that still exists.
const roundsMax = 64

// evictCandidate removes the candidate's key if it is still there, as good a
// choice as when it was met.
func (e *Evictor) evictCandidate(w *keyspace.Worker, s *Settings, nowMillis int64, c *candidate, remove func(*keyspace.Entry)) bool {
	shard := c.loc.Shard()
	w.LockShard(shard)
	defer w.UnlockShard(shard)
	tx := w.Begin(c.db, nowMillis)
	tx.Hint(c.key, c.loc)
	entry := tx.Inspect(c.key)
	if !entry.Found() || s.Policy.Volatile && entry.Expiry() < 0 {
		return false
	}
	if now := score(s.Policy.Order, &entry); now < c.score {
		// Used since. It goes back with its new score, and the next may be better.
		e.mu.Lock()
		again := e.pool.offer(now, c.db, c.loc, c.key)
		better := again && e.pool.best() == now
		if better {
			e.pool.takeBest()
		}
		e.mu.Unlock()
		if !better {
			return false
		}
	}
	remove(&entry)
	return true
}

// score is how good a choice the entry is; higher is better.
func score(o Order, e *keyspace.Entry) int64 {
	switch o {
	case LeastFrequent:
		return 255 - int64(e.Frequency())
	case Soonest:
		return math.MaxInt64 - e.Expiry()
	}
	return e.IdleMillis()
}

// offer shows the pool some keys of every database. It reports false when no
// database has any.
func (e *Evictor) offer(w *keyspace.Worker, s *Settings, nowMillis int64) (any bool) {
	for db := range e.census {
		sampled := 0
		for range drawsMax {
			table, ok := e.draw(w, db, s.Policy.Volatile)
			if !ok {
				break
			}
			any = true
			sampled += e.offerTable(w, s, nowMillis, db, table, s.Samples-sampled)
			if sampled >= s.Samples {
				break
			}
		}
	}
	return any
}

// drawsMax is how many tables of a database are looked at, at most, to find
// enough keys: the census may be out of date, and small tables have few.
const drawsMax = 8

// draw chooses a table; ok is false when no table of the database has keys.
func (e *Evictor) draw(w *keyspace.Worker, db int, volatile bool) (table int, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.census[db].Draw(w, db, volatile)
}

// offerTable shows the pool about count keys of one table.
func (e *Evictor) offerTable(w *keyspace.Worker, s *Settings, nowMillis int64, db, table, count int) (sampled int) {
	shard := table % keyspace.Shards
	w.LockShard(shard)
	defer w.UnlockShard(shard)
	tx := w.Begin(db, nowMillis)
	sample := tx.Sample
	switch {
	case s.Policy.Order == Soonest:
		sample = tx.SampleSoonest
	case s.Policy.Volatile:
		sample = tx.SampleVolatile
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	sample(table, count, func(entry keyspace.Entry) {
		sampled++
		e.pool.offer(score(s.Policy.Order, &entry), db, entry.Location(), entry.Key())
	})
	if sampled == 0 {
		e.census[db].Retake()
	}
	return sampled
}

// evictAny removes a random key, of each database in turn.
func (e *Evictor) evictAny(w *keyspace.Worker, s *Settings, nowMillis int64, remove func(*keyspace.Entry)) (found bool) {
	for range len(e.census) {
		e.mu.Lock()
		e.nextDB = (e.nextDB + 1) % len(e.census)
		db := e.nextDB
		e.mu.Unlock()
		for range drawsMax {
			table, ok := e.draw(w, db, s.Policy.Volatile)
			if !ok {
				break
			}
			if e.evictFrom(w, s, nowMillis, db, table, remove) {
				return true
			}
		}
	}
	return false
}

// evictFrom removes a random key of one table.
func (e *Evictor) evictFrom(w *keyspace.Worker, s *Settings, nowMillis int64, db, table int, remove func(*keyspace.Entry)) bool {
	shard := table % keyspace.Shards
	w.LockShard(shard)
	defer w.UnlockShard(shard)
	tx := w.Begin(db, nowMillis)
	sample := tx.Sample
	if s.Policy.Volatile {
		sample = tx.SampleVolatile
	}
	var chosen keyspace.Entry
	met := uint64(0)
	sample(table, 1, func(entry keyspace.Entry) {
		// Each of those handed out becomes the choice with the same chance.
		if met++; w.Random()%met == 0 {
			chosen = entry
		}
	})
	if !chosen.Found() {
		e.mu.Lock()
		e.census[db].Retake()
		e.mu.Unlock()
		return false
	}
	remove(&chosen)
	return true
}
