package postgres

import "wire_exporter/decoders"

// transaction is the SQL transaction that is open.
type transaction struct {
	start decoders.Time // first byte of the request that began it
	end   decoders.Time // last byte of the answer that has ended it, if it has
	cycle decoders.Time // first byte of the request that is being answered
	code  code          // of the error that made it fail
	open  bool
	ended ending
}

// ending is how a transaction was ended, as far as command tags tell.
type ending uint8

const (
	notEnded ending = iota
	committed
	rolledBack // or back to a savepoint: the next ReadyForQuery tells
)

// fail notes an error.
func (x *transaction) fail(c code) {
	if x.code == (code{}) {
		x.code = c
	}
}

// tagged is told of the command tag of the statement in front, if that was seen.
func (c *conn) tagged(tag []byte, end decoders.Time) {
	x := &c.need().tx
	switch string(tag) {
	case "BEGIN", "START TRANSACTION":
		if x.open && x.ended != notEnded {
			c.endTransaction(x.ended.outcome(), x.end)
		}
		if e := c.front(); e != nil && !x.open && c.status == 'I' {
			*x = transaction{start: e.start, open: true, cycle: x.cycle}
		}
	case "COMMIT", "PREPARE TRANSACTION":
		x.ended, x.end = committed, end
	case "ROLLBACK":
		x.ended, x.end = rolledBack, end
	case "DISCARD ALL", "DEALLOCATE ALL":
		if c.prepared != nil {
			c.prepared.clear()
		}
	}
}

func (e ending) outcome() decoders.Outcome {
	if e == committed {
		return decoders.OK
	}
	return decoders.Aborted
}

// transact follows the transaction by the status of a ReadyForQuery that came at now.
func (c *conn) transact(status byte, now decoders.Time) {
	x := &c.w.tx
	switch {
	case status == 'I' && x.open:
		c.concludeTransaction(now)
	case status == 'T' && x.open && x.ended == committed: // COMMIT AND CHAIN
		end := x.end
		c.endTransaction(decoders.OK, end)
		*x = transaction{start: end, open: true}
	case status != 'I' && !x.open && c.status == 'I' && x.cycle != 0:
		x.start, x.open = x.cycle, true
	}
	if status == 'T' {
		x.code = code{} // back to a savepoint
	}
	if x.open {
		x.ended = notEnded
	} else {
		*x = transaction{}
	}
	x.cycle = 0
}

// concludeTransaction reports the transaction, which the server says is over.
func (c *conn) concludeTransaction(now decoders.Time) {
	x := &c.w.tx
	switch {
	case x.ended != notEnded:
		c.endTransaction(x.ended.outcome(), x.end)
	case x.code != code{}: // the COMMIT failed
		c.endTransaction(decoders.Aborted, now)
	default:
		c.endTransaction(decoders.Unknown, 0)
	}
}

// endTransaction reports the open transaction.
func (c *conn) endTransaction(outcome decoders.Outcome, end decoders.Time) {
	x, t := &c.w.tx, &c.d.txn
	if end == 0 && outcome <= decoders.Aborted {
		outcome = decoders.Unknown
	}
	*t = decoders.Txn{Kind: decoders.SQLTransaction, Flow: c.f, Outcome: outcome, Database: c.database.Bytes(), Start: x.start, End: end}
	if outcome == decoders.Aborted {
		t.Code = x.code.bytes()
	}
	c.emit()
	*x = transaction{cycle: x.cycle}
}
