package accesslog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Format is how the lines of a log are written. The zero Format matches nothing; see Preset, Nginx, Apache, Envoy and JSON.
type Format struct {
	text  *text
	json  []token // by name, the path of keys
	w3c   bool
	skip  string // what a prefix ends with that another program has put in front
	begin bool   // the time is that of the request's beginning
}

// Zero says that no format was chosen.
func (f Format) Zero() bool { return f.text == nil && f.json == nil && !f.w3c }

// check says what a format lacks.
func (f Format) check() (Format, error) {
	has := func(fields ...field) bool {
		if f.text != nil {
			return f.text.has(fields...)
		}
		return (&text{tokens: f.json}).has(fields...)
	}
	switch {
	case !has(status):
		return f, fmt.Errorf("the status is not in it")
	case !has(request) && !has(target, path):
		return f, fmt.Errorf("neither the request nor its path is in it")
	case !has(clfTime, isoTime, epoch, epochMillis, epochMicros):
		return f, fmt.Errorf("no time is in it")
	}
	return f, f.separated()
}

// separated says which two fields nothing stands between.
func (f Format) separated() error {
	if f.text == nil {
		return nil
	}
	for i, t := range f.text.tokens {
		if i > 0 && t.before == "" {
			return fmt.Errorf("nothing stands between field %d and the one behind it, so nobody can tell where it ends", i)
		}
	}
	return nil
}

// Presets are the names of the formats that need no text of their own.
var Presets = []string{"common", "combined", "haproxy", "envoy", "w3c", "caddy", "traefik"}

// Preset is one of the Presets.
func Preset(name string) (Format, error) {
	switch name {
	case "common":
		return Apache(`%h %l %u %t "%r" %>s %b`)
	case "combined":
		f, err := Apache(`%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`)
		f.begin = false // nginx writes it, too, and its time is the end; without a duration both are the same
		return f, err
	case "haproxy":
		return haproxy, nil
	case "envoy":
		return Envoy(`[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ` +
			`%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ` +
			`"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"`)
	case "w3c":
		return Format{w3c: true}, nil
	case "caddy":
		return Format{json: caddy}, nil
	case "traefik":
		return Format{json: traefik, begin: true}, nil
	}
	return Format{}, fmt.Errorf("unknown format; write one of %s", strings.Join(Presets, ", "))
}

// haproxy is the default format of HTTP logs, section 8.2.3 of its configuration manual. Captured headers may stand in front of the
// request or not.
var haproxy = Format{begin: true, skip: "]: ", text: layout([]token{
	{field: clientPort}, {before: " [", field: clfTime}, {before: "] "}, {before: " "}, // frontend, backend/server
	{before: " "}, {before: "/"}, {before: "/"}, {before: "/"}, {before: "/", field: millis},
	{before: " ", field: status}, {before: " ", field: sent}, {before: " "}, {before: " "}, {before: " ", field: termination},
	{before: " "}, {before: ` "`, field: request},
}, `"`)}

// caddy is the access log of Caddy, with the default encoding of times and durations.
var caddy = []token{
	{name: "ts", field: epoch}, {name: "request.remote_ip", field: client}, {name: "request.method", field: method},
	{name: "request.host", field: host}, {name: "request.uri", field: target}, {name: "request.headers.Cookie", field: cookies},
	{name: "request.headers.X-Forwarded-For", field: forwarded}, {name: "request.headers.Authorization", field: authorization},
	{name: "bytes_read", field: received}, {name: "duration", field: seconds}, {name: "size", field: sent}, {name: "status", field: status},
}

// traefik is the access log of Traefik in JSON.
var traefik = []token{
	{name: "StartUTC", field: isoTime}, {name: "ClientHost", field: client}, {name: "RequestMethod", field: method},
	{name: "RequestHost", field: host}, {name: "RequestPath", field: target}, {name: "RequestContentSize", field: received},
	{name: "Duration", field: nanos}, {name: "DownstreamContentSize", field: sent}, {name: "DownstreamStatus", field: status},
	{name: "request_Cookie", field: cookies}, {name: "request_X-Forwarded-For", field: forwarded},
}

// names are what the fields are called where a log of one's own is described.
var names = map[string]field{
	"client": client, "forwarded_for": forwarded, "request": request, "method": method, "target": target, "path": path, "host": host,
	"status": status, "time_clf": clfTime, "time_iso8601": isoTime, "time_s": epoch, "time_ms": epochMillis, "time_us": epochMicros,
	"duration_s": seconds, "duration_ms": millis, "duration_us": micros, "duration_ns": nanos, "bytes_in": received, "bytes_out": sent,
	"cookies": cookies, "authorization": authorization,
}

// FieldNames are the names that JSON knows, in the order of the alphabet.
func FieldNames() []string { return slices.Sorted(maps.Keys(names)) }
