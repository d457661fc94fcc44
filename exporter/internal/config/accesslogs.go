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
			field{"path", func(n node) { in.Path = checked(n, "/var/log/nginx/access.log", checkPattern) }},
			field{"format", in.format("format", accesslog.Preset)},
			field{"nginx", in.format("nginx", accesslog.Nginx)},
			field{"apache", in.format("apache", accesslog.Apache)},
			field{"envoy", in.format("envoy", accesslog.Envoy)},
			field{"json", in.json},
			field{"service", func(n node) { in.Service, in.service = labelText(n), &n }},
			field{"server", func(n node) { in.Server = p.serverOf(n) }},
			field{"time_zone", func(n node) {
				if zone := timeZone(n); zone != nil {
					in.Zone = zone
				}
			}},
			field{"from_start", func(n node) { in.FromStart, _ = n.flag() }},
		)
		item.need("path", "path: /var/log/nginx/access.log")
		in.oneFormat()
		p.logs = append(p.logs, in)
		p.cfg.AccessLogs = append(p.cfg.AccessLogs, in.Config)
	})
}

// format reads a format in one of the languages.
func (in *accessLog) format(key string, read func(string) (accesslog.Format, error)) func(node) {
	return func(n node) {
		in.formats = append(in.formats, key)
		if s, ok := n.text("combined"); ok {
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
