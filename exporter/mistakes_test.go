package main

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// failsClearly runs the exporter, which must end with exit code 1 and one line that has the part.
func failsClearly(t *testing.T, cmd *exec.Cmd, part string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run()
	text := stderr.String()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 || stdout.Len() > 0 || strings.Count(text, "\n") != 1 ||
		!strings.HasPrefix(text, "wire_exporter: ") || !strings.Contains(text, part) {
		t.Errorf("%v: %v, want exit status 1 and one line with %q; printed %q and %q", cmd.Args[1:], cmd.ProcessState, part, stdout.String(), text)
	}
}

// TestMistakes: whatever is wrong when the program is started, it says so in one line.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	noCapture := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(noCapture, []byte("no capture"), 0o644); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	served, anyPort := "--capture.file="+shopCapture, "--web.listen-address=127.0.0.1:0"
	for _, c := range []struct {
		part string
		args []string
	}{
		{"--capture.interface=NAME", nil},
		{`"nosuch0" does not exist`, []string{"--capture.interface=nosuch0"}},
		{"given twice", []string{"-i", "lo", "-i", "lo"}},
		{"cannot be promiscuous", []string{"-i", "any", "--capture.promiscuous"}},
		{"cannot be captured at the same time", []string{"-i", "lo", served}},
		{"is for files", []string{"-i", "lo", "--capture.speed=loop"}},
		{"1 to 256", []string{"-i", "lo", "--capture.workers=-1"}},
		{"snap length", []string{"-i", "lo", "--capture.snaplen=-1"}},
		{"address already in use; choose another with --web.listen-address", []string{served, "--web.listen-address=" + taken.Addr().String()}},
		{"choose another with --web.listen-address", []string{served, "--web.listen-address=nonsense"}},
		{"configuration of the web server", []string{served, anyPort, "--web.config.file=" + filepath.Join(dir, "missing.yml")}},
		{"configuration of the web server", []string{served, anyPort, "--web.config.file=" + noCapture}},
		{"reading the configuration: ", []string{served, "--config.file=" + filepath.Join(dir, "missing.yml")}},
		{"not a regular file", []string{served, "--config.file=" + dir}},
		{`expected "host", "net", `, []string{served, "--capture.filter=hosst 192.0.2.1"}},
		{"at most 65535", []string{served, "--capture.filter=port 99999"}},
		{"a program of 3 instructions", []string{served, "--capture.filter=3\n40 0 0 12"}},
		{"does not exist", []string{"--capture.file=" + filepath.Join(dir, "missing.pcap")}},
		{"is a folder", []string{"--capture.file=" + dir}},
		{"not a capture file", []string{"--capture.file=" + noCapture}},
		{"cannot be read in a loop", []string{"--capture.file=-", "--capture.speed=loop"}},
		{"write it like 512MiB", []string{served, "--memory.limit=much"}},
		{"write it like 512MiB", []string{served, "--memory.limit=0"}},
		{"loud", []string{served, "--log.level=loud"}},
		{"--nonsense", []string{"--nonsense"}},
		{"nonsense", []string{"nonsense"}},
		{"'file' not provided", []string{"replay"}},
		{"does not exist", []string{"replay", filepath.Join(dir, "missing.pcap")}},
		{"not a capture file", []string{"replay", noCapture}},
		{"go with --transactions", []string{"replay", "--raw", shopCapture}},
		{"goes with --metrics", []string{"replay", "--every=15s", shopCapture}},
		{"more than 0", []string{"replay", "--metrics", "--every=-15s", shopCapture}},
		{"give one of them", []string{"replay", "--metrics", "--transactions", shopCapture}},
		{"0 or more", []string{"replay", "--top=-1", shopCapture}},
		{"'file' not provided", []string{"check-config"}},
		{"reading the configuration: ", []string{"check-config", filepath.Join(dir, "missing.yml")}},
	} {
		failsClearly(t, programCommand(nil, c.args...), c.part)
	}
}

// TestMissingCapability: who may not capture is told what to do.
func TestMissingCapability(t *testing.T) {
	cmd := programCommand(nil, "-i", "lo")
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.Path = "/proc/self/exe" // where the program lies, nobody may not look
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	} else if fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0); err == nil {
		syscall.Close(fd)
		t.Skip("this user may capture")
	}
	failsClearly(t, cmd, "setcap cap_net_raw+ep ")
}

// TestBadConfigurations: each file that the configuration's own tests call bad ends the program, one line a mistake.
func TestBadConfigurations(t *testing.T) {
	files, err := filepath.Glob("internal/config/testdata/*.bad.yml")
	if err != nil || len(files) < 50 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		for _, args := range [][]string{{"check-config", file}, {"--capture.file=" + shopCapture, "--config.file=" + file}} {
			stdout, stderr, exit := runProgram(t, nil, args...)
			if exit != 1 || stdout != "" || stderr == "" {
				t.Errorf("%v: exit %d, %q, %q", args, exit, stdout, stderr)
			}
			for line := range strings.Lines(strings.TrimPrefix(stderr, "wire_exporter: ")) {
				if !strings.HasPrefix(line, filepath.Dir(file)+"/") {
					t.Errorf("%v: the line names no place: %q", args, line)
				}
			}
		}
	}
}

// TestHostileCaptures: cut, corrupt and made-up captures end in numbers or in one line, and take no memory.
func TestHostileCaptures(t *testing.T) {
	pcap := unzip(t, shopCapture)
	pcap = pcap[:cutOf(pcap, len(pcap)/4)]
	ng := pcapngOf(t, pcap, 2)
	packed, err := os.ReadFile(shopCapture)
	if err != nil {
		t.Fatal(err)
	}
	captures := [][]byte{nil, {0xd4}, pcap[:24], ng[:28], hugeRecord(pcap), hugeBlock(ng)}
	random := rand.New(rand.NewPCG(1, 2))
	for _, whole := range [][]byte{pcap, ng, packed} {
		for range 8 {
			captures = append(captures, whole[:random.IntN(len(whole))], flipped(random, whole, 1), flipped(random, whole, 200))
		}
	}
	for i, capture := range captures {
		cmd := programCommand(nil, "replay", "--metrics", "-")
		var stdout, stderr bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(capture), &stdout, &stderr
		_ = cmd.Run()
		usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		lines := strings.Count(stderr.String(), "\n")
		switch exit := cmd.ProcessState.ExitCode(); {
		case exit == 0 && lines == 0 && stdout.Len() > 0, exit == 1 && lines == 1 && strings.HasPrefix(stderr.String(), "wire_exporter: "):
		default:
			t.Errorf("capture %d: %v, %.500q", i, cmd.ProcessState, stderr.String())
		}
		var own syscall.Rusage // a child's peak begins with that of the process that started it
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
			t.Fatal(err)
		}
		if usage.Maxrss > max(200<<10, own.Maxrss) {
			t.Errorf("capture %d took %d MB", i, usage.Maxrss>>10)
		}
	}
}

// flipped is b with n random bytes.
func flipped(random *rand.Rand, b []byte, n int) []byte {
	b = bytes.Clone(b)
	for range n {
		b[random.IntN(len(b))] = byte(random.Uint32())
	}
	return b
}

// hugeRecord is a pcap whose second record says that it has 4 GB.
func hugeRecord(pcap []byte) []byte {
	b := bytes.Clone(pcap)
	second := cutOf(b, 25)
	binary.LittleEndian.PutUint32(b[second+8:], 1<<32-1)
	return b
}

// hugeBlock is a pcapng whose second block says so.
func hugeBlock(ng []byte) []byte {
	b := bytes.Clone(ng)
	binary.LittleEndian.PutUint32(b[28+4:], 1<<32-4)
	return b
}
