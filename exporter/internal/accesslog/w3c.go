package accesslog

import (
	"bytes"
	"strings"
)

// w3c are the fields of the W3C extended log file format, as IIS writes it, that say something here.
var w3c = map[string]field{
	"date": date, "time": clock, "c-ip": client, "cs-method": method, "cs-uri-stem": path, "cs-uri": target, "cs-host": host, "cs(host)": host,
	"sc-status": status, "time-taken": millis, "sc-bytes": sent, "cs-bytes": received, "cs(cookie)": w3cCookies, "x-forwarded-for": forwarded,
	"cs(x-forwarded-for)": forwarded,
}

// maxW3C is how many fields a line may have.
const maxW3C = 128

// directive takes a line that begins with #. A line with the fields changes how the lines behind it are read.
func directive(line []byte) *text {
	list, ok := bytes.CutPrefix(line, []byte("#Fields:"))
	if !ok {
		return nil
	}
	fields := strings.Fields(string(list))
	if len(fields) == 0 || len(fields) > maxW3C {
		return nil
	}
	tokens := make([]token, len(fields))
	for i, name := range fields {
		tokens[i].field = w3c[strings.ToLower(name)]
		if i > 0 {
			tokens[i].before = " "
		}
	}
	return layout(tokens, "")
}
