package accesslog

import (
	"fmt"
	"strings"
)

// envoy are the command operators of Envoy's access logs that say something here. The others are passed over.
var envoy = map[string]field{
	"START_TIME": isoTime, "EMIT_TIME": isoTime, "REQ(:METHOD)": method, "REQ(:PATH)": target, "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)": target,
	"REQ(:AUTHORITY)": host, "REQ(HOST)": host, "RESPONSE_CODE": status, "RESPONSE_FLAGS": responseFlags, "BYTES_RECEIVED": received, "BYTES_SENT": sent,
	"DURATION": millis, "REQ(X-FORWARDED-FOR)": forwarded, "REQ(COOKIE)": cookies, "REQ(AUTHORIZATION)": authorization,
	"DOWNSTREAM_REMOTE_ADDRESS": client, "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": client,
	"DOWNSTREAM_DIRECT_REMOTE_ADDRESS": client, "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT": client,
}

// Envoy reads a format as Envoy's text_format has it: [%START_TIME%] "%REQ(:METHOD)% %REQ(:PATH)%" %RESPONSE_CODE% %DURATION%.
func Envoy(format string) (Format, error) {
	f := Format{begin: true}
	var tokens []token
	before, rest, more := strings.Cut(format, "%")
	for more {
		var operator, next string
		var closed bool
		if operator, rest, closed = strings.Cut(rest, "%"); !closed {
			return Format{}, fmt.Errorf("%%%s has no %% at its end", operator)
		}
		if operator == "" {
			return Format{}, fmt.Errorf("%%%% is no operator")
		}
		if i := strings.LastIndex(operator, "):"); i >= 0 { // at most so many bytes
			operator = operator[:i+1]
		}
		if strings.HasPrefix(operator, "START_TIME(") {
			return Format{}, fmt.Errorf("%%%s is a time of a form that is not read; write %%START_TIME%%", operator)
		}
		if operator == "EMIT_TIME" {
			f.begin = false
		}
		tokens = append(tokens, token{before: before, field: envoy[operator]})
		next, rest, more = strings.Cut(rest, "%")
		before = next
	}
	f.text = layout(tokens, strings.TrimSuffix(before, "\n"))
	return f.check()
}
