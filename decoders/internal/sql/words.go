package sql

// keyword is a word that means something to the reader, or is at least written in capitals in a normalised text.
type keyword uint8

// The words that the reader acts upon; all others are kwOther.
const (
	noKeyword keyword = iota
	kwOther
	kwArray
	kwAs
	kwAtomic
	kwBegin
	kwCase
	kwConstant // NULL, TRUE, FALSE: literals where they are values
	kwCreate
	kwDistinct
	kwEnd
	kwField // FIELD(column, 1, 2, ...): a list like that of IN
	kwFor
	kwFrom
	kwFunction
	kwIf
	kwIn
	kwInto
	kwIs
	kwJoin
	kwLoop
	kwModifier
	kwNot
	kwOn
	kwRecursive
	kwRow
	kwSelect
	kwTable
	kwTo
	kwTransaction
	kwUser // names of people follow
	kwValues
	kwWith
)

// key is a word of at most 16 bytes in lower case, and its length. (Of a longer one a and b are the first and the last bytes.)
type key struct {
	a, b uint64
	n    int
}

const maxKey = 16

// entry is a keyword.
type entry struct {
	key  key
	id   keyword
	verb verb
	name string // in capitals
}

// table finds keywords by their hash: open addressing, a quarter full.
type table struct {
	places  [1 << tableBits]uint16 // index into entries, plus one
	entries []entry
}

const tableBits = 11

var keywords = makeTable()

func (k *key) slot() uint64 {
	return (k.a ^ k.b*0xc2b2ae3d27d4eb4f) * 0x9e3779b97f4a7c15 >> (64 - tableBits)
}

// find returns a keyword; nil: the word is none.
func (t *table) find(k *key) *entry {
	if k.n > maxKey {
		return nil
	}
	for i := k.slot(); ; i = (i + 1) % (1 << tableBits) {
		p := t.places[i]
		if p == 0 {
			return nil
		}
		if e := &t.entries[p-1]; e.key == *k {
			return e
		}
	}
}

func pack(s string) (k key) {
	for i := range len(s) {
		if c := uint64(fold[s[i]]); i < 8 {
			k.a = k.a<<8 | c
		} else {
			k.b = k.b<<8 | c
		}
	}
	k.n = len(s)
	return k
}
