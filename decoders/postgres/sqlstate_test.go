package postgres

import (
	"testing"

	"wire_exporter/decoders"
)

func TestOutcome(t *testing.T) {
	for state, want := range map[string]decoders.Outcome{
		"22012": decoders.ClientError, "23505": decoders.ClientError, "42P01": decoders.ClientError, "25P02": decoders.ClientError,
		"0A000": decoders.ClientError, "28P01": decoders.ClientError, "P0001": decoders.ClientError, "54001": decoders.ClientError,
		"BANK1": decoders.ClientError, "55000": decoders.ClientError,
		"08006": decoders.ServerError, "40001": decoders.ServerError, "40P01": decoders.ServerError, "53300": decoders.ServerError,
		"55P03": decoders.ServerError, "57014": decoders.ServerError, "57P01": decoders.ServerError, "58030": decoders.ServerError, "XX000": decoders.ServerError,
		"\x00\x00\x00\x00\x00": decoders.ServerError,
	} {
		if c := code([]byte(state)); c.outcome() != want {
			t.Errorf("%q: %v, want %v", state, c.outcome(), want)
		}
	}
}

func TestReadCode(t *testing.T) {
	for fields, want := range map[string]string{
		"SERROR\x00VERROR\x00C22012\x00Mdivision by zero\x00\x00": "22012",
		"C22012\x00":                           "22012",
		"SERROR\x00C2201":                      "", // cut off
		"SERROR\x00C220\x00\x00":               "",
		"SERROR\x00\x00C22012\x00":             "", // behind the end
		"":                                     "",
		"MC22012 is no code\x00C42601\x00\x00": "42601",
	} {
		if c := readCode([]byte(fields)); string(c.bytes()) != want {
			t.Errorf("%q: %q, want %q", fields, c.bytes(), want)
		}
	}
}

func TestTags(t *testing.T) {
	for tag, want := range map[string]struct {
		verb string
		rows uint64
	}{
		"SELECT 5": {"SELECT", 5}, "INSERT 0 12": {"INSERT", 12}, "INSERT 16384 1": {"INSERT", 1}, "UPDATE 0": {"UPDATE", 0},
		"COPY 18446744073709551615": {"COPY", 0}, "COPY 1234567890123456789": {"COPY", 1234567890123456789},
		"BEGIN": {"BEGIN", 0}, "CREATE TABLE": {"CREATE", 0}, "MERGE 7": {"MERGE", 7}, "FETCH 100": {"FETCH", 100},
		"": {"", 0}, "5": {"", 0}, "SELECT5": {"", 0}, "UNHEARD 3": {"", 3},
	} {
		if v, n := string(verb([]byte(tag))), rows([]byte(tag)); v != want.verb || n != want.rows {
			t.Errorf("%q: %q %d, want %q %d", tag, v, n, want.verb, want.rows)
		}
	}
}
