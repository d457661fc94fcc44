package config

import (
	"cmp"
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"

	"wire_exporter/decoders"
)

// block is a plugin's part of the file.
type block struct {
	off   bool
	own   *yaml.Node // the keys that the plugin reads itself; nil: there are none
	line  int        // where it stands
	ports []uint16
}

// unmarshal fills v from the plugin's own keys.
func (b block) unmarshal(v any) error {
	if b.own == nil {
		return nil
	}
	return strict(b.own, v)
}

// protocols reads one block for each plugin.
func (p *parser) protocols(n node) {
	blocks := make([]field, len(p.plugins))
	for i, plugin := range p.plugins {
		blocks[i] = field{plugin.Name, func(n node) { p.protocol(n, i) }}
	}
	n.fields(blocks...)
}

// protocol reads the keys that every protocol has, and keeps the others for the plugin.
func (p *parser) protocol(n node, plugin int) {
	b := &p.cfg.blocks[plugin]
	b.line = n.y.Line
	y, ok := n.enter()
	if !ok {
		return
	}
	if y.Kind != yaml.MappingNode {
		n.wrong("%s stands where keys are wanted; write keys like ports: [80]", describe(y))
		return
	}
	general := *y
	general.Content = nil
	own := *y
	own.Content = nil
	for i := 0; i+1 < len(y.Content); i += 2 {
		switch y.Content[i].Value {
		case "enabled", "ports":
			general.Content = append(general.Content, y.Content[i:i+2]...)
		default:
			own.Content = append(own.Content, y.Content[i:i+2]...)
		}
	}
	n.at(&general, "").fields(
		// Whether this protocol is decoded. Default: `true`.
		field{"enabled", func(n node) {
			if on, ok := n.flag(); ok {
				b.off = !on
			}
		}},
		// Server ports that speak it for sure, on any server. What `services` say of single servers comes before it.
		field{"ports", func(n node) { b.ports = portList(n, "[80, 8080]") }},
	)
	if len(own.Content) > 0 {
		b.own = &own
	}
}

// tryPlugins lets every plugin check its own keys.
func (p *parser) tryPlugins() {
	for i, plugin := range p.plugins {
		b := p.cfg.blocks[i]
		_, err := plugin.New(decoders.Env{Sessions: p.cfg.Sessions}, b.unmarshal)
		if err == nil {
			continue
		}
		var found blockErrors
		if !errors.As(err, &found) {
			found = blockErrors{b.named(err.Error())}
		}
		for _, e := range found {
			p.report.mistake(cmp.Or(e.line, b.line), strings.TrimSuffix("protocols."+plugin.Name+"."+e.path, ".")+": "+e.text)
		}
	}
}

// named gives a plugin's own error its place, when it begins with the key it is about.
func (b block) named(text string) blockError {
	if key, rest, ok := strings.Cut(text, ": "); ok && b.own != nil {
		for i := 0; i+1 < len(b.own.Content); i += 2 {
			if k := b.own.Content[i]; k.Value == key {
				return blockError{k.Line, key, rest}
			}
		}
	}
	return blockError{text: text}
}
