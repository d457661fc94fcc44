package thanos

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// addresses are the flags by which a component binds, all of which have to be given: left out, each takes 0.0.0.0.
var addresses = map[string][]string{
	"sidecar":        {"--grpc-address", "--http-address"},
	"store":          {"--grpc-address", "--http-address"},
	"compact":        {"--http-address"},
	"query":          {"--grpc-address", "--http-address"},
	"query-frontend": {"--http-address"},
	"rule":           {"--grpc-address", "--http-address"},
	"receive":        {"--grpc-address", "--http-address", "--remote-write.address", "--receive.capnproto-address"},
}

// component is the one that a file like query-tenants.flags is for.
func component(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	return strings.TrimSuffix(strings.TrimPrefix(name, "thanos-"), "-tenants")
}

// readFlags reads a file as Thanos does when it is given with @, and holds it to what a reader needs: a reason above every
// flag, or above the few that it is for.
func readFlags(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var flags []string
	const most = 4
	unexplained := most // a file begins with a comment
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
			unexplained = 0
		case line == "":
		default:
			if unexplained++; unexplained > most {
				t.Errorf("%s: no reason is given for %s", file, line)
			}
			flags = append(flags, line)
		}
	}
	return flags
}

// known are the flags of each component as `thanos COMPONENT --help` lists them; TestThanosFlags keeps the list true.
func known(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open("testdata/flags.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][]string{"receive": {"--receive.limits-config-file"}} // --help keeps that one to itself
	for s := bufio.NewScanner(f); s.Scan(); {
		component, flag, _ := strings.Cut(s.Text(), " ")
		all[component] = append(all[component], flag)
	}
	return all
}

func checkFlags(t *testing.T, where, component string, flags []string) {
	t.Helper()
	var names []string
	for _, f := range flags {
		name, _, _ := strings.Cut(f, "=")
		if slices.Contains(names, name) && !slices.Contains([]string{"--query.replica-label", "--endpoint", "--label"}, name) {
			t.Errorf("%s: %s is given twice", where, name)
		}
		names = append(names, name)
		if !slices.Contains(known(t)[component], name) {
			t.Errorf("%s: thanos %s has no flag %s", where, component, name)
		}
	}
}

func glob(t *testing.T, pattern string, least int) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < least {
		t.Fatalf("%s: %d files, want at least %d (%v)", pattern, len(files), least, err)
	}
	return files
}

// TestFlagFiles: every flag that is given exists.
func TestFlagFiles(t *testing.T) {
	for _, file := range glob(t, "flags/*.flags", len(addresses)) {
		checkFlags(t, file, component(file), readFlags(t, file))
	}
}

var execStart = regexp.MustCompile(`(?m)^ExecStart=/usr/bin/thanos (\S+) @/etc/thanos/(\S+) \\\n((?:    .*\n)+)`)

// TestUnits: each unit runs its component with its file of flags, and binds every address to one that thanos.env sets.
func TestUnits(t *testing.T) {
	env, err := os.ReadFile("systemd/thanos.env")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range glob(t, "systemd/*.service", len(addresses)) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := execStart.FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s: no ExecStart as expected", file)
		}
		if string(m[1]) != component(file) {
			t.Errorf("%s runs %s", file, m[1])
		}
		flags := readFlags(t, filepath.Join("flags", string(m[2])))
		for _, f := range strings.Fields(string(bytes.ReplaceAll(m[3], []byte(`\`), nil))) {
			flags = append(flags, strings.Trim(f, "'"))
		}
		checkFlags(t, file, string(m[1]), flags)
		checkBound(t, file, string(m[1]), flags)
		for _, name := range regexp.MustCompile(`\$\{(\w+)\}`).FindAllSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)^` + string(name[1]) + `=\S+$`).Match(env) {
				t.Errorf("%s: thanos.env does not set %s", file, name[1])
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\w+_(?:GRPC|HTTP|WRITE|CAPNPROTO)=(.*)$`).FindAllSubmatch(env, -1) {
		if !bytes.HasPrefix(m[1], []byte("127.0.0.1:")) {
			t.Errorf("thanos.env binds %s: as shipped, nothing is to be reached from elsewhere", m[1])
		}
	}
}

func checkBound(t *testing.T, where, component string, flags []string) {
	t.Helper()
	for _, name := range addresses[component] {
		if !slices.ContainsFunc(flags, func(f string) bool { return strings.HasPrefix(f, name+"=") }) {
			t.Errorf("%s does not say where %s is", where, name)
		}
	}
}

// TestCompose: the containers' Thanos has flags that exist, and says where it binds.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile("../packaging/container/compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Image   string
			Command []string
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for name, s := range file.Services {
		if !strings.Contains(s.Image, "thanos") {
			continue
		}
		seen++
		checkFlags(t, "compose.yml: "+name, s.Command[0], s.Command[1:])
		checkBound(t, "compose.yml: "+name, s.Command[0], s.Command[1:])
	}
	if seen < 4 {
		t.Errorf("%d containers of Thanos, want sidecar, store, compact and query", seen)
	}
}

// value is what a file of flags gives for a flag.
func value(t *testing.T, file, name string) string {
	t.Helper()
	for _, f := range readFlags(t, file) {
		if v, ok := strings.CutPrefix(f, name+"="); ok {
			return v
		}
	}
	t.Fatalf("%s: no %s", file, name)
	return ""
}

// TestRetention: what hangs together. Less than ten days of raw data and there never is a 1 h resolution; stores must have let
// go of a deleted block before its files go.
func TestRetention(t *testing.T) {
	const compact = "flags/compact.flags"
	raw, five, hour := days(t, value(t, compact, "--retention.resolution-raw")), days(t, value(t, compact, "--retention.resolution-5m")), days(t, value(t, compact, "--retention.resolution-1h"))
	if raw < 30 || five < raw || hour < five {
		t.Errorf("retention %d, %d, %d days", raw, five, hour)
	}
	if a, b := value(t, "flags/store.flags", "--ignore-deletion-marks-delay"), value(t, compact, "--delete-delay"); a != "24h" || b != "48h" {
		t.Errorf("a store serves deleted blocks for %s, which are gone after %s", a, b)
	}
}

func days(t *testing.T, s string) int {
	t.Helper()
	n := 0
	for _, c := range strings.TrimSuffix(s, "d") {
		if c < '0' || c > '9' {
			t.Fatalf("%s: not in days", s)
		}
		n = 10*n + int(c-'0')
	}
	return n
}
