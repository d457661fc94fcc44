package capture

import (
	"strings"
	"testing"
	"time"
)

// filterFile is a capture file with one TCP frame to port 80, tagged and not, and one that is no IP.
func filterFile(t *testing.T) string {
	t.Helper()
	ip := "\x45\x00\x00\x2c\x00\x00\x40\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x01\x01\x75\x30\x00\x50" + strings.Repeat("\x00", 20)
	mac := strings.Repeat("\x00", 12)
	var frames []testFrame
	for i, data := range []string{mac + "\x08\x00" + ip, mac + "\x81\x00\x00\x07\x08\x00" + ip, mac + "\x08\x06" + strings.Repeat("\x00", 46)} {
		frames = append(frames, testFrame{time.Unix(int64(i), 0), []byte(data), len(data)})
	}
	return write(t, "x.pcap", pcapFile(t, frames))
}

func TestFilterOnFiles(t *testing.T) {
	path := filterFile(t)
	for _, test := range []struct {
		cfg  Config
		want string // seconds of the frames that pass
	}{
		{Config{}, "012"},
		{Config{FilterPorts: []uint16{81}}, "012"}, // for the kernel only
		{Config{Filter: "tcp port 80"}, "01"},
		{Config{Filter: "vlan 7"}, "1"},
		{Config{Filter: "not tcp"}, "2"},
		{Config{Filter: "4 40 0 0 12 21 0 1 2048 6 0 0 262144 6 0 0 0"}, "0"}, // tcpdump -ddd ip
	} {
		test.cfg.Files = []string{path}
		c, err := Open(test.cfg)
		if err != nil {
			t.Fatal(err)
		}
		var got collector
		if err := c.Sources()[0].Run(t.Context(), &got); err != nil {
			t.Fatal(err)
		}
		passed := ""
		for _, f := range got.frames {
			passed += string(rune('0' + f.Time/1e9))
		}
		if passed != test.want || c.Stats()[0].Packets != uint64(len(test.want)) {
			t.Errorf("filter %q: frames %s, want %s", test.cfg.Filter, passed, test.want)
		}
	}
}

func TestFilterErrorsOnFiles(t *testing.T) {
	path := filterFile(t)
	for text, want := range map[string]string{
		"port http":           "at character 6",
		"1 6 0 0":             "4 numbers after the first",
		"1 40 0 0 4294963200": "cannot be used on files", // an extension of the kernel's, and no return
		"2 255 0 0 0 6 0 0 0": "unknown instruction",
	} {
		_, err := Open(Config{Files: []string{path}, Filter: text})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// A frame whose link type the filter cannot look at does not pass it.
func TestFilterOnUnknownLink(t *testing.T) {
	f, err := newFilters(Config{Filter: "port 80"})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.files(); err != nil {
		t.Fatal(err)
	}
	if f.match(&Frame{Link: 999, Data: make([]byte, 100)}) {
		t.Error("it passes")
	}
}
