package config

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/accesslog"
)

var update = flag.Bool("update", false, "write the wanted results anew")

// ownKeys are the keys of the test's web protocol.
type ownKeys struct {
	MaxHeadBytes int           `yaml:"max_head_bytes"`
	Patience     time.Duration `yaml:"patience"`
	Names        []string      `yaml:"names"`
	Nested       struct {
		Deep bool `yaml:"deep"`
	} `yaml:"nested"`
}

// fakeDecoder keeps what it was made with.
type fakeDecoder struct {
	decoders.Decoder
	env  decoders.Env
	keys ownKeys
}

func newWeb(env decoders.Env, unmarshal func(any) error) (decoders.Decoder, error) {
	d := &fakeDecoder{env: env, keys: ownKeys{MaxHeadBytes: 1000}}
	if err := unmarshal(&d.keys); err != nil {
		return nil, err
	}
	if d.keys.MaxHeadBytes < 10 {
		return nil, fmt.Errorf("max_head_bytes: %d is not 10 or more", d.keys.MaxHeadBytes)
	}
	return d, nil
}

func newPlain(env decoders.Env, unmarshal func(any) error) (decoders.Decoder, error) {
	return &fakeDecoder{env: env}, unmarshal(&struct{}{})
}

func yes(decoders.Dir, []byte) decoders.Verdict { return decoders.Yes }

var testPlugins = []decoders.Plugin{
	{Name: "proxy", Preamble: true, Detect: yes, New: newPlain},
	{Name: "http1", Ports: []decoders.Port{{Number: 80}}, Detect: yes, New: newWeb},
	{Name: "postgres", Ports: []decoders.Port{{Number: 5432}}, Detect: yes, New: newPlain},
	{Name: "dns", Ports: []decoders.Port{{Number: 53, Transport: decoders.UDP}}, Detect: yes, New: newPlain},
}

const httpPlugin, postgresPlugin, dnsPlugin = 1, 2, 3

var testHosts = map[string][]netip.Addr{
	"one.test": {netip.MustParseAddr("192.0.2.1")},
	"two.test": {netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("::ffff:192.0.2.2"), netip.MustParseAddr("192.0.2.2")},
}

// testLoader depends on nothing but the test.
func testLoader() loader {
	return loader{
		plugins: testPlugins,
		resolve: func(_ context.Context, _, host string) ([]netip.Addr, error) {
			if a, ok := testHosts[host]; ok {
				return a, nil
			}
			return nil, errors.New("no such host")
		},
		local: func() ([]netip.Prefix, error) { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil },
		key:   func() [16]byte { return [16]byte{1} },
		read: func(path string) ([]byte, error) {
			return os.ReadFile(filepath.Join("testdata", filepath.Base(path)))
		},
		glob: func(pattern string) (names []string) {
			for _, name := range matchingFiles(filepath.Join("testdata", filepath.Base(pattern))) {
				names = append(names, filepath.Base(name))
			}
			return names
		},
		secret: func(path string) ([]byte, os.FileMode, error) {
			switch filepath.Base(path) {
			case "session.key":
				return []byte("0123456789abcdef0123456789abcdef"), 0o640, nil
			case "open.key":
				return []byte("0123456789abcdef"), 0o644, nil
			case "short.key":
				return []byte("0123456789abcde"), 0o600, nil
			case "zero.key":
				return make([]byte, 32), 0o600, nil
			}
			return nil, 0, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	}
}

func parseTest(t *testing.T, text string) *Config {
	t.Helper()
	c, err := testLoader().parse("test.yml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// golden compares got with the content of a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (write it anew with -update):\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// each runs a test for every file of a kind: x.kind.yml.
func each(t *testing.T, kind string, test func(t *testing.T, path, base string)) {
	paths, err := filepath.Glob("testdata/*." + kind + ".yml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no files", err)
	}
	for _, path := range paths {
		base := strings.TrimSuffix(path, ".yml")
		t.Run(strings.TrimSuffix(filepath.Base(path), "."+kind+".yml"), func(t *testing.T) { test(t, path, base) })
	}
}

func loadTest(t *testing.T, path string) (*Config, error) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return testLoader().parse(filepath.Base(path), text)
}

// TestBad holds every mistake to its exact text.
func TestBad(t *testing.T) {
	each(t, "bad", func(t *testing.T, path, base string) {
		_, err := loadTest(t, path)
		if err == nil {
			t.Fatal("no mistake was found")
		}
		var mistakes Mistakes
		if !errors.As(err, &mistakes) {
			t.Fatalf("%T is no Mistakes", err)
		}
		golden(t, base+".txt", err.Error()+"\n")
	})
}

// TestWarnings holds every warning to its exact text.
func TestWarnings(t *testing.T) {
	each(t, "warn", func(t *testing.T, path, base string) {
		c, err := loadTest(t, path)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, base+".txt", strings.Join(c.Warnings, "\n")+"\n")
	})
}

// TestGood shows what becomes of files without a mistake.
func TestGood(t *testing.T) {
	each(t, "good", func(t *testing.T, path, base string) {
		c, err := loadTest(t, path)
		if err != nil {
			t.Fatal(err)
		}
		flow := c.Flow
		flow.Plugins, flow.Protocol = nil, nil
		result := map[string]any{
			"label": c.Label, "flow": map[string]any{
				"hold": flow.Hold, "grace": flow.Grace, "patience": flow.Patience, "syn": flow.SynTimeout, "idle": flow.Idle, "linger": flow.Linger,
			},
			"cookies": c.Sessions.Cookies, "headers": c.Sessions.Headers, "bearer": c.Sessions.Bearer, "proxies": c.Sessions.TrustedProxies,
			"key": fmt.Sprintf("%x", c.Sessions.Key), "capture": c.CapturePorts(), "warnings": c.Warnings,
		}
		if c.Calendar != nil {
			result["calendar"] = c.Calendar
		}
		if c.AccessLogs != nil {
			result["access_logs"] = shown(c.AccessLogs)
		}
		text, err := json.MarshalIndent(result, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, base+".json", string(text)+"\n")
	})
}

// TestNothing: no file, an empty one and one of comments mean the same.
func TestNothing(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "{}\n", "services:\nusers: {}\n", "null\n"} {
		c := parseTest(t, text)
		if !c.Label.Measure.All || len(c.Label.Services) != 0 || !c.Sessions.Bearer || len(c.Sessions.Cookies) < 10 || c.CapturePorts() != nil {
			t.Errorf("%q: %+v", text, c)
		}
		if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "key_file") {
			t.Errorf("%q: warnings %q", text, c.Warnings)
		}
	}
	c, err := Load("", testPlugins)
	if err != nil || !c.Label.Measure.All {
		t.Fatal(c, err)
	}
	again, err := Load("", testPlugins)
	if err != nil || again.Sessions.Key != c.Sessions.Key || c.Sessions.Key == [16]byte{} {
		t.Errorf("a reload changed the key: %x, %x, %v", c.Sessions.Key, again.Sessions.Key, err)
	}
}

func TestLoadFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("my.key", "a key that nobody guesses", 0o600)
	c, err := Load(write("good.yml", "users: {key_file: my.key}\n", 0o600), testPlugins)
	if err != nil || len(c.Warnings) != 0 {
		t.Fatal(c, err)
	}
	if c.Sessions.Key != hashKey([]byte("a key that nobody guesses")) {
		t.Error("the key is not the file's")
	}
	if _, err := Load(filepath.Join(dir, "missing.yml"), testPlugins); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Load(dir, testPlugins); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
	if _, err := Load(write("big.yml", strings.Repeat("#", maxFile+1), 0o600), testPlugins); err == nil || !strings.Contains(err.Error(), "at most 1048576 bytes") {
		t.Error(err)
	}
}

// shown are inputs as a test can read them: a format shows itself in what the accesslog package makes of lines.
func shown(inputs []accesslog.Config) (all []string) {
	for _, in := range inputs {
		all = append(all, fmt.Sprintf("%s service=%s server=%s zone=%s from_start=%t format=%t", in.Path, in.Service, in.Server.AddrPort(), in.Zone, in.FromStart, !in.Format.Zero()))
	}
	return all
}

// TestFilesChanged: a file that comes, goes or says something else is noticed.
func TestFilesChanged(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "wire_exporter.yml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wire_exporter.yml", "service_files: [pods/*.yml]\n")
	if err := os.Mkdir(filepath.Join(dir, "pods"), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		what, text string
		services   int
	}{
		{"a new file", "- {name: a, ports: [80]}\n", 1},
		{"another text", "- {name: a, ports: [80]}\n- {name: b, ports: [81]}\n", 2},
	} {
		if c.FilesChanged() {
			t.Errorf("before %s: changed", step.what)
		}
		write("pods/a.yml", step.text)
		if !c.FilesChanged() {
			t.Errorf("%s is not noticed", step.what)
		}
		if c, err = Load(file, nil); err != nil {
			t.Fatal(err)
		}
		if len(c.Label.Services) != step.services {
			t.Errorf("%s: %d services", step.what, len(c.Label.Services))
		}
	}
	if err := os.Remove(filepath.Join(dir, "pods/a.yml")); err != nil {
		t.Fatal(err)
	}
	if !c.FilesChanged() {
		t.Error("a file that is gone is not noticed")
	}
}
