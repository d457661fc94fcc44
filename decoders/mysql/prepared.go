package mysql

import (
	"unsafe"

	"wire_exporter/decoders"
)

// prepared are the statements that a connection has prepared: a bounded list in the order of their numbers, which servers count
// up.
type prepared struct {
	list []statement
	use  uint32              // counts uses
	last *decoders.Statement // the newest, whose number the client may not know yet
}

type statement struct {
	id, used uint32
	sql      *decoders.Statement
}

// newest is the number that stands for the statement prepared last (MariaDB).
const newest = 1<<32 - 1

const statementSize = int(unsafe.Sizeof(statement{}))

// at is the place of id in the list, and whether it is there.
func (p *prepared) at(id uint32) (int, bool) {
	from, to := 0, len(p.list)
	for from < to {
		middle := (from + to) / 2
		if p.list[middle].id < id {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return from, from < len(p.list) && p.list[from].id == id
}

// find is the statement with this number; nil when it is not known.
func (p *prepared) find(id uint32) *decoders.Statement {
	if p == nil {
		return nil
	}
	if id == newest {
		return p.last
	}
	i, ok := p.at(id)
	if !ok {
		return nil
	}
	p.use++
	p.list[i].used = p.use
	return p.list[i].sql
}

func (p *prepared) remove(i int) { p.list = p.list[:i+copy(p.list[i:], p.list[i+1:])] }

// oldest is the one that was not used for the longest time.
func (p *prepared) oldest() (place int) {
	for i := range p.list {
		if p.use-p.list[i].used > p.use-p.list[place].used {
			place = i
		}
	}
	return place
}

// preparing notes that sql is being prepared.
func (c *conn) preparing(sql *decoders.Statement) {
	if c.p == nil {
		c.p = c.d.prepare.Get()
	}
	c.p.last = sql
}

// remember notes that sql got the number id.
func (c *conn) remember(id uint32, sql *decoders.Statement) {
	if sql == nil {
		return
	}
	if c.p == nil {
		c.p = c.d.prepare.Get()
	}
	p := c.p
	if len(p.list) >= c.d.cfg.MaxPreparedStatements {
		p.remove(p.oldest())
		c.d.out.Count(c.f, forgottenStatement)
	}
	p.use++
	i, ok := p.at(id)
	if !ok {
		before := cap(p.list)
		p.list = append(p.list, statement{})
		copy(p.list[i+1:], p.list[i:])
		if grown := cap(p.list) - before; grown != 0 {
			c.d.memory.Add(grown * statementSize)
		}
	}
	p.list[i] = statement{id: id, used: p.use, sql: sql}
}

// closeStatement is COM_STMT_CLOSE.
func (c *conn) closeStatement(body []byte) {
	id, ok := statementID(body)
	if !ok || c.p == nil {
		return
	}
	if i, ok := c.p.at(id); ok {
		c.p.remove(i)
	}
}

// forgetPrepared drops all: the connection ends, or begins anew.
func (c *conn) forgetPrepared() {
	if c.p != nil {
		c.d.freePrepared(c.p)
		c.p = nil
	}
}

func (d *decoder) freePrepared(p *prepared) {
	clear(p.list)
	*p = prepared{list: p.list[:0]}
	d.prepare.Put(p, cap(p.list)*statementSize)
}
