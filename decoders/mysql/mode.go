package mysql

import (
	"bytes"

	"wire_exporter/decoders"
	"wire_exporter/decoders/internal/sql"
)

// In the mode ANSI_QUOTES "…" is an identifier, and a string in all others. Taken for an identifier, a string would be shown. So it is taken
// for one only while that is certain: the server has said so (session tracking of sql_mode), or has accepted a statement of the client that sets
// nothing else, to a literal. Whatever may change the mode ends that when it is sent: the next command may be read before it is answered.

// follow notes what a statement of q does to sql_mode, and says how the ones behind it are to be read until q is answered. text is as it came.
func (c *conn) follow(q *command, st *decoders.Statement, text []byte, cut bool) {
	switch {
	case controlOf(st) == unforeseen:
		c.namesQuoted, q.quotesNames = false, false
	case string(st.Operation) == "SET" && (cut || mentionsMode(text)):
		c.namesQuoted, q.quotesNames = false, !cut && setsANSI(text)
	}
}

// followPrepared is follow for a prepared statement that is executed.
func (c *conn) followPrepared(q *command) {
	if q.sql == nil || controlOf(q.sql) == unforeseen || string(q.sql.Operation) == "SET" {
		c.namesQuoted = false
	}
}

// quotes is how a text of the client is to be read.
func (c *conn) quotes() sql.Quoting {
	if c.namesQuoted {
		return c.quoting | sql.Names
	}
	return c.quoting
}

// settleMode is told that the server has carried out q as a whole.
func (c *conn) settleMode(q *command, r *response) {
	quotes := q.quotesNames
	if r.mode != unsure {
		quotes = r.mode == yes
	}
	switch {
	case q.cmd == comChangeUser || q.cmd == comResetConnection:
		c.namesQuoted = false
	case c.w.commands.Len() > 1: // what was sent meanwhile may have changed it again
		c.namesQuoted = c.namesQuoted && r.mode != no
	case quotes:
		c.namesQuoted = true
	case r.mode == no:
		c.namesQuoted = false
	}
}

var modeName = []byte("sql_mode")

func mentionsMode(text []byte) bool {
	for i := range max(0, len(text)-len(modeName)+1) {
		if text[i]|0x20 == 's' && bytes.EqualFold(text[i:i+len(modeName)], modeName) {
			return true
		}
	}
	return false
}

// setsANSI says that text is SET sql_mode = '…', for the session, to a list with ANSI_QUOTES, and nothing else.
func setsANSI(text []byte) bool {
	t, ok := eat(bytes.TrimLeft(text, blanks), "SET")
	if !ok {
		return false
	}
	for _, scope := range [...]string{"SESSION", "LOCAL", "@@session.", "@@local.", "@@"} {
		if rest, ok := eat(t, scope); ok {
			t = rest
			break
		}
	}
	if t, ok = eat(t, "sql_mode"); !ok {
		return false
	}
	if t, ok = eat(t, "="); !ok {
		return false
	}
	t = bytes.TrimRight(t, blanks+";")
	n := len(t) - 1
	return n > 0 && (t[0] == '\'' || t[0] == '"') && t[n] == t[0] && isANSI(t[1:n])
}

const blanks = " \t\r\n"

// eat takes word, in any case, off the front of text, and the white space behind it; false: something else is there.
func eat(text []byte, word string) ([]byte, bool) {
	if len(text) < len(word) || !bytes.EqualFold(text[:len(word)], []byte(word)) {
		return text, false
	}
	return bytes.TrimLeft(text[len(word):], blanks), true
}

// isANSI says that a value of sql_mode, names with commas between them, has the mode ANSI_QUOTES in it, or ANSI, which stands for it and others.
func isANSI(value []byte) (found bool) {
	for _, b := range value {
		if b != '_' && b != ',' && (b|0x20 < 'a' || b|0x20 > 'z') && (b < '0' || b > '9') {
			return false // an expression
		}
	}
	for len(value) > 0 {
		var name []byte
		name, value, _ = bytes.Cut(value, []byte(","))
		found = found || bytes.EqualFold(name, []byte("ANSI_QUOTES")) || bytes.EqualFold(name, []byte("ANSI"))
	}
	return found
}
