package filter

import (
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

func TestParseErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", `at character 1: expected "host", "net", "port", "portrange", "proto", "vlan", a protocol, "src", "dst", "not" or "(", but it ends`},
		{"port", "at character 5: expected a port number, but it ends"},
		{"port http", `at character 6: expected a port number, got "http"`},
		{"port 65536", "at character 6: a port number is at most 65535, got 65536"},
		{"tcp port 80 or", "at character 15: expected"},
		{"tcp port 80 443", `at character 13: expected "and" or "or", got "443"`},
		{"(port 80", `at character 9: expected ")", "and" or "or", but it ends`},
		{"port 80)", `at character 8: expected "and" or "or", got ")"`},
		{"host example.com", `at character 6: expected an IP address, got "example.com"`},
		{"net 10.0.0.0/33", "at character 5: expected a network like"},
		{"net 10.0.0.1/8", "at character 5: 10.0.0.1/8 has bits set behind the first 8; the network is 10.0.0.0/8"},
		{"ip host 2001:db8::1", "at character 9: 2001:db8::1 is no ip address"},
		{"ip6 net 10.0.0.0/8", "at character 9: 10.0.0.0/8 is no ip6 address"},
		{"tcp host 10.0.0.1", `at character 5: "host" does not go with the words before it`},
		{"ip port 80", `at character 4: "port" does not go with the words before it`},
		{"src vlan 7", `at character 5: "vlan" does not go with`},
		{"tcp src 10.0.0.1", `at character 9: expected "port" or "portrange", got "10.0.0.1"`},
		{"tcp 80", `at character 5: expected "host", "net", "port", "portrange" or "proto" after "tcp", got "80"`},
		{"src or src port 80", `at character 8: expected the other of "src" and "dst", got "src"`},
		{"src tcp", `at character 5: expected "host", "net", "port", "portrange" or an address, got "tcp"`},
		{"portrange 80", `at character 11: expected two port numbers like 8000-8099, got "80"`},
		{"vlan 4096", "at character 6: a VLAN id is at most 4095"},
		{"proto xyz", `at character 7: expected a protocol's name or number, got "xyz"`},
		{"proto 256", "at character 7: a protocol's name or number is at most 255"},
		{"port 80 or gateway x", `at character 12: expected "host"`},
		{"tcp[13] = 2", `at character 4: "[" has no meaning here`},
		{"port 80 ör 81", `at character 9: "ö" has no meaning here`},
		{"80", `at character 1: expected an IP address, got "80"`},
		{strings.Repeat("(", 200), "more than 100 parentheses"},
		{strings.Repeat("not ", 200) + "tcp", "more than 100 parentheses and negations"},
		{strings.Repeat("tcp or ", 20000), "at most 65536"},
	}
	for _, test := range tests {
		_, err := Parse(test.text)
		if err == nil || !strings.HasPrefix(err.Error(), "filter: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q: error %v, want %q", test.text, err, test.want)
		}
	}
}

func TestProgramText(t *testing.T) {
	const lines = "4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n"
	want := []bpf.RawInstruction{{Op: 40, K: 12}, {Op: 21, Jf: 1, K: 2048}, {Op: 6, K: 262144}, {Op: 6}}
	for _, text := range []string{lines, strings.ReplaceAll(strings.TrimSpace(lines), "\n", ","), strings.ReplaceAll(lines, "\n", " ,\r\n")} {
		if !IsProgram(text) {
			t.Errorf("%q is not seen as a program", text)
		}
		got, err := ParseProgram(text)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%q: %v, %v", text, got, err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q: instruction %d is %v", text, i, got[i])
			}
		}
	}
	got, _ := ParseProgram(lines)
	LimitAccept(got, 96)
	if got[2].K != 96 || got[3].K != 0 || got[1].K != 2048 {
		t.Errorf("limited to 96 bytes: %v", got)
	}
	for _, text := range []string{"port 80", "", "80", "tcp", "10.0.0.1"} {
		if IsProgram(text) {
			t.Errorf("%q is taken for a program", text)
		}
	}
}

func TestProgramTextErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "is empty"},
		{"0 1", "1 to 4096, not with \"0\""},
		{"4097 6 0 0 0", "1 to 4096"},
		{"2 6 0 0 0", "2 instructions has 8 numbers after the first, this has 4"},
		{"1 6 0 256 0", "instruction 1: \"256\" is no number of 8 bits"},
		{"1 6 0 0 4294967296", "no number of 32 bits"},
	}
	for _, test := range tests {
		if _, err := ParseProgram(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, want %q", test.text, err, test.want)
		}
	}
}

// FuzzParse: whatever parses becomes a program that the VM takes and that ends for any frame; whatever does not has an error with
// a place. The seeds are every expression of the tests and some mistakes.
func FuzzParse(f *testing.F) {
	for _, e := range expressions {
		f.Add(e.text, []byte("frame"))
	}
	f.Add("src or dst", []byte{})
	f.Add("((not vlan", []byte{})
	f.Add("1,6 0 0 0", []byte{})
	frames := testFrames()
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		if IsProgram(text) {
			_, _ = ParseProgram(text)
		}
		filter, err := Parse(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "filter: at character ") {
				t.Fatal(err)
			}
			return
		}
		for _, link := range []Link{Ethernet, LinuxSLL2, Raw} {
			program, err := filter.Compile(link, 1)
			if err != nil {
				return // too long
			}
			run(t, program, data)
			run(t, program, frames[len(data)%len(frames)].bytes(Ethernet))
		}
	})
}
