package postgres

import "wire_exporter/decoders"

// code is an SQLSTATE; zero: none.
type code [5]byte

// bytes is c as text, empty for none.
func (c *code) bytes() []byte {
	if *c == (code{}) {
		return nil
	}
	return c[:]
}

// success is the SQLSTATE of what went well: successful_completion.
var success = []byte("00000")

// outcome says whose fault an error is (errcodes.txt of PostgreSQL): the server's where the same statement would have gone well at
// another moment, the caller's otherwise. README.md has the table.
func (c *code) outcome() decoders.Outcome {
	switch string(c[:2]) {
	case "08", // the connection to another server, or PgBouncer's to this one
		"40",       // a conflict with other transactions
		"53",       // resources
		"57",       // an operator, a shutdown, a time limit, a cancel request
		"58",       // the system
		"72",       // snapshot too old
		"F0",       // configuration file
		"HV",       // a foreign data wrapper
		"XX",       // internal
		"\x00\x00": // no code
		return decoders.ServerError
	}
	switch string(c[:]) {
	case "55006", "55P03": // object in use, lock not available
		return decoders.ServerError
	}
	return decoders.ClientError
}

// readCode finds the SQLSTATE among the fields of an ErrorResponse, of which b is the beginning.
func readCode(b []byte) (c code) {
	for len(b) > 0 && b[0] != 0 {
		field := b[0]
		value, rest, whole := cutString(b[1:])
		if field == 'C' && whole && len(value) == len(c) {
			return code(value)
		}
		b = rest
	}
	return code{}
}

// rows is the number at the end of a command tag: "SELECT 5", "INSERT 0 5"; zero when there is none.
func rows(tag []byte) (n uint64) {
	scale := uint64(1)
	for i := len(tag) - 1; i > 0 && len(tag)-i <= 20; i-- {
		switch digit := tag[i] - '0'; {
		case digit <= 9:
			n += uint64(digit) * scale
			scale *= 10
		case tag[i] == ' ':
			return n
		default:
			return 0
		}
	}
	return 0
}

// verbs are the first words of the command tags of cmdtaglist.h, and those of a WAL sender's commands.
var verbs = func() map[string][]byte {
	m := map[string][]byte{}
	for _, v := range [...]string{
		"ALTER", "ANALYZE", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT", "COMMIT", "COPY", "CREATE", "DEALLOCATE",
		"DECLARE", "DELETE", "DISCARD", "DO", "DROP", "EXECUTE", "EXPLAIN", "FETCH", "GRANT", "IMPORT", "INSERT", "LISTEN", "LOAD",
		"LOCK", "LOGIN", "MERGE", "MOVE", "NOTIFY", "PREPARE", "REASSIGN", "REFRESH", "REINDEX", "RELEASE", "RESET", "REVOKE",
		"ROLLBACK", "SAVEPOINT", "SECURITY", "SELECT", "SET", "SHOW", "START", "TRUNCATE", "UNLISTEN", "UPDATE", "VACUUM",
		"ALTER_REPLICATION_SLOT", "BASE_BACKUP", "CREATE_REPLICATION_SLOT", "DROP_REPLICATION_SLOT", "IDENTIFY_SYSTEM",
		"READ_REPLICATION_SLOT", "START_REPLICATION", "TIMELINE_HISTORY", "UPLOAD_MANIFEST",
	} {
		m[v] = []byte(v)
	}
	return m
}()

// verb is the first word of a command tag, if it is one of PostgreSQL's; it lives forever.
func verb(tag []byte) []byte {
	for i, b := range tag {
		if b == ' ' {
			return verbs[string(tag[:i])]
		}
	}
	return verbs[string(tag)]
}

// changesRows says whether the verb is one whose command tag has the same first word always.
func changesRows(verb []byte) bool {
	switch string(verb) {
	case "SELECT", "INSERT", "UPDATE", "DELETE":
		return true
	}
	return false
}
