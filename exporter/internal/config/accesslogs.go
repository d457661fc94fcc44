package config

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/accesslog"
)

const maxInputs = 100 // of access logs

// accessLog is one input and what stands in the file beside it.
type accessLog struct {
	accesslog.Config
	at      node
	service *node // its place
	formats []string
}

// accessLogs reads which access logs are followed.
func (p *parser) accessLogs(n node) {
	n.items(maxInputs, "- {path: /var/log/nginx/access.log, format: combined}", func(item node) {
		in := &accessLog{at: item}
		in.Zone = time.Local
		item.fields(
			// An absolute path, or a pattern: `*` stands for any text within a name, `?` for a character. New files that match are found within ten
			// seconds. At most 1000 files.
			field{"path", func(n node) { in.Path = checked(n, "/var/log/nginx/access.log", checkPattern) }},
			// A format that needs no text of its own: `common`, `combined` (Apache, nginx), `haproxy` (its default format of HTTP logs), `envoy` (its
			// default), `w3c` (IIS: the `#Fields` line says what is what), `caddy`, `traefik` (JSON).
			field{"format", in.format("format", "combined", accesslog.Preset)},
			// The text of nginx' `log_format`, `escape=json` among it.
			field{"nginx", in.format("nginx", `'$remote_addr [$time_iso8601] "$request" $status $request_time'`, accesslog.Nginx)},
			// The text of Apache's `LogFormat`.
			field{"apache", in.format("apache", `'%h %t "%r" %>s %D'`, accesslog.Apache)},
			// Envoy's `text_format`.
			field{"envoy", in.format("envoy", `'%START_TIME% %REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %DURATION%'`, accesslog.Envoy)},
			// For a log with one JSON object a line: which value is what, see below.
			field{"json", in.json},
			// The name of one of the `services` that the lines are about. A Host that belongs to a service comes before it. Default: by Host, else by
			// `server`.
			field{"service", func(n node) { in.Service, in.service = labelText(n, "shop"), &n }},
			// Address and port of the server that the lines are about: it is named like on the wire. Default: none: `_other`.
			field{"server", func(n node) { in.Server = p.serverOf(n) }},
			// The zone of times that name none. Default: this host's.
			field{"time_zone", func(n node) {
				if zone := timeZone(n); zone != nil {
					in.Zone = zone
				}
			}},
			// Read a file that was never read before from its start. Otherwise only what is added to it counts. Default: `false`.
			field{"from_start", func(n node) { in.FromStart, _ = n.flag() }},
		)
		item.need("path", "path: /var/log/nginx/access.log")
		in.oneFormat()
		p.logs = append(p.logs, in)
		p.cfg.AccessLogs = append(p.cfg.AccessLogs, in.Config)
	})
}

// format reads a format in one of the languages.
func (in *accessLog) format(key, example string, read func(string) (accesslog.Format, error)) func(node) {
	return func(n node) {
		in.formats = append(in.formats, key)
		if s, ok := n.text(example); ok {
			in.take(n)(read(s))
		}
	}
}

func (in *accessLog) take(n node) func(accesslog.Format, error) {
	return func(f accesslog.Format, err error) {
		if in.Format = f; err != nil {
			n.wrong("%s", err)
		}
	}
}

// json reads which value of a JSON log is what.
func (in *accessLog) json(n node) {
	in.formats = append(in.formats, "json")
	paths := map[string]string{}
	var known []field
	for _, name := range accesslog.FieldNames() {
		known = append(known, field{name, func(n node) { paths[name], _ = n.text("request.method") }})
	}
	n.fields(known...)
	in.take(n)(accesslog.JSON(paths))
}

// oneFormat says when there is no format, or more than one.
func (in *accessLog) oneFormat() {
	switch {
	case len(in.formats) > 1:
		in.at.wrong("%s and %s are both given, and a log has one format; take one of them away", in.formats[0], in.formats[1])
	case len(in.formats) == 0:
		in.at.wrong("the format is missing; write format: combined, or nginx: with its log_format")
	}
}

// checkLogs checks what the inputs say against the services.
func (p *parser) checkLogs() {
	for _, in := range p.logs {
		if in.service == nil {
			continue
		}
		found := false
		for _, s := range p.cfg.Label.Services {
			found = found || s.Name == in.Service
		}
		if !found {
			in.service.wrong("there is no service %s; write the name of one under services", quote(in.Service))
		}
	}
}

// serverOf reads the address and port of the server that a log is about.
func (p *parser) serverOf(n node) decoders.Endpoint {
	const example = "10.1.2.3:8443"
	s, ok := n.text(example)
	if !ok {
		return decoders.Endpoint{}
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil || a.Port() == 0 {
		n.wrong("%s is no address with a port; write it like %s", quote(s), example)
		return decoders.Endpoint{}
	}
	return decoders.EndpointFrom(a)
}

func checkPattern(s string) error {
	if !filepath.IsAbs(s) {
		return fmt.Errorf("%s is no absolute path; write it like /var/log/nginx/access.log", quote(s))
	}
	if _, err := filepath.Match(s, ""); err != nil {
		return fmt.Errorf("%s is no pattern: a [ has no ]", quote(s))
	}
	return nil
}
