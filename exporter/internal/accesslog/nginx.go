package accesslog

import (
	"fmt"
	"strings"
)

// nginx are the variables of nginx' log_format that say something here. The others are passed over.
var nginx = map[string]field{
	"remote_addr": client, "http_x_forwarded_for": forwarded, "request": request, "request_method": method, "request_uri": target,
	"uri": path, "document_uri": path, "host": host, "http_host": host, "server_name": host, "status": status, "time_local": clfTime,
	"time_iso8601": isoTime, "msec": epoch, "request_time": seconds, "request_length": received, "bytes_sent": sent,
	"body_bytes_sent": sent, "http_cookie": cookies, "http_authorization": authorization,
}

// Nginx reads a format as nginx' directive log_format has it: $remote_addr [$time_local] "$request" $status $request_time. nginx
// writes the line when the response has ended.
func Nginx(format string) (Format, error) {
	var tokens []token
	var before strings.Builder
	for rest := format; rest != ""; {
		c := rest[0]
		rest = rest[1:]
		if c != '$' {
			before.WriteByte(c)
			continue
		}
		var name string
		if strings.HasPrefix(rest, "{") {
			var ok bool
			if name, rest, ok = strings.Cut(rest[1:], "}"); !ok {
				return Format{}, fmt.Errorf("${ has no }")
			}
		} else {
			n := 0
			for n < len(rest) && isName(rest[n]) {
				n++
			}
			name, rest = rest[:n], rest[n:]
		}
		if name == "" {
			return Format{}, fmt.Errorf("a $ has no name behind it")
		}
		t := token{before: before.String(), field: nginx[name]}
		if sort, ok := strings.CutPrefix(name, "cookie_"); ok {
			t.field, t.name = cookie, sort
		}
		tokens = append(tokens, t)
		before.Reset()
	}
	return Format{text: layout(tokens, before.String())}.check()
}

func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
