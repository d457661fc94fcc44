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

// entry is a place in the table of keywords.
type entry struct {
	key  key
	id   keyword
	verb verb
	name string // in capitals
}

const tableBits = 11

var table = makeTable()

func (k *key) slot() uint64 {
	return (k.a*0x9e3779b97f4a7c15 ^ k.b*0xc2b2ae3d27d4eb4f ^ uint64(k.n)) * 0x9e3779b97f4a7c15 >> (64 - tableBits)
}

// lookup finds a word; nil: not a keyword.
func lookup(k *key) *entry {
	if k.n > maxKey {
		return nil
	}
	for i := k.slot(); ; i = (i + 1) % (1 << tableBits) {
		e := &table[i]
		if e.key == *k {
			return e
		}
		if e.id == noKeyword {
			return nil
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
