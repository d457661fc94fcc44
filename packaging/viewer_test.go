package packaging

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestViewer: the package of the rules has the page with the dashboards, whole, as a Prometheus serves it under /user/.
func TestViewer(t *testing.T) {
	needPackages(t)
	if viewer(first) == "none" {
		t.Skip("npm is not here: the packages have no page")
	}
	root := t.TempDir()
	output(t, exec.Command("dpkg-deb", "-x", packaged(t, first)["wire-exporter-rules.deb"], root))
	at := serve(t, filepath.Join(root, "usr/share/wire_exporter/viewer"))

	page := get(t, at)
	parts := regexp.MustCompile(`(?:src|href)="\./([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(parts) < 2 {
		t.Fatalf("the page has no script and no style: %s", page)
	}
	for _, part := range parts {
		get(t, at+part[1])
	}
	boards, err := filepath.Glob("../dashboards/perses/*.json")
	if err != nil || len(boards) == 0 {
		t.Fatal("no dashboards: ", err)
	}
	for _, name := range boards {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if get(t, at+"dashboards/"+filepath.Base(name)) != string(text) {
			t.Errorf("the page's %s is another", filepath.Base(name))
		}
	}
	checkLicenses(t, get(t, at+"licenses.txt"))
	if !strings.Contains(get(t, at+"sbom.cdx.json"), `"purl": "pkg:npm/react@`) {
		t.Error("the page's bill of materials does not name what it is made with")
	}
}

// checkLicenses: what the package says of its licences is what the page has come along with.
func checkLicenses(t *testing.T, text string) {
	t.Helper()
	recipe, err := os.ReadFile("nfpm/wire-exporter-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Split(regexp.MustCompile(`(?m)^license: (.*)$`).FindStringSubmatch(string(recipe))[1], " AND ")
	var has []string
	for _, m := range regexp.MustCompile(`(?m)^\S+ \d\S* \(([^)]+)\)$`).FindAllStringSubmatch(text, -1) {
		has = append(has, m[1])
	}
	slices.Sort(said)
	slices.Sort(has)
	if len(has) < 100 || !slices.Equal(said, slices.Compact(has)) {
		t.Errorf("the package is said to be under %s, and is under %s", said, slices.Compact(has))
	}
}

// serve serves a folder under /user/ with the Prometheus that the demo has built; where it has built none, as files. It returns the address.
func serve(t *testing.T, folder string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	programs, err := filepath.Glob(filepath.Join(cache, "wire_exporter/bin/prometheus-*/prometheus"))
	if err != nil || len(programs) == 0 {
		t.Log("no Prometheus has been built here: the page is served as files")
		s := httptest.NewServer(http.StripPrefix("/user", http.FileServer(http.Dir(folder))))
		t.Cleanup(s.Close)
		return s.URL + "/user/"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	config := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(config, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(programs[0], "--config.file="+config, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+address, "--web.user-assets="+folder)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Signal(os.Interrupt)
		c.Wait()
	})
	for try := 0; try < 200; try++ {
		if r, err := http.Get("http://" + address + "/-/ready"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return "http://" + address + "/user/"
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("Prometheus is not ready after ten seconds")
	return ""
}

func get(t *testing.T, address string) string {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK || len(body) == 0 {
		t.Fatalf("%s: %s, %d bytes, %v", address, r.Status, len(body), err)
	}
	return string(body)
}
