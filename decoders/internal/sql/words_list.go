package sql

import "strings"

// acted are the words that the reader acts upon.
var acted = map[string]keyword{
	"ARRAY": kwArray, "AS": kwAs, "ATOMIC": kwAtomic, "AUTHORIZATION": kwUser, "BEGIN": kwBegin, "CASE": kwCase, "CREATE": kwCreate,
	"DISTINCT": kwDistinct, "END": kwEnd, "FALSE": kwConstant, "FIELD": kwField, "FOR": kwFor, "FROM": kwFrom, "IF": kwIf, "IN": kwIn,
	"INTO": kwInto, "IS": kwIs, "JOIN": kwJoin, "LOOP": kwLoop, "NOT": kwNot, "NULL": kwConstant, "ON": kwOn, "OWNER": kwUser,
	"RECURSIVE": kwRecursive, "REPEAT": kwLoop, "ROLE": kwUser, "ROW": kwRow, "SELECT": kwSelect, "TABLE": kwTable, "TABLES": kwTable,
	"TO": kwTo, "TRANSACTION": kwTransaction, "TRUE": kwConstant, "USER": kwUser, "VALUE": kwValues, "VALUES": kwValues, "VIEW": kwTable,
	"WHILE": kwLoop, "WITH": kwWith,

	// between a verb and its table
	"CONCURRENTLY": kwModifier, "DELAYED": kwModifier, "EXISTS": kwModifier, "FULL": kwModifier, "HIGH_PRIORITY": kwModifier,
	"IGNORE": kwModifier, "LATERAL": kwModifier, "LOCAL": kwModifier, "LOW_PRIORITY": kwModifier,
	"OJ": kwModifier, "ONLY": kwModifier, "QUICK": kwModifier, "VERBOSE": kwModifier,
}

// shown are words that are written in capitals, and that may follow a string without white space. Words that columns are called by
// are not among them.
const shown = "ADD ALL ALTER AND ANY ASC BETWEEN BIGINT BINARY BOTH BY CASCADE CHARACTER COLLATE COLUMN CONFLICT CONSTRAINT CROSS CUBE " +
	"CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURSOR DATABASE DEFAULT DEFERRABLE DEFERRED DIV DUPLICATE EACH ELSE ESCAPE " +
	"EXCEPT FETCH FOLLOWING FOREIGN FUNCTION GENERATED GLOBAL GROUP GROUPING HAVING IDENTIFIED ILIKE IMMEDIATE INDEX INNER INT INTEGER " +
	"INTERSECT INTERVAL ISNULL ISOLATION KEY LEADING LEFT LIKE LIMIT MATCHED MATERIALIZED MOD NATURAL NOTHING NOTNULL NOWAIT NULLS " +
	"OF OFFSET OR ORDER OUTER OUTFILE OVER OVERLAPS PARTITION PRECEDING PRECISION PRIMARY PROCEDURE REFERENCES REGEXP RESTRICT RETURNING " +
	"RETURNS RIGHT RLIKE ROLLUP ROWS SCHEMA SCROLL SEPARATOR SEQUENCE SIMILAR SMALLINT SOME STDIN STDOUT STRAIGHT_JOIN TEMPORARY THEN " +
	"TRAILING TRIGGER UESCAPE UNBOUNDED UNION UNIQUE UNTIL USING VARYING WHEN WHERE WINDOW WITHIN WITHOUT XOR"

// functions are written without a space in front of their bracket.
const functions = "AVG CAST COALESCE CONVERT COUNT MAX MIN SUM TRIM"

func makeTable() *table {
	ids, verbs := map[string]keyword{}, map[string]verb{}
	for _, w := range strings.Fields(shown) {
		ids[w] = kwOther
	}
	for _, w := range strings.Fields(functions) {
		ids[w] = kwFunction
	}
	for w, v := range synonyms {
		ids[w], verbs[w] = kwOther, v
	}
	for v, w := range operations[unknown+1:] {
		ids[w], verbs[w] = kwOther, unknown+1+verb(v)
	}
	for w, id := range acted {
		ids[w] = id
	}
	t := &table{}
	for w, id := range ids {
		t.add(entry{key: pack(w), id: id, verb: verbs[w], name: w})
	}
	return t
}

func (t *table) add(e entry) {
	i := e.key.slot()
	for t.places[i] != 0 {
		i = (i + 1) % (1 << tableBits)
	}
	t.entries = append(t.entries, e)
	t.places[i] = uint16(len(t.entries))
}
