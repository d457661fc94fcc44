package packaging

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"go.yaml.in/yaml/v3"
)

const container = "container"

// compose is what compose.yml may say; whatever else stands there is a mistake.
type compose struct {
	Name     string
	Services map[string]service
	Volumes  map[string]*struct{}
}

type service struct {
	Image       string
	Build       *struct{ Context, Dockerfile string }
	Command     []string
	Environment map[string]string
	Ports       []string
	Volumes     []string
	User        string
	Restart     string
	NetworkMode string   `yaml:"network_mode"`
	CapDrop     []string `yaml:"cap_drop"`
	CapAdd      []string `yaml:"cap_add"`
	ReadOnly    bool     `yaml:"read_only"`
	MemLimit    string   `yaml:"mem_limit"`
	ExtraHosts  []string `yaml:"extra_hosts"`
}

// strictly decodes a file into a value that has a field for all that stands there.
func strictly(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// inside is the file of the repository that a path of a service is; "" where it is none.
func (s service) inside(path string) string {
	for _, v := range s.Volumes {
		from, to, _ := strings.Cut(strings.TrimSuffix(v, ":ro"), ":")
		if rest, below := strings.CutPrefix(path, to); below && strings.HasPrefix(from, ".") && (rest == "" || rest[0] == '/') {
			return filepath.Join(container, from, rest)
		}
	}
	return ""
}

// TestCompose: what compose.yml mounts is there, read-only; volumes are declared and used; images have the versions that the tests run.
func TestCompose(t *testing.T) {
	var c compose
	strictly(t, container+"/compose.yml", &c)
	used := map[string]bool{}
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if !strings.HasPrefix(from, ".") {
				used[from] = true
				if _, declared := c.Volumes[from]; !declared {
					t.Errorf("%s: no volume is called %s", name, from)
				}
				continue
			}
			if _, err := os.Stat(filepath.Join(container, from)); err != nil || !strings.HasSuffix(v, ":ro") {
				t.Errorf("%s: %s is not there, or may be written: %v", name, v, err)
			}
		}
		if s.Build != nil {
			if _, err := os.Stat(filepath.Join(container, s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if !regexp.MustCompile(`^[\w/]+:v?\d+\.\d+\.\d+$`).MatchString(s.Image) {
			t.Errorf("%s: %s is no image of one version", name, s.Image)
		}
	}
	for name := range c.Volumes {
		if !used[name] {
			t.Errorf("nobody uses the volume %s", name)
		}
	}
	if types := grafanaTypes(t); c.Services["grafana"].Image != "grafana/grafana:"+types {
		t.Errorf("%s, but the dashboards are held to the types of %s", c.Services["grafana"].Image, types)
	}
	for name, want := range map[string]string{"prometheus": pinned(t, "prometheus", "prometheus/prometheus"), "alertmanager": pinned(t, "thanos", "prometheus/alertmanager"), "query": pinned(t, "thanos", "thanos-io/thanos")} {
		if _, tag, _ := strings.Cut(c.Services[name].Image, ":"); tag != want {
			t.Errorf("%s: the image is %s, the tests run %s", name, tag, want)
		}
	}
}

// grafanaTypes is the newest version of Grafana whose types `make check-dashboards` holds the dashboards to.
func grafanaTypes(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../dashboards/viewer/package.json")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`"npm:@grafana/schema@([\d.]+)"`).FindAllSubmatch(text, -1)
	return string(all[len(all)-1][1])
}

// pinned is the version of a program that the stack's module says, as its images are called: Prometheus v0.315.0 is v3.15.0.
func pinned(t *testing.T, stack, path string) string {
	t.Helper()
	text, err := os.ReadFile("stack/" + stack + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\s*github\.com/` + path + ` (\S+)`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s has no %s", stack, path)
	}
	return regexp.MustCompile(`^v0\.(\d)(\d\d)\.(\d+)$`).ReplaceAllString(string(found[1]), "v$1.$2.$3")
}

// TestComposePrometheus: Prometheus reads its configuration, and every file and service that it names is there.
func TestComposePrometheus(t *testing.T) {
	var c compose
	strictly(t, container+"/compose.yml", &c)
	s := c.Services["prometheus"]
	text, err := os.ReadFile(s.inside("/etc/prometheus/prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := config.Load(string(text), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.RuleFiles) == 0 {
		t.Error("there are no rules")
	}
	for _, pattern := range p.RuleFiles {
		if files, err := filepath.Glob(s.inside(pattern)); err != nil || len(files) == 0 {
			t.Errorf("no file is called %s", pattern)
		}
	}
	all := []discovery.Configs{}
	for _, scrape := range p.ScrapeConfigs {
		all = append(all, scrape.ServiceDiscoveryConfigs)
	}
	for _, a := range p.AlertingConfig.AlertmanagerConfigs {
		all = append(all, a.ServiceDiscoveryConfigs)
	}
	hosts := 0
	for _, list := range all {
		for _, group := range list[0].(discovery.StaticConfig) {
			for _, target := range group.Targets {
				host, _, _ := strings.Cut(string(target[model.AddressLabel]), ":")
				if _, known := c.Services[host]; !known && !slices.ContainsFunc(s.ExtraHosts, func(h string) bool { return strings.HasPrefix(h, host+":") }) {
					t.Errorf("no service is called %s", host)
				}
				hosts++
			}
		}
	}
	if hosts < 2 {
		t.Errorf("%d addresses, want those of the exporter and of Alertmanager", hosts)
	}
}

// provider is a file of Grafana's provisioning of dashboards; sources one of data sources (Grafana's documentation: Provision Grafana).
type provider struct {
	APIVersion int `yaml:"apiVersion"`
	Providers  []struct {
		Name, Folder, Type string
		Options            struct{ Path string }
	}
}

type sources struct {
	APIVersion  int `yaml:"apiVersion"`
	Datasources []struct {
		Name, UID, Type, Access, URL string
		IsDefault                    bool `yaml:"isDefault"`
		JSONData                     struct {
			TimeInterval          string `yaml:"timeInterval"`
			HTTPMethod            string `yaml:"httpMethod"`
			PrometheusType        string `yaml:"prometheusType"`
			CustomQueryParameters string `yaml:"customQueryParameters"`
		} `yaml:"jsonData"`
	}
}

// TestComposeGrafana: Grafana finds the dashboards where it is told to look, and their variable finds data sources that are there, which know how
// often Prometheus scrapes: the windows of rates hang on that.
func TestComposeGrafana(t *testing.T) {
	var c compose
	strictly(t, container+"/compose.yml", &c)
	grafana := c.Services["grafana"]
	provisioning := grafana.inside("/etc/grafana/provisioning")
	var p provider
	strictly(t, provisioning+"/dashboards/wire.yml", &p)
	if p.APIVersion != 1 || len(p.Providers) != 1 || p.Providers[0].Type != "file" {
		t.Fatalf("%+v", p)
	}
	boards, err := filepath.Glob(grafana.inside(p.Providers[0].Options.Path) + "/wire-*.json")
	if err != nil || len(boards) == 0 {
		t.Fatalf("no dashboards in %s: %v", p.Providers[0].Options.Path, err)
	}
	if home := grafana.inside(grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]); !slices.Contains(boards, home) {
		t.Errorf("the first dashboard, %s, is none of %s", home, boards)
	}
	for _, name := range boards {
		checkDatasources(t, name)
	}
	var s sources
	strictly(t, provisioning+"/datasources/prometheus.yml", &s)
	text, err := os.ReadFile(c.Services["prometheus"].inside("/etc/prometheus/prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	prometheus, err := config.Load(string(text), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	scraped := prometheus.GlobalConfig.ScrapeInterval.String()
	first := 0
	for _, d := range s.Datasources {
		at, err := url.Parse(d.URL)
		if err != nil || d.Type != "prometheus" || d.UID == "" || d.Access != "proxy" {
			t.Errorf("%+v: %v", d, err)
			continue
		}
		if ports := c.Services[at.Hostname()].Ports; !slices.Contains(ports, at.Port()+":"+at.Port()) {
			t.Errorf("%s: no service answers at %s", d.Name, d.URL)
		}
		if d.JSONData.TimeInterval != scraped {
			t.Errorf("%s: rates are made for a scrape every %q, and there is one every %s", d.Name, d.JSONData.TimeInterval, scraped)
		}
		if d.IsDefault {
			first++
		}
	}
	if s.APIVersion != 1 || first != 1 {
		t.Errorf("%d data sources are the one that is chosen first", first)
	}
}

// checkDatasources: a dashboard asks the data source that the person who looks has chosen among those of Prometheus, and no other.
func checkDatasources(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var board map[string]any
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	asked, chosen := 0, 0
	walk(board, func(o map[string]any) {
		if o["type"] == "datasource" && o["name"] == "datasource" && o["query"] == "prometheus" {
			chosen++
		}
		if d, has := o["datasource"]; has {
			asked++
			if d, is := d.(map[string]any); !is || d["type"] != "prometheus" || d["uid"] != "${datasource}" {
				t.Errorf("%s asks %v", name, o["datasource"])
			}
		}
	})
	if asked == 0 || chosen != 1 {
		t.Errorf("%s asks %d times, and lets choose %d times", name, asked, chosen)
	}
}

// walk visits every object of a JSON text.
func walk(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(v)
		for _, of := range v {
			walk(of, visit)
		}
	case []any:
		for _, of := range v {
			walk(of, visit)
		}
	}
}
