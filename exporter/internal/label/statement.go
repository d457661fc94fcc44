package label

import (
	"encoding/binary"
	"encoding/hex"

	"wire_exporter/decoders"
)

// MaxStatement is the most bytes the text of a statement has as a label value.
const MaxStatement = 200

const statementEntries = 2048

// statementEntry is what a worker knows of a statement of a service, in a direct-mapped cache like those of cache.go.
type statementEntry struct {
	key       uint64 // of the service and the fingerprint
	service   *service
	statement *decoders.Statement
	slot      *slot  // nil: not among the heaviest
	weight    uint64 // since the Book was told last
	told      int64  // l.now at that time
	ranked    bool   // the Book knows it
}

// Statement is the ID of the SQL statement of the transaction that Label was called with last (and found to be Counted): None when
// it has none, Other when it is not among the statements that the service spends most of its time on.
func (l *Labeler) Statement(t *decoders.Txn) ID {
	if t.SQL == nil {
		return None
	}
	svc := l.last
	if svc == l.book.other || len(t.SQL.Text) == 0 {
		l.fold(Statements)
		return Other
	}
	x := l.statement(svc, t.SQL)
	x.weight += weight(t)
	switch {
	case x.ranked && x.told != l.now, !x.ranked && proper(t) && l.young.earn(x.key, l.now):
		x.ranked = true
		l.tell(x)
	}
	if x.slot == nil {
		l.fold(Statements)
		return Other
	}
	x.slot.touch(l.now)
	return x.slot.id
}

// statement is the entry of a statement.
func (l *Labeler) statement(svc *service, st *decoders.Statement) *statementEntry {
	key := max(1, svc.salt[Statements]^st.ID)
	x := &l.statements[(key^key>>32)%statementEntries]
	if x.key != key {
		if x.ranked && x.weight > 0 {
			l.tell(x)
		}
		*x = statementEntry{key: key, service: svc, statement: st, slot: l.book.values.find(key), told: l.now}
		x.ranked = x.slot != nil
	}
	if x.slot != nil && x.slot.dead.Load() {
		x.slot = nil
	}
	return x
}

// tell adds what x weighs to what the Book knows of it.
func (l *Labeler) tell(x *statementEntry) {
	x.slot = l.book.rank(x.service, x.statement, x.key, x.weight, int(l.rules.limits[Statements]))
	x.weight, x.told = 0, l.now
}

// weight is how much a transaction counts for its statement: its microseconds, and a tenth of a millisecond for being asked at
// all, so that what is asked all the time counts too.
func weight(t *decoders.Txn) uint64 {
	d, _ := t.Duration()
	return uint64(d)/1000 + 100
}

// proper says whether a transaction speaks for its statement being one. What the server refuses may be anything.
func proper(t *decoders.Txn) bool { return t.Outcome == decoders.OK }

// rank is a statement that a service spends time on.
type rank struct {
	id     uint64 // the fingerprint
	text   string // as it will be shown
	key    uint64
	weight uint64 // halves in three quarters of an hour
	slot   *slot  // nil: it has none
}

const (
	rankRoom  = 2  // so many times as many statements are ranked as have a slot
	rankDecay = 64 // of its weight a statement loses this part a minute
	rankEdge  = 2  // so much heavier is a newcomer that takes the slot of another
	rankSwaps = 10 // and at most this part of the slots is taken in a minute
)

// rank adds to the weight of a statement and returns its slot, a new one while there is room. When the ranks are full, the
// lightest that has no slot makes room, and leaves its weight (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent
// and Top-k Elements in Data Streams, 2005).
func (b *Book) rank(svc *service, st *decoders.Statement, key, weight uint64, limit int) *slot {
	b.mu.Lock()
	defer b.mu.Unlock()
	if svc.dead.Load() {
		return nil
	}
	r := svc.ranked(st, key, limit)
	if r == nil {
		return nil
	}
	r.weight += weight
	if r.slot == nil && int(svc.used[Statements].Load()) < limit {
		b.promote(svc, r)
	}
	return r.slot
}

// ranked is the rank of a statement; nil: there is none.
func (svc *service) ranked(st *decoders.Statement, key uint64, limit int) (lightest *rank) {
	for i := range svc.ranks {
		r := &svc.ranks[i]
		if r.key == key {
			return r
		}
		if r.slot == nil && (lightest == nil || r.weight < lightest.weight) {
			lightest = r
		}
	}
	if len(svc.ranks) < rankRoom*limit {
		svc.ranks = append(svc.ranks, rank{})
		lightest = &svc.ranks[len(svc.ranks)-1]
	}
	if lightest != nil {
		lightest.id, lightest.text, lightest.key = st.ID, statementText(st.Text), key
	}
	return lightest
}

// promote gives r a slot.
func (b *Book) promote(svc *service, r *rank) {
	r.slot = b.newSlot(&slot{key: r.key, text: statementID(r.id), note: r.text, family: Statements, owner: &svc.owner})
	b.values.add(r.key, r.slot)
}

// rerank gives slots of light statements to heavier ones. It returns the IDs of the former.
func (b *Book) rerank(svc *service, limit int) (released []ID) {
	kept := svc.ranks[:0]
	for _, r := range svc.ranks {
		if r.slot != nil && r.slot.dead.Load() {
			r.slot = nil
		}
		if r.weight -= (r.weight + rankDecay - 1) / rankDecay; r.weight > 0 || r.slot != nil {
			kept = append(kept, r)
		}
	}
	clear(svc.ranks[len(kept):])
	svc.ranks = kept
	for range max(1, limit/rankSwaps) {
		newcomer, holder := svc.rivals()
		if newcomer == nil || holder == nil || newcomer.weight <= rankEdge*holder.weight {
			break
		}
		released = append(released, b.release(holder.slot)...)
		holder.slot = nil
		b.promote(svc, newcomer)
	}
	return released
}

// rivals are the heaviest without a slot and the lightest with one.
func (svc *service) rivals() (newcomer, holder *rank) {
	for i := range svc.ranks {
		switch r := &svc.ranks[i]; {
		case r.slot == nil && (newcomer == nil || r.weight > newcomer.weight):
			newcomer = r
		case r.slot != nil && (holder == nil || r.weight < holder.weight):
			holder = r
		}
	}
	return newcomer, holder
}

// StatementText is the text of the statement with this ID; "" when it was given back.
func (b *Book) StatementText(id ID) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if s := b.slots[id]; s != nil {
		return s.note
	}
	return ""
}

// statementID writes a fingerprint.
func statementID(id uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], id)
	return hex.EncodeToString(b[:])
}

// statementText cuts a statement between two characters.
func statementText(text []byte) string {
	const more = "…"
	if len(text) <= MaxStatement {
		return string(text)
	}
	n := MaxStatement - len(more)
	for n > 0 && text[n]&0xc0 == 0x80 {
		n--
	}
	return string(text[:n]) + more
}

// rerankAll does so for every service; b.mu is held.
func (b *Book) rerankAll() (released []ID) {
	var services []*service
	for _, s := range b.slots {
		if s.of != nil && len(s.of.ranks) > 0 {
			services = append(services, s.of)
		}
	}
	limit := int(b.rules.Load().limits[Statements])
	for _, svc := range services {
		released = append(released, b.rerank(svc, limit)...)
	}
	return released
}
