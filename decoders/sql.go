package decoders

// Statement is what is known of the text of an SQL statement once its literals are gone. It is made once, shared by every
// transaction of that statement, and never changed: keeping a pointer to it is safe for as long as one likes.
type Statement struct {
	Operation []byte // the verb in upper case: SELECT; empty when the text has none
	Resource  []byte // the first table as it is named, without quotes: accounts, or bank.accounts; empty: none
	ID        uint64 // fingerprint: equal for texts that differ in literals, white space and comments only
	Text      []byte // the text without literals, cut at a limit
}

// SessionState is what the connection of a database client is doing.
type SessionState uint8

// The states of a session.
const (
	NoSession         SessionState = iota // not logged in yet, or not known
	Active                                // a statement is being answered
	Idle                                  // nothing to do
	IdleInTransaction                     // nothing to do, in a transaction that is open: what it locked stays locked
	NumSessionStates  = 4
)

var sessionStateNames = [NumSessionStates]string{"", "active", "idle", "idle_in_transaction"}

func (s SessionState) String() string { return sessionStateNames[s] }

// SessionConn is implemented by a Conn of a protocol that has sessions which last.
type SessionConn interface {
	Conn
	// Session is the database (valid until the next call of the Conn; empty when not known) and what the session is doing.
	Session() (database []byte, state SessionState)
}
