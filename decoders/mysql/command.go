package mysql

import (
	"encoding/binary"

	"wire_exporter/decoders"
)

// The commands, MySQL's enum_server_command and what MariaDB has added to it.
const (
	comSleep                = 0x00
	comQuit                 = 0x01
	comInitDB               = 0x02
	comQuery                = 0x03
	comFieldList            = 0x04
	comStatistics           = 0x09
	comProcessInfo          = 0x0a
	comChangeUser           = 0x11
	comBinlogDump           = 0x12
	comTableDump            = 0x13
	comPrepare              = 0x16
	comExecute              = 0x17
	comSendLongData         = 0x18
	comClose                = 0x19
	comSetOption            = 0x1b
	comFetch                = 0x1c
	comBinlogDumpGTID       = 0x1e
	comResetConnection      = 0x1f
	comClone                = 0x20
	comSubscribe            = 0x21
	comBulkExecute          = 0xfa // MariaDB
	login              byte = 0xff // none of them, and without a name: the log-in waits in the same queue
)

// kind is what is known of a command.
type kind struct {
	name     []byte // without COM_: the operation where there is no SQL text
	min, max int    // length of the payload with the command byte; max 0: any
}

// kinds are all commands that a client sends; the empty ones are refused by every server.
var kinds = [256]kind{
	comQuit:            {[]byte("QUIT"), 1, 1},
	comInitDB:          {[]byte("INIT_DB"), 1, 1 + maxName},
	comQuery:           {[]byte("QUERY"), 1, 0},
	comFieldList:       {[]byte("FIELD_LIST"), 2, 0},
	0x05:               {[]byte("CREATE_DB"), 1, 1 + maxName},
	0x06:               {[]byte("DROP_DB"), 1, 1 + maxName},
	0x07:               {[]byte("REFRESH"), 2, 2},
	0x08:               {[]byte("SHUTDOWN"), 1, 2},
	comStatistics:      {[]byte("STATISTICS"), 1, 1},
	comProcessInfo:     {[]byte("PROCESS_INFO"), 1, 1},
	0x0c:               {[]byte("PROCESS_KILL"), 5, 5},
	0x0d:               {[]byte("DEBUG"), 1, 1},
	0x0e:               {[]byte("PING"), 1, 1},
	comChangeUser:      {[]byte("CHANGE_USER"), 3, 0},
	comBinlogDump:      {[]byte("BINLOG_DUMP"), 11, 0},
	comTableDump:       {[]byte("TABLE_DUMP"), 3, 0},
	0x15:               {[]byte("REGISTER_SLAVE"), 18, 0},
	comPrepare:         {[]byte("STMT_PREPARE"), 2, 0},
	comExecute:         {[]byte("STMT_EXECUTE"), 10, 0},
	comSendLongData:    {[]byte("STMT_SEND_LONG_DATA"), 7, 0},
	comClose:           {[]byte("STMT_CLOSE"), 5, 5},
	0x1a:               {[]byte("STMT_RESET"), 5, 5},
	comSetOption:       {[]byte("SET_OPTION"), 3, 3},
	comFetch:           {[]byte("STMT_FETCH"), 9, 9},
	comBinlogDumpGTID:  {[]byte("BINLOG_DUMP_GTID"), 7, 0},
	comResetConnection: {[]byte("RESET_CONNECTION"), 1, 1},
	comClone:           {[]byte("CLONE"), 1, 0},
	comSubscribe:       {[]byte("SUBSCRIBE_GROUP_REPLICATION_STREAM"), 1, 0},
	comBulkExecute:     {[]byte("STMT_BULK_EXECUTE"), 7, 0},
}

// command waits for its response.
type command struct {
	start, end  decoders.Time // first and last byte; a zero end: not known
	from, size  uint64        // offset of the first byte, and bytes
	sql         *decoders.Statement
	text        decoders.Text // the SQL text as it came; only if it is asked for
	database    *name         // what USE, COM_INIT_DB, COM_CHANGE_USER or the log-in change to
	controls    controls
	cmd         byte
	seq         byte // the sequence number with which the response begins
	done        bool // all of it was sent
	quotesNames bool // it sets sql_mode so that "…" is an identifier
	forsaken    bool // its response cannot be known
	found       bool // it is the first after a loss: its response is on probation
}

func (q *command) reset() {
	q.text.Clear()
	*q = command{text: q.text}
}

// push adds a command; nil when too many wait.
func (c *conn) push(cmd byte, start decoders.Time, from uint64) *command {
	if c.w == nil {
		c.w = c.d.works.Get()
		c.w.commands.Max = maxPending
	}
	w := c.w
	switch q := c.front(); {
	case w.commands.Len() == maxPending:
		c.goBlind(tooManyPending)
	case q != nil && q.found: // this client does not wait: another response may come first
		c.goBlind(gapPipelining)
	}
	before := w.commands.Cap()
	q := w.commands.Push()
	c.d.grown(w, (w.commands.Cap()-before)*slotSize)
	q.reset()
	q.cmd, q.start, q.from = cmd, start, from
	if c.blind && w.commands.Len() == 1 && c.state[decoders.ToClient] == ready {
		c.blind, q.found = false, true // all that was asked before is answered
	}
	q.forsaken = c.blind
	return q
}

// readClient reads the client's next packet.
func (c *conn) readClient(s *decoders.Stream) error {
	if c.state[decoders.ToServer] == handshake {
		return c.readHandshakeResponse(s)
	}
	b, n, err := peek(s, 1)
	if err != nil {
		return err
	}
	switch {
	case c.state[decoders.ToServer] == file:
		return c.readFile(s, b, n)
	case n == 0:
		return badPacket
	case b[3] == 0:
		return c.readCommand(s, b[headSize], n)
	case c.authenticating():
		return c.readAuthentication(s, b, n)
	}
	return badPacket
}

// readFile reads a piece of the file that LOAD DATA LOCAL has asked for. An empty packet ends it.
func (c *conn) readFile(s *decoders.Stream, b []byte, n int) error {
	if q := c.front(); q != nil && n == 0 {
		c.w.response.seq = b[3] + 1
		return c.skip(decoders.ToServer, s, n, endFile)
	}
	return c.skip(decoders.ToServer, s, n, nothing)
}

func (c *conn) endFile(offset uint64) {
	c.state[decoders.ToServer] = ready
	if q := c.front(); q != nil {
		q.size = offset - q.from
	}
}

// readCommand reads a command as far as it matters.
func (c *conn) readCommand(s *decoders.Stream, cmd byte, n int) error {
	b, _, err := peek(s, c.worth(cmd))
	if err != nil {
		return err
	}
	kind, body := &kinds[cmd], b[headSize+1:]
	if kind.name == nil || n < kind.min || kind.max > 0 && n > kind.max {
		return badPacket
	}
	c.settle()
	switch cmd {
	case comQuit, comSendLongData: // nothing answers them
		return c.skip(decoders.ToServer, s, n, nothing)
	case comClose:
		c.closeStatement(body)
		return c.skip(decoders.ToServer, s, n, nothing)
	case comBinlogDump, comTableDump, comBinlogDumpGTID, comClone, comSubscribe:
		return opaque // a stream follows, for as long as the connection lasts
	}
	q := c.push(cmd, s.Begin(), c.begin(decoders.ToServer, s))
	q.seq, q.found = b[3]+1, q.found || c.turn == proven
	c.turn = inside
	switch cmd {
	case comQuery, comPrepare:
		c.readText(q, body, n > 1+len(body))
	case comExecute, comBulkExecute, comFetch:
		c.readStatement(q, body)
		c.followPrepared(q)
	case comInitDB:
		q.database = c.d.name(upToNUL(body)) // some clients end it as in C
	case comChangeUser:
		q.database = c.d.name(changeUserDatabase(body, c.caps))
	}
	return c.skip(decoders.ToServer, s, n, endCommand)
}

// opaque is what a connection becomes, made once because it is returned as an interface.
var opaque error = decoders.Become("opaque")

// worth is how much of a command's payload is worth waiting for.
func (c *conn) worth(cmd byte) int {
	const identity = 512 // a user, what proves it, and a database
	switch cmd {
	case comQuery, comPrepare:
		return c.d.cfg.MaxStatementBytes
	case comInitDB:
		return 1 + maxName
	case comChangeUser:
		return identity
	}
	return 1 + 4 // a statement's number
}

// endCommand is called when the last byte of a command is there. end zero: it is not known when that was.
func (c *conn) endCommand(end decoders.Time, offset uint64) {
	if q := c.back(); q != nil && !q.done { // else: it was answered before it was complete
		q.done, q.end, q.size = true, end, offset-q.from
	}
}

// statementID is the number that a command about a prepared statement begins with.
func statementID(body []byte) (id uint32, ok bool) {
	if len(body) < 4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(body), true
}
