package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"wire_exporter/packaging/demo/internal/stack"
)

const alertmanagerAddr = "127.0.0.1:9193" // not 9093: an Alertmanager of your own may be there

// openAlertmanager builds an Alertmanager where there is none yet, and starts it with the shipped configuration; only the
// addresses are the demo's, and there is no mail.
func (d *demo) openAlertmanager(ctx context.Context) error {
	programs, err := stack.Alertmanager(d.repository).Build(ctx, d.cache, d.progress("building Alertmanager"))
	if err != nil {
		return err
	}
	dir := filepath.Join(d.data, "alertmanager")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	shipped := filepath.Join(d.repository, "rules", "alertmanager")
	text, err := os.ReadFile(filepath.Join(shipped, "alertmanager.yml"))
	if err != nil {
		return err
	}
	config := regexp.MustCompile(`(?m)^    email_configs:\n(?:      .*\n)+|^  smtp_.*\n`).ReplaceAllString(string(text), "")
	config = strings.ReplaceAll(config, "http://127.0.0.1:9095/pages", "http://"+controlAddr+"/alerts")
	config = strings.ReplaceAll(config, "  - name: tickets\n", "  - name: tickets\n    webhook_configs: [{url: http://"+controlAddr+"/alerts}]\n")
	config = strings.Replace(config, "global:\n", "global: {}\n", 1)
	if err := os.WriteFile(filepath.Join(dir, "alertmanager.yml"), []byte(config), 0o644); err != nil {
		return err
	}
	if text, err = os.ReadFile(filepath.Join(shipped, "wire.tmpl")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "wire.tmpl"), text, 0o644); err != nil {
		return err
	}
	p, err := stack.Start("alertmanager", dir, d.data, nil, filepath.Join(programs, "alertmanager"), "--config.file=alertmanager.yml",
		"--storage.path=data", "--cluster.listen-address=", "--web.listen-address="+alertmanagerAddr)
	if err != nil {
		return err
	}
	d.keep(p)
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	if err := p.WaitReady(ctx, "http://"+alertmanagerAddr+"/-/ready"); err != nil {
		return err
	}
	d.watch(p)
	d.say("Alertmanager: http://%s/; what it delivers is said here", alertmanagerAddr)
	return nil
}

// prometheusConfig is the demo's configuration of Prometheus; with history, one that sends alerts, too, and with rules only when they are to begin.
func (d *demo) prometheusConfig(rules bool) (string, error) {
	shipped, err := filepath.Abs(filepath.Join(d.repository, "packaging", "demo", "prometheus.yml"))
	if err != nil || !d.history {
		return shipped, err
	}
	text, err := os.ReadFile(shipped)
	if err != nil {
		return "", err
	}
	root := filepath.Dir(filepath.Dir(filepath.Dir(shipped)))
	config := strings.ReplaceAll(string(text), "../../", root+"/") +
		"\nalerting:\n  alertmanagers:\n    - static_configs:\n        - targets: [" + alertmanagerAddr + "]\n"
	if !rules {
		config = regexp.MustCompile(`(?m)^rule_files:\n(?:  - .*\n)+`).ReplaceAllString(config, "")
	}
	file := filepath.Join(d.data, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return "", err
	}
	return filepath.Abs(file)
}

// firstMinute is how long after its start Prometheus has a full minute of samples of the exporter, and some more.
const firstMinute = 75 * time.Second

// rulesLater lets the rules begin when there are samples of a minute: a rate over a part of it would be too low, and a ticket.
func (d *demo) rulesLater(p *stack.Process) {
	timer := time.AfterFunc(firstMinute, func() {
		_, err := d.prometheusConfig(true)
		if err == nil {
			err = p.Reload()
		}
		if err != nil {
			d.end(err)
			return
		}
		d.say("the rules go on from here")
	})
	d.cleanup = append(d.cleanup, func() { timer.Stop() })
}

// notification is what Alertmanager posts.
type notification struct {
	Receiver string
	Alerts   []alertNote
}

type alertNote struct {
	Status              string
	Labels, Annotations map[string]string
	StartsAt            time.Time
}

// hear tells whoever looks at the demo what Alertmanager has delivered.
func (d *demo) hear(w http.ResponseWriter, req *http.Request) {
	var n notification
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, 1<<20)).Decode(&n); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if d.heard != nil {
		d.heard(n)
	}
	for _, a := range n.Alerts {
		d.say("%s", strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", strings.ToUpper(a.Labels["severity"]), a.Status, a.Labels["alertname"], a.Annotations["summary"])))
	}
}
