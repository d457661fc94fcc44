package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// nginx is Debian's web server on a host, with a log of every request it has answered.
type nginx struct {
	host      host
	accessLog string
}

const nginxConfig = `
daemon off;
user root;
pid %[1]s/pid;
error_log %[1]s/error.log;
events {}
http {
	log_format witness '$request_method $status $request_uri';
	access_log %[1]s/access.log witness;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	keepalive_requests 1000000;
	server {
		listen %[2]s:80;
		location / { return 200 "hello\n"; }
		location /status { access_log off; stub_status; }
	}
}
`

func startNginx(t *testing.T, h host) nginx {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, dir, h.address), 0o644); err != nil {
		t.Fatal(err)
	}
	p := h.start(t, "nginx", "-c", config)
	p.await(t, "nginx", func() bool {
		_, err := os.Stat(filepath.Join(dir, "pid"))
		return err == nil
	})
	return nginx{h, filepath.Join(dir, "access.log")}
}

func TestLiveWrk(t *testing.T) {
	wire := newNetwork(t)
	startNginx(t, wire.server)
	s := measured(t, func(t *testing.T) scrape {
		e := wire.server.exporter(t)
		t.Log(wire.client.run(t, "wrk", "-t1", "-c4", "-d1s", "http://"+wire.server.address+"/"))
		return e.settled(t)
	})
	t.Log(s.by("outcome", "wire_requests_total"), s.by("reason", "wire_capture_dropped_packets_total"))
}
