package mysql

import (
	"testing"

	"wire_exporter/decoders/decodertest"
)

// subject reads little of a statement, so that conversations in which one is too long stay short.
var subject = decodertest.Subject{
	Plugin:    Plugin,
	Unmarshal: func(v any) error { v.(*Config).MaxStatementBytes = 256; return nil },
	Vague:     []string{"STMT_EXECUTE", "STMT_BULK_EXECUTE"},
}

func TestConversations(t *testing.T) { decodertest.Run(t, subject) }

func TestLaws(t *testing.T) { decodertest.Laws(t, subject) }

// FuzzConn states law 1 and law 6; its seeds are the conversations in testdata.
func FuzzConn(f *testing.F) { decodertest.Fuzz(f, subject) }

func BenchmarkConversations(b *testing.B) { decodertest.Bench(b, subject) }

// TestSizes: with the flow table's entry an idle connection must stay near 256 bytes.
func TestSizes(t *testing.T) {
	if connSize > 128 {
		t.Errorf("an idle connection has %d bytes, more than 128", connSize)
	}
	t.Log(connSize)
}
