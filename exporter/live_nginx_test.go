package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// nginx is Debian's web server on a host: its access log and its stub_status are the witnesses.
type nginx struct {
	host host
	dir  string
}

// nginxConfig has a way to every kind of end: /hangs waits for a server that never answers, /closes answers with nothing.
const nginxConfig = `
daemon off;
user root;
worker_processes 2;
pid %[1]s/pid;
error_log %[1]s/error.log;
events {}
http {
	log_format witness '$request_method $status "$request_completion" $bytes_sent $request_length $request_uri';
	access_log %[1]s/access.log witness;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	keepalive_requests 1000000;
	default_type text/plain;
	server {
		listen 80;
		root %[1]s/files;
		location = /status { access_log off; stub_status; }
		location = /created { return 201 "made\n"; }
		location = /empty { return 204; }
		location = /moved { return 302 /small; }
		location = /broken { return 500; }
		location = /busy { return 503 "come again\n"; }
		location = /closes { return 444; }
		location = /slow { limit_rate 16k; try_files /big =404; }
		location = /packed { gzip on; gzip_types *; gzip_min_length 1; try_files /big =404; }
		location = /upload { client_max_body_size 1m; proxy_pass http://127.0.0.1:80/created; }
		location = /dead { proxy_pass http://127.0.0.1:9; }
		location = /hangs { proxy_pass http://127.0.0.1:81; }
	}
}
`

func startNginx(t *testing.T, h host) nginx {
	t.Helper()
	n := nginx{h, t.TempDir()}
	files := filepath.Join(n.dir, "files")
	if err := os.Mkdir(files, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nginx.conf": fmt.Appendf(nil, nginxConfig, n.dir), "files/small": []byte("hello\n"), "files/big": make([]byte, 100_000),
	} {
		if err := os.WriteFile(filepath.Join(n.dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h.listen(t, "127.0.0.1:81")
	p := h.start(t, "nginx", "-c", filepath.Join(n.dir, "nginx.conf"))
	p.await(t, "nginx", func() bool { return h.succeeds("curl", "-sf", "http://127.0.0.1/status") })
	return n
}

// requests is how many requests stub_status says that nginx has taken since its start, without those for the status and without those
// that it has sent to itself.
func (n nginx) requests(t *testing.T) int {
	t.Helper()
	fields := strings.Fields(n.host.run(t, "curl", "-sf", "http://127.0.0.1/status"))
	// Active connections: 1 server accepts handled requests A H R
	requests, err := strconv.Atoi(fields[9])
	if err != nil {
		t.Fatal(err, fields)
	}
	return requests
}

// log reads the access log from line from on.
func (n nginx) log(t *testing.T, from int) []answered {
	t.Helper()
	return readLog(t, filepath.Join(n.dir, "access.log"), from)
}

// seen is the log without what nginx has sent to itself, which was on no cable.
func (n nginx) seen(t *testing.T, from int) []answered {
	t.Helper()
	return onCable(n.log(t, from))
}
