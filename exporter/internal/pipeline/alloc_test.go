package pipeline

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"wire_exporter/decoders/all"
	"wire_exporter/exporter/internal/capture"
	"wire_exporter/exporter/internal/config"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/metric"
	"wire_exporter/exporter/internal/packet"
)

// TestNoAllocation: from the frame to the buckets nothing is allocated, neither for a packet nor for a transaction nor for a connection that
// comes and goes, once all that comes again was seen: connections, works, label values, label sets, buckets. What makes the program
// grow is left out: whatever is seen for the first time, the scrape, and the sketches of users, which are made once a minute (the test takes
// less than a minute of capture time).
func TestNoAllocation(t *testing.T) {
	const warm, batch, runs = 2000, 250, 4 // of a batch not even one step may allocate, where an average over steps is rounded down
	for name, talk := range map[string]func(b *bench) func(){
		"a packet":                    (*bench).packets,
		"an HTTP request":             (*bench).http,
		"a body of many packets":      (*bench).download,
		"a connection":                (*bench).connections,
		"segments in the wrong order": (*bench).disorder,
		"a PostgreSQL statement":      (*bench).postgresSimple,
		"a prepared one":              (*bench).postgresExtended,
		"a MySQL statement":           (*bench).mysql,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			step := talk(b)
			for range warm {
				step()
			}
			before := b.requests()
			if n := testing.AllocsPerRun(runs, func() {
				for range batch {
					step()
				}
			}); n != 0 {
				t.Errorf("%v allocations in %d steps", n, batch)
			}
			if got, want := b.requests()-before, (runs+1)*batch; name != "a packet" && got != want { // there is a first run that is not measured
				t.Errorf("%d requests were counted, want %d", got, want)
			}
		})
	}
}

// bench is the chain as replay builds it, with a worker that is given frames.
type bench struct {
	worker  *worker
	metrics *metric.Metrics
	now     int64 // capture time, ns
	pause   int64 // between two segments, ns
	frame   capture.Frame
	room    [2048]byte
}

func newBench(t *testing.T) *bench {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.pcap") // its frames come from the test
	header := make([]byte, 24)
	binary.LittleEndian.PutUint32(header, 0xa1b2c3d4)
	header[4], header[20] = 2, byte(packet.LinkEthernet)
	must(os.WriteFile(empty, header, 0o600))
	c, err := capture.Open(capture.Config{Files: []string{empty}})
	must(err)
	t.Cleanup(func() { c.Close() })
	cfg, err := config.Load("", all.Plugins)
	must(err)
	book, err := label.New(cfg.Label)
	must(err)
	m := metric.New(book, names(), metric.Options{SeriesLimit: cfg.Label.Limits.Series})
	p, err := New(Setup{Capture: c, Book: book, Metrics: m, Flow: cfg.Flow, Decoders: cfg.Decoders})
	must(err)
	return &bench{worker: p.workers[0], metrics: m, now: 1_700_000_040e9, pause: 1e6} // the beginning of a minute
}

// requests is how many have been counted.
func (b *bench) requests() (n int) {
	if b.worker.working {
		b.worker.stop() // the report looks into it
	}
	for _, s := range b.metrics.Report().Services {
		for _, o := range s.Requests {
			n += int(o)
		}
	}
	return n
}

// The directions and flags of segments.
const (
	up   = 0
	down = 1

	fin = packet.FIN | packet.ACK
	syn = packet.SYN
	ack = packet.ACK
)

// peer is a connection.
type peer struct {
	*bench
	ports [2]uint16 // of who sends, by direction
	seq   [2]uint32
	id    uint16
}

func (b *bench) connect(client, server uint16) *peer {
	p := &peer{bench: b}
	p.open(client, server)
	return p
}

func (p *peer) open(client, server uint16) {
	p.ports, p.seq = [2]uint16{client, server}, [2]uint32{1000, 5000}
	p.send(up, syn, nil)
	p.send(down, syn|ack, nil)
	p.send(up, ack, nil)
}

// send hands over the next segment.
func (p *peer) send(dir int, flags uint8, payload []byte) {
	p.at(dir, flags, p.seq[dir], payload)
	p.seq[dir] += uint32(len(payload))
	if flags&(packet.SYN|packet.FIN) != 0 {
		p.seq[dir]++
	}
}

// at hands over a segment with the given number.
func (p *peer) at(dir int, flags uint8, seq uint32, payload []byte) {
	p.now += p.pause
	p.id++
	f := p.room[:54+copy(p.room[54:], payload)]
	clear(f[:54])
	f[12], f[14], f[22], f[23] = 0x08, 0x45, 64, packet.TCP
	binary.BigEndian.PutUint16(f[16:], uint16(len(f)-14))
	binary.BigEndian.PutUint16(f[18:], p.id)
	copy(f[26:], []byte{10, 0, 0, byte(1 + dir), 10, 0, 0, byte(2 - dir)})
	binary.BigEndian.PutUint16(f[34:], p.ports[dir])
	binary.BigEndian.PutUint16(f[36:], p.ports[1-dir])
	binary.BigEndian.PutUint32(f[38:], seq)
	binary.BigEndian.PutUint32(f[42:], p.seq[1-dir])
	f[46], f[47], f[48] = 5<<4, flags, 0xff
	p.frame = capture.Frame{Time: p.now, Link: packet.LinkEthernet, Data: f, WireLen: len(f)}
	p.worker.Frame(&p.frame)
}

// exchange is a request and its response, both acknowledged.
func (p *peer) exchange(request, response []byte) {
	p.send(up, ack, request)
	p.send(down, ack, nil)
	p.send(down, ack, response)
	p.send(up, ack, nil)
}

func (b *bench) packets() func() {
	p := b.connect(40000, 80)
	return func() { p.send(down, ack, nil) }
}

// The path of each request is a new one; the trace makes exemplars.
const (
	get = "GET /accounts/%06d/cards?page=2 HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: test\r\nCookie: theme=dark; JSESSIONID=%06d\r\n" +
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nAccept: */*\r\n\r\n"
	found = "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:14:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"id\":12345}"
)

// renumber writes n into the place of at, which has six digits.
func renumber(b []byte, at, n int) {
	for i := 5; i >= 0; i-- {
		b[at+i] = byte('0' + n%10)
		n /= 10
	}
}

func (b *bench) http() func() {
	p := b.connect(40000, 80)
	request, response, n := fmt.Appendf(nil, get, 0, 7), []byte(found), 0
	return func() {
		n++
		renumber(request, len("GET /accounts/"), n)
		p.exchange(request, response)
	}
}

func (b *bench) download() func() {
	const packets, size = 20, 1400
	b.pause = 200e3
	p := b.connect(40000, 80)
	request, body := fmt.Appendf(nil, get, 0, 7), make([]byte, size)
	response := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: %d\r\n\r\n", packets*size)
	return func() {
		p.exchange(request, response)
		for i := range packets {
			p.send(down, ack, body)
			if i%2 == 1 {
				p.send(up, ack, nil)
			}
		}
	}
}

func (b *bench) connections() func() {
	p := &peer{bench: b}
	request, response, n := fmt.Appendf(nil, get, 0, 7), []byte(found), uint16(0)
	return func() {
		n++
		p.open(20000+n%20000, 80)
		p.exchange(request, response)
		p.send(up, fin, nil)
		p.send(down, fin, nil)
		p.send(up, ack, nil)
	}
}

func (b *bench) disorder() func() {
	p := b.connect(40000, 80)
	request, response := fmt.Appendf(nil, get, 0, 7), []byte(found)
	half := len(response) / 2
	return func() {
		p.send(up, ack, request)
		p.at(down, ack, p.seq[down]+uint32(half), response[half:])
		p.at(down, ack, p.seq[down], response[:half])
		p.seq[down] += uint32(len(response))
		p.send(up, ack, nil)
	}
}

// pg appends a message of PostgreSQL's protocol (its manual, section "Message Formats").
func pg(b []byte, kind byte, body string) []byte {
	b = append(b, kind)
	b = binary.BigEndian.AppendUint32(b, uint32(4+len(body)))
	return append(b, body...)
}

const (
	pgStatement = "SELECT id, name FROM accounts WHERE id = 000000\x00"
	pgReady     = "I"
)

func (b *bench) postgres() *peer {
	p := b.connect(40000, 5432)
	start := "\x00\x03\x00\x00user\x00shop\x00database\x00shop\x00\x00"
	p.exchange(append(binary.BigEndian.AppendUint32(nil, uint32(4+len(start))), start...),
		pg(pg(nil, 'R', "\x00\x00\x00\x00"), 'Z', pgReady))
	return p
}

func (b *bench) postgresSimple() func() {
	p := b.postgres()
	request, n := pg(nil, 'Q', pgStatement), 0
	answer := pg(nil, 'T', "\x00\x01id\x00"+string(make([]byte, 18)))
	for range 3 {
		answer = pg(answer, 'D', "\x00\x01\x00\x00\x00\x0242")
	}
	answer = pg(pg(answer, 'C', "SELECT 3\x00"), 'Z', pgReady)
	return func() {
		n++
		renumber(request, len(request)-7, n)
		p.exchange(request, answer)
	}
}

func (b *bench) postgresExtended() func() {
	p := b.postgres()
	p.exchange(pg(pg(nil, 'P', "S_1\x00SELECT name FROM accounts WHERE id = $1\x00\x00\x00"), 'S', ""), pg(pg(nil, '1', ""), 'Z', pgReady))
	request := pg(nil, 'B', "\x00S_1\x00\x00\x00\x00\x01\x00\x00\x00\x0242\x00\x00")
	request = pg(pg(pg(request, 'D', "P\x00"), 'E', "\x00\x00\x00\x00\x00"), 'S', "")
	answer := pg(pg(nil, '2', ""), 'T', "\x00\x01name\x00"+string(make([]byte, 18)))
	answer = pg(pg(pg(answer, 'D', "\x00\x01\x00\x00\x00\x03Ada"), 'C', "SELECT 1\x00"), 'Z', pgReady)
	return func() { p.exchange(request, answer) }
}

// my appends a packet of MySQL's protocol (its documentation, section "MySQL Packets").
func my(b []byte, seq byte, body string) []byte {
	return append(append(b, byte(len(body)), byte(len(body)>>8), 0, seq), body...)
}

func (b *bench) mysql() func() {
	p := b.connect(40000, 3306)
	p.send(down, ack, my(nil, 0, "\x0a8.0.36\x00\x01\x00\x00\x00abcdefgh\x00\xff\xff\xff\x02\x00\xff\xdf\x15"+string(make([]byte, 10))+"ijklmnopqrst\x00mysql_native_password\x00"))
	p.exchange(my(nil, 1, "\x8d\xa2\x0f\x01\x00\x00\x00\x01\xff"+string(make([]byte, 23))+"shop\x00\x00shop\x00mysql_native_password\x00"), my(nil, 2, "\x00\x00\x00\x02\x00\x00\x00"))
	request, n := my(nil, 0, "\x03SELECT id, name FROM accounts WHERE id = 000000"), 0
	column := "\x03def\x04shop\x01t\x08accounts\x02id\x02id\x0c\xff\x00\xff\x00\x00\x00\xfd\x00\x00\x00\x00\x00"
	answer := my(my(my(nil, 1, "\x01"), 2, column), 3, "\x0242")
	answer = my(answer, 4, "\xfe\x00\x00\x02\x00\x00\x00")
	return func() {
		n++
		renumber(request, len(request)-6, n)
		p.exchange(request, answer)
	}
}
