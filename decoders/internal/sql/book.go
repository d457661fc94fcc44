package sql

import (
	"hash/maphash"
	"unsafe"

	"wire_exporter/decoders"
)

// A Book remembers the statements that one decoder has met lately, so that each is made once and shared. It is not for use
// by more than one goroutine.
type Book struct {
	dialect Dialect
	memory  *decoders.Memory
	reader  reader
	memo    [memos]memo
	shapes  [maxShapes]shaped
	seed    maphash.Seed
	young   generation // those met since the last change of generations
	old     generation // those met before it
}

// memo is a text that was read, and what was found. Applications that keep their values apart send the same few texts again and
// again: hashing them takes a tenth of reading them.
type memo struct {
	hash      uint64 // of text, cut and quoting; keyed, so that nobody can aim at a collision
	statement *decoders.Statement
	n         int
}

const (
	memos   = 512
	maxMemo = 4096 // bytes of a text
)

// place is where a text would be, and its hash; nil for a long one.
func (b *Book) place(text []byte, cut bool, q Quoting) (*memo, uint64) {
	if len(text) > maxMemo {
		return nil, 0
	}
	h := maphash.Bytes(b.seed, text)&^15 | uint64(q)<<1
	if cut {
		h |= 1
	}
	return &b.memo[h>>32%memos], h
}

// generation is half of what a Book remembers. When the young one is full the old one is forgotten, and what is met again moves
// over: so what is in use stays, whatever else passes by.
type generation struct {
	statements map[uint64]*decoders.Statement
	bytes      int
}

// The limits of a generation. A thousand statements is more than most applications have.
const (
	maxStatements = 2048
	maxBytes      = 2 << 20
	entrySize     = int(unsafe.Sizeof(decoders.Statement{})) + 32 // with its place in the map
)

// NewBook makes the book of one decoder. What it remembers is accounted for in m.
func NewBook(d Dialect, m *decoders.Memory) *Book {
	b := &Book{dialect: d, memory: m, seed: maphash.MakeSeed()}
	b.young.statements, b.old.statements = map[uint64]*decoders.Statement{}, map[uint64]*decoders.Statement{}
	return b
}

func (b *Book) find(id uint64) *decoders.Statement {
	if s := b.young.statements[id]; s != nil {
		return s
	}
	s := b.old.statements[id]
	if s != nil {
		delete(b.old.statements, id)
		b.old.bytes -= size(s)
		b.keep(s)
	}
	return s
}

// add makes the statement that r has read.
func (b *Book) add(id uint64, r *reader) *decoders.Statement {
	s := &decoders.Statement{ID: id, Operation: r.operation(), Resource: r.resource(), Text: r.normalised()}
	b.memory.Add(size(s))
	b.keep(s)
	return s
}

// keep takes s, whose bytes are accounted for, into the young generation.
func (b *Book) keep(s *decoders.Statement) {
	if len(b.young.statements) >= maxStatements || b.young.bytes >= maxBytes {
		clear(b.memo[:]) // of statements that are forgotten
		clear(b.shapes[:])
		b.memory.Add(-b.old.bytes)
		clear(b.old.statements)
		b.young, b.old = generation{statements: b.old.statements}, b.young
	}
	b.young.statements[s.ID] = s
	b.young.bytes += size(s)
}

func size(s *decoders.Statement) int { return entrySize + len(s.Resource) + len(s.Text) }
