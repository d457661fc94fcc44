package postgres

import (
	"strings"
	"testing"

	"wire_exporter/decoders"
)

func TestDetect(t *testing.T) {
	const toServer, toClient = decoders.ToServer, decoders.ToClient
	description := "T\x00\x00\x00\x1a\x00\x01c\x00" + strings.Repeat("\x00", 18)
	for _, x := range []struct {
		dir   decoders.Dir
		first string
		want  decoders.Verdict
	}{
		{toServer, "\x00\x00\x00\x08\x04\xd2\x16\x2f", decoders.Yes},                              // SSLRequest
		{toServer, "\x00\x00\x00\x08\x04\xd2\x16\x30", decoders.Yes},                              // GSSENCRequest
		{toServer, "\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x10\x00abcd", decoders.Yes},          // CancelRequest
		{toServer, "\x00\x00\x01\x0c\x04\xd2\x16\x2e\x00\x00\x10\x00abcd", decoders.Yes},          // its key is longer since 3.2
		{toServer, "\x00\x00\x00\x0c\x04\xd2\x16\x2e\x00\x00\x10\x00", decoders.No},               // it has none
		{toServer, string(startupMessage), decoders.Yes},                                          // StartupMessage 3.0
		{toServer, "\x00\x00\x00\x20\x00\x03\x00\x02user", decoders.Yes},                          // 3.2
		{toServer, "\x00\x00\x00\x20\x00\x03\x27\x0fuser", decoders.Yes},                          // 3.9999, which asks what is supported
		{toServer, "\x00\x00\x00\x20\x00\x02\x00\x00user", decoders.No},                           // 2.0
		{toServer, "\x00\x00\x00\x2b\x00\x03\x00\x01\x00\x00\x00\x01", decoders.No},               // Kafka: Metadata
		{toServer, "\x00\x00\x40\x00\x00\x03\x00\x00user", decoders.No},                           // too long
		{toServer, "\x00\x00\x00\x20\x00\x03", decoders.More},                                     //
		{toServer, "\x00", decoders.More},                                                         //
		{toServer, "", decoders.More},                                                             //
		{toServer, "Q\x00\x00\x00\x0dselect 1\x00", decoders.Yes},                                 // from the middle
		{toServer, "Q\x00\x00\x00\x0dsele", decoders.More},                                        //
		{toServer, "Q\x00\x00\x00\x0dsele\x01", decoders.No},                                      // no text
		{toServer, "Q\x00\x00\x00\x0dselect 1\x00Q\x00\x00\x00", decoders.Yes},                    // and another
		{toServer, "Q\x00\x00\x00\x0dselect 1\x00GET ", decoders.No},                              // and something else
		{toServer, "QUIT\r\n", decoders.No},                                                       //
		{toServer, "GET / HTTP/1.1\r\n", decoders.No},                                             //
		{toServer, "Q\x00\x00\x00\x03select", decoders.No},                                        // MySQL
		{toServer, "\x16\x03\x01\x02\x00\x01", decoders.No},                                       // TLS
		{toClient, description + "C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I", decoders.Yes}, //
		{toClient, "Z\x00\x00\x00\x05T", decoders.Yes},                                            //
		{toClient, "xxZ\x00\x00\x00\x05T", decoders.No},                                           //
		{toClient, description, decoders.No},                                                      // no end of an answer
		{toClient, "HTTP/1.1 200 OK\r\n", decoders.No},                                            //
		{toClient, "Z", decoders.No},                                                              //
	} {
		if got := detect(x.dir, []byte(x.first)); got != x.want {
			t.Errorf("%v %q: %v, want %v", x.dir, x.first, got, x.want)
		}
	}
}
