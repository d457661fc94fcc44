package mysql

import "wire_exporter/decoders"

// What is known of SQL transactions comes from a flag in OK and EOF packets: whether the session is in a transaction now. When
// it rises, a transaction has begun with the command that this is the response to; when it falls, the transaction has ended
// with it. How it ended is read from the statement: COMMIT, and every statement that commits implicitly, or ROLLBACK. A
// COMMIT or BEGIN after which the flag is still up has ended one and begun another.
//
// Error packets have no flags. A deadlock (1213) rolls back the transaction; whether another error did shows with the next response:
// when the flag is down then and the statement is not a COMMIT or a ROLLBACK, nobody knows how the transaction ended.

const deadlock = 1213 // ER_LOCK_DEADLOCK

// track follows the session's transaction over a result.
func (c *conn) track(q *command, r *response, end decoders.Time) {
	if r.failed.is {
		c.doubt = c.inTransaction
		if r.failed.code == deadlock && c.inTransaction {
			c.endSQL(decoders.Aborted, end)
			c.inTransaction, c.doubt = false, false
		}
		return
	}
	if !r.known {
		return
	}
	is, does := r.status&inTransaction != 0, q.controls.at(r.results)
	switch {
	case q.cmd == comChangeUser || q.cmd == comResetConnection:
		does = rollsBack
	case q.cmd == comExecute || q.cmd == comBulkExecute:
		if q.sql != nil {
			does = controlOf(q.sql)
		}
	}
	ended := c.inTransaction && (!is || does == begins || does == commits || does == rollsOn)
	if ended {
		c.endSQL(c.ending(does), end)
	}
	if is && (ended || does == begins || c.tracked && !c.inTransaction) {
		c.begun = q.start
	}
	c.inTransaction, c.tracked, c.doubt = is, true, false
}

// ending is how a transaction has ended that ended with this.
func (c *conn) ending(does control) decoders.Outcome {
	switch {
	case does == commits:
		return decoders.OK
	case does == rollsBack || does == rollsOn:
		return decoders.Aborted
	case c.doubt || does == unforeseen || does == savepoint:
		return decoders.Unknown
	}
	return decoders.OK
}

// endSQL reports the transaction that was open, if its beginning was seen.
func (c *conn) endSQL(outcome decoders.Outcome, end decoders.Time) {
	if c.begun == 0 {
		return
	}
	if outcome == decoders.Unknown || end == 0 {
		outcome, end = decoders.Unknown, 0
	}
	c.d.txn = decoders.Txn{Kind: decoders.SQLTransaction, Flow: c.f, Database: c.database.bytes(), Outcome: outcome, Start: c.begun, End: end}
	c.begun = 0
	c.d.out.Transaction(&c.d.txn)
}

// endTransaction settles the open transaction when the connection ends: then the server rolls it back.
func (c *conn) endTransaction(now decoders.Time, why decoders.Why) {
	outcome := decoders.Unknown
	if why == decoders.FIN || why == decoders.ResetByClient || why == decoders.ResetByServer {
		outcome = decoders.Aborted
	}
	c.endSQL(outcome, now)
}

// loseTransaction says that something was not seen that may have ended the transaction and begun another, or changed sql_mode.
func (c *conn) loseTransaction() { c.begun, c.tracked, c.namesQuoted = 0, false, false }
