package thanos

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"net/http"

	"google.golang.org/protobuf/encoding/protowire"
)

// storeSeries asks a StoreAPI for every series, as anything that speaks gRPC can: a call is an HTTP/2 request. The client must be one of TLS.
// The answer is as it came, enough to find a name in.
func storeSeries(c *http.Client, address string) (string, error) {
	matcher := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 2) // matches a pattern
	matcher = protowire.AppendString(protowire.AppendTag(matcher, 2, protowire.BytesType), "__name__")
	matcher = protowire.AppendString(protowire.AppendTag(matcher, 3, protowire.BytesType), ".+")
	request := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), math.MaxInt64) // until
	request = protowire.AppendBytes(protowire.AppendTag(request, 3, protowire.BytesType), matcher)
	message := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(request))), request...)

	req, err := http.NewRequest(http.MethodPost, "https://"+address+"/thanos.Store/Series", bytes.NewReader(message))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("TE", "trailers")
	res, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text) + res.Trailer.Get("Grpc-Message"), err
}
