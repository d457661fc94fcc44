package postgres

import (
	"testing"

	"wire_exporter/decoders/decodertest"
)

var subject = decodertest.Subject{Plugin: Plugin}

func TestConversations(t *testing.T) { decodertest.Run(t, subject) }

func TestLaws(t *testing.T) { decodertest.Laws(t, subject) }

// FuzzConn states law 1 and law 6; its seeds are the conversations in testdata.
func FuzzConn(f *testing.F) { decodertest.Fuzz(f, subject) }

func BenchmarkConversations(b *testing.B) { decodertest.Bench(b, subject) }
