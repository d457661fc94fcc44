package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/prometheus/exporter-toolkit/web"
)

// listen opens the web server's ports, so that a port in use is one clear line before anything else is started. Sockets that
// systemd opened are left to the toolkit.
func listen(flags *web.FlagConfig) ([]net.Listener, error) {
	var ls []net.Listener
	if *flags.WebSystemdSocket {
		return nil, nil
	}
	for _, address := range *flags.WebListenAddresses {
		network, where := "tcp", address
		if rest, ok := strings.CutPrefix(address, "unix://"); ok {
			network, where = "unix", rest
		}
		l, err := net.Listen(network, where)
		if err != nil {
			for _, open := range ls {
				open.Close()
			}
			return nil, fmt.Errorf("web: %w; choose another with --web.listen-address", err)
		}
		ls = append(ls, l)
	}
	return ls, nil
}
