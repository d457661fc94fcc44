package config

import (
	"strings"
	"testing"
)

// TestHostile: nothing that a megabyte of YAML says takes long or much room.
func TestHostile(t *testing.T) {
	bomb := "x0: &x0 [10.0.0.0/8, 10.0.0.0/8, 10.0.0.0/8, 10.0.0.0/8, 10.0.0.0/8, 10.0.0.0/8, 10.0.0.0/8, 10.0.0.0/8]\n"
	for i := 1; i < 20; i++ {
		bomb += strings.ReplaceAll(strings.ReplaceAll("xN: &xN [*xM, *xM, *xM, *xM, *xM, *xM, *xM, *xM]\n", "N", string(rune('a'+i))), "M", map[bool]string{true: "0", false: string(rune('a' + i - 1))}[i == 1])
	}
	service := "services:\n- &s {name: a, addresses: &a [" + strings.Repeat("10.1.2.3, ", 9000) + "], networks: *a}\n"
	for name, text := range map[string]string{
		"nested aliases":   bomb,
		"repeated aliases": service + strings.Repeat("- *s\n", 9900),
		"itself":           "services: &a [*a]\n",
		"itself in block":  "protocols: {http1: &a {nested: *a, names: [x], patience: 3s, max_head_bytes: 20, deep: *a}}\n",
		"bomb in block":    bomb + "protocols: {http1: {names: *xt}}\n",
		"deep":             "services: " + strings.Repeat("[", 20000) + strings.Repeat("]", 20000),
		"mistakes":         strings.Repeat("- x\n", 200000),
		"unknown keys":     strings.Repeat("a: 1\n", 200000),
		"long key":         strings.Repeat("a", 500000) + ": 1\n",
		"merge":            "users: &u {bearer: true}\nignore: {<<: *u}\n",
		"no UTF-8":         "services: [\xff\xfe]\n",
		"NUL":              "services: [\x00]\n",
		"binary":           "services: [{name: !!binary gICA, hosts: [a.test]}]\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := testLoader().parse("test.yml", []byte(text))
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if n := len(err.Error()); n > 100_000 {
				t.Errorf("%d bytes of messages", n)
			}
			t.Log(strings.SplitN(err.Error(), "\n", 2)[0])
		})
	}
}

// FuzzParse: whatever the file says, there is a Config or there are mistakes, and what this package lets through no stage
// refuses.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"measure: {servers: [local, 10.0.0.0/8], ports: configured}\nprotocols: {http1: {ports: [80], max_head_bytes: 20}}\n", // every kind of value
		"services:\n- {name: a, addresses: [\"10.1.2.3:80\", \"[2001:db8::1]:80\", one.test], hosts: [\"*.a.test\"], paths: [\"/a/{b}\", \"/c/*\"]}\n",
		"clients: [{name: c, networks: [10.0.0.0/8]}]\nusers: {cookies: [a], logins: [{method: POST, path: /l, status: [200, 3xx]}]}\n",
		"ignore: {networks: [::1], ports: [1], paths: [/x], content_types: [image/*]}\nlimits: {services: 1}\nflow: {idle: 1h}\n",
		"services: &a [*a]\n", // an alias to itself
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := testLoader().parse("f", text)
		if err != nil {
			for _, m := range err.(Mistakes) {
				if m.Line == 0 && m.Text != "that is enough; there may be more mistakes" {
					t.Errorf("a mistake without a line: %s", m)
				}
			}
			return
		}
		if _, err := c.Decoders(nil); err != nil {
			t.Error(err)
		}
	})
}
