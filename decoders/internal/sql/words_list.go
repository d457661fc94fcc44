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

// shown are words that are written in capitals, and that may follow a string without white space.
const shown = "ABSOLUTE ACTION ADD AFTER ALL ALWAYS AND ANY ASC AUTO_INCREMENT BACKWARD BEFORE BETWEEN BIGINT BINARY BOTH BY BYTEA CASCADE " +
	"CHAIN CHANNEL CHAR CHARACTER COLLATE COLUMN COMMITTED CONFLICT CONNECTION CONSTRAINT CROSS CUBE " +
	"CURRENT CURRENT_DATE CURRENT_TIME CURSOR DATABASE DATABASES DATE DATETIME DAY DECIMAL DEFAULT DEFERRABLE DEFERRED " +
	"DIV DOUBLE DUPLICATE EACH ELSE ENGINE ESCAPE EVENT EXCEPT EXTENSION FIRST FLOAT FOLLOWING FORCE FOREIGN FORWARD FUNCTION " +
	"GENERATED GLOBAL GROUP GROUPING HAVING HOLD HOUR IDENTIFIED IDENTITY ILIKE IMMEDIATE INDEX INNER INOUT INT INTEGER INTERSECT INTERVAL " +
	"ISNULL ISOLATION JSON KEY LANGUAGE LAST LEADING LEFT LEVEL LIKE LIMIT LOCKED MATCHED MATERIALIZED MINUTE MOD MODE MONTH NAMES NATURAL " +
	"NEW NEXT NO NOTHING NOTNULL NOWAIT NULLS NUMERIC OF OFF OFFSET OLD ONE OPTION OR ORDER OUT OUTER OUTFILE OVER OVERLAPS PARTITION " +
	"PASSWORD PHASE PLANS POLICY PRECEDING PRECISION PRIMARY PRIOR PRIVILEGES PROCEDURE PUBLIC RANGE READ REAL RECOVER REFERENCES REGEXP " +
	"RELATIVE REPEATABLE REPLICATION RESTRICT RETURN RETURNING RETURNS RIGHT RLIKE ROLLUP ROWS RULE SCHEMA SCHEMAS SCROLL SECOND SEPARATOR " +
	"SEQUENCE SERIALIZABLE SERVER SESSION SHARE SIMILAR SKIP SLAVE SMALLINT SNAPSHOT SOME STATISTICS STATUS STDIN STDOUT STRAIGHT_JOIN " +
	"SUSPEND TABLESPACE TEMP TEMPORARY TEXT THEN TIES TIME TIMESTAMP TO TRAILING TRIGGER TYPE UNBOUNDED UESCAPE UNCOMMITTED UNION " +
	"UNIQUE UNLOGGED UNTIL USING VARCHAR VARIABLES VARYING WARNINGS WEEK WHEN WHERE WINDOW WITHIN WITHOUT WORK WRITE XOR YEAR ZONE"

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
