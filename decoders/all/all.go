// Package all is the one list of the protocols that are decoded. A new one is a line here.
package all

import (
	"wire_exporter/decoders"
	"wire_exporter/decoders/http1"
	"wire_exporter/decoders/mysql"
	"wire_exporter/decoders/postgres"
	"wire_exporter/decoders/proxyproto"
)

// Plugins are all protocols, in the order in which they are asked.
var Plugins = []decoders.Plugin{
	proxyproto.Plugin,
	http1.Plugin,
	postgres.Plugin,
	mysql.Plugin,
}
