// Package selftest asks a host what it can do for a capture: what its kernel and its network cards say of themselves, and, by traffic
// that it makes, how many packets a second arrive. In goes the name of an interface, out come figures. It changes no setting, and
// sends on no interface but the one it is given.
package selftest

import "encoding/binary"

// Traffic makes HTTP conversations, frame by frame, without end: over many connections in turn, each a request, its response and an ACK, with
// sequence numbers and identifications that go on. Checksums are left out; nobody on the way looks.
type Traffic struct {
	frames      [][]byte // of one exchange, as templates
	connections []connection
	next        int // connection
	step        int // frame of the exchange
	ident       uint16
}

type connection struct {
	port           uint16
	client, server uint32 // next sequence number of each side
}

const (
	ethernet = 14
	ipv4     = 20
	tcp      = 20
	heads    = ethernet + ipv4 + tcp
)

// NewTraffic makes conversations whose responses are of so many bytes, in segments of at most 1460.
func NewTraffic(connections, response int) *Traffic {
	t := &Traffic{}
	for i := range connections {
		t.connections = append(t.connections, connection{port: uint16(20000 + i), client: 1, server: 1})
	}
	const request = "GET /accounts/4711/cards?limit=20 HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: selftest\r\nAccept: application/json\r\n" +
		"Cookie: sid=0123456789abcdef0123456789abcdef\r\n\r\n"
	t.frames = append(t.frames, frame(true, []byte(request)))
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
	body := max(response-len(head)-10, 0)
	all := append([]byte(head), digits(body)...)
	all = append(all, "\r\n\r\n"...)
	all = append(all, make([]byte, body)...)
	for len(all) > 0 {
		n := min(len(all), 1460)
		t.frames = append(t.frames, frame(false, all[:n]))
		all = all[n:]
	}
	t.frames = append(t.frames, frame(true, nil))
	return t
}

func digits(n int) []byte {
	b := []byte("000000")
	for i := len(b) - 1; i >= 0; i-- {
		b[i] += byte(n % 10)
		n /= 10
	}
	return b
}

// frame is a template: addresses, flags and payload are in it.
func frame(toServer bool, payload []byte) []byte {
	f := make([]byte, heads, heads+len(payload))
	f = append(f, payload...)
	copy(f[0:], []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0}) // locally administered addresses; IPv4
	ip := f[ethernet:]
	ip[0], ip[8], ip[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	from, to := ip[12:16], ip[16:20]
	if !toServer {
		from, to = to, from
	}
	copy(from, []byte{192, 0, 2, 1})
	copy(to, []byte{192, 0, 2, 80})
	seg := ip[ipv4:]
	seg[12], seg[13] = 5<<4, 0x18 // PSH, ACK
	binary.BigEndian.PutUint16(seg[14:], 65535)
	return f
}

// Next is the next frame, valid until the call after it.
func (t *Traffic) Next() []byte {
	c := &t.connections[t.next]
	f := t.frames[t.step]
	toServer := t.step == 0 || t.step == len(t.frames)-1
	ip, seg := f[ethernet:], f[ethernet+ipv4:]
	t.ident++
	binary.BigEndian.PutUint16(ip[4:], t.ident)
	payload := uint32(len(f) - heads)
	if toServer {
		binary.BigEndian.PutUint16(seg[0:], c.port)
		binary.BigEndian.PutUint16(seg[2:], 80)
		binary.BigEndian.PutUint32(seg[4:], c.client)
		binary.BigEndian.PutUint32(seg[8:], c.server)
		c.client += payload
	} else {
		binary.BigEndian.PutUint16(seg[0:], 80)
		binary.BigEndian.PutUint16(seg[2:], c.port)
		binary.BigEndian.PutUint32(seg[4:], c.server)
		binary.BigEndian.PutUint32(seg[8:], c.client)
		c.server += payload
	}
	if t.step++; t.step == len(t.frames) {
		t.step = 0
		t.next = (t.next + 1) % len(t.connections)
	}
	return f
}

// PerExchange is how many frames and bytes one request and its response take.
func (t *Traffic) PerExchange() (frames, bytes int) {
	for _, f := range t.frames {
		bytes += len(f)
	}
	return len(t.frames), bytes
}
