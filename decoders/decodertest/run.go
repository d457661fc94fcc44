package decodertest

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the expected lines of the conversations")

// Run plays every conversation as it is written and compares what comes out with its = lines.
func Run(t *testing.T, s Subject) {
	each(t, func(t *testing.T, c *Conversation) {
		got := c.play(s, c.events).lines
		if *update && !slices.Equal(got, c.want) {
			c.write(t, got)
			return
		}
		same(t, got, c.want, "as written")
	})
}

func (c *Conversation) write(t *testing.T, lines []string) {
	var b bytes.Buffer
	b.Write(c.head)
	for _, l := range lines {
		b.WriteString("= " + l + "\n")
	}
	if err := os.WriteFile(c.path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Bench measures every conversation, from the opening of the connection to its close.
func Bench(b *testing.B, s Subject) {
	for _, c := range load(b) {
		b.Run(c.Name, func(b *testing.B) {
			n := 0
			for _, e := range c.events {
				n += len(e.data)
			}
			p := newPlayer(s, nowhere{})
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				p.open(c.Midstream, c.Transport)
				for _, e := range c.events {
					p.do(e)
				}
			}
		})
	}
}
