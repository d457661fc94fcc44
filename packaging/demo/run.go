package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"wire_exporter/packaging/demo/internal/relay"
	"wire_exporter/packaging/demo/internal/shop"
	"wire_exporter/packaging/demo/internal/stack"
)

const (
	exporterAddr   = "127.0.0.1:10177"
	prometheusAddr = "127.0.0.1:9190" // not 9090: a Prometheus of your own may be there
	readyLimit     = 30 * time.Second
)

// demo is one run of everything. Its fields above the line are the options.
type demo struct {
	cache      string // folder for the programs
	data       string // folder for everything that make wipe deletes
	repository string
	exporter   string // path of the program
	capture    string // auto, live, relay
	pages      bool
	history    bool   // five weeks of it
	zone       string // where the shop's people live, like Europe/Oslo
	thanos     bool   // long term storage beside it
	out        io.Writer
	heard      func(notification) // is told what Alertmanager delivers; nil: nobody

	relay *relay.Relay
	shop  *shop.Shop
	past
	processes []*stack.Process
	cleanup   []func() // in reverse order at the end
	begin     time.Time
	end       context.CancelCauseFunc // with why, unless somebody asked for it
}

// run starts everything and stays until ctx ends, somebody says stop, or a
// part ends by itself.
func (d *demo) run(ctx context.Context) error {
	told := ctx
	ctx, d.end = context.WithCancelCause(ctx)
	defer d.end(nil)
	defer d.close()
	err := d.start(ctx)
	if err == nil && d.thanos {
		err = d.openThanos(ctx)
	}
	if err == nil {
		<-ctx.Done()
	}
	if ctx.Err() == nil {
		return err
	}
	d.say("stopping")
	if cause := context.Cause(ctx); told.Err() == nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// start starts everything, after what it remembers.
func (d *demo) start(ctx context.Context) error {
	d.begin = time.Now()
	steps := []func(context.Context) error{d.open, d.openPrometheus}
	if d.history {
		steps = []func(context.Context) error{d.remember, d.open, d.openAlertmanager, d.openPrometheus}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) close() {
	for _, f := range slices.Backward(d.cleanup) {
		f()
	}
	d.cleanup, d.processes, d.relay, d.shop = nil, nil, nil, nil
}

func (d *demo) say(format string, args ...any) {
	_, err := fmt.Fprintf(d.out, "[%5.1f s] %s\n", time.Since(d.begin).Seconds(), fmt.Sprintf(format, args...))
	if err != nil {
		d.end(nil) // nobody reads it any more
	}
}

// open starts the exporter and the shop.
func (d *demo) open(ctx context.Context) error {
	if d.begin.IsZero() {
		d.begin = time.Now()
	}
	if running() {
		return errors.New("the demo is running already (make stop ends it)")
	}
	addresses := []string{exporterAddr, prometheusAddr, controlAddr}
	if d.thanos {
		addresses = append(addresses, sidecarGRPC, storeGRPC, thanosAddr)
	}
	for _, a := range shop.Addresses() {
		addresses = append(addresses, a.String())
	}
	if err := stack.CheckFree(addresses...); err != nil {
		return err
	}
	if err := os.MkdirAll(d.data, 0o755); err != nil {
		return err
	}
	if err := d.configure(); err != nil {
		return err
	}
	if err := d.openExporter(ctx); err != nil {
		return err
	}
	s, err := shop.Open(d.relay, shop.Visitors)
	if err != nil {
		return err
	}
	if d.shop = s; d.history {
		s.Pace(func() float64 { return d.level(time.Now()) })
	}
	d.cleanup = append(d.cleanup, s.Close)
	closeControl, err := serveControl(s, func() { d.end(nil) }, d.hear)
	if err != nil {
		return err
	}
	d.cleanup = append(d.cleanup, closeControl)
	d.say("shop is open: http://%s/, about 110 requests a second from 220 people; Ctrl-C ends everything", shop.Addresses()[0])
	return nil
}

// openExporter starts the exporter on the loopback interface, or else on what
// the relay shows it.
func (d *demo) openExporter(ctx context.Context) error {
	live := d.capture == "live" || d.capture == "auto" && stack.MayCapture(d.exporter)
	if live {
		err := d.startExporter(ctx, nil, "--capture.interface=lo")
		if err == nil {
			d.say("exporter watches the loopback interface: http://%s/", exporterAddr)
			return nil
		}
		if d.capture == "live" || ctx.Err() != nil {
			return err
		}
		d.say("live capture failed, going on with the relay: %v", err)
		d.processes = nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	d.relay = relay.New(w)
	d.cleanup = append(d.cleanup, func() {
		w.Close() // first: a reader that hangs must not hold up the end
		d.relay.Close()
		if n := d.relay.Dropped(); n > 0 {
			d.say("the exporter read too slowly for %d packets", n)
		}
	})
	if err := d.startExporter(ctx, r, "--capture.file=-"); err != nil {
		return err
	}
	d.say("exporter reads the shop's connections from a relay: http://%s/", exporterAddr)
	if !live && d.capture == "auto" {
		d.say("  (this user may not capture; for live capture: sudo setcap cap_net_raw+ep %s)", d.exporter)
	}
	return nil
}

func (d *demo) startExporter(ctx context.Context, stdin *os.File, capture string) error {
	var in io.Reader
	if stdin != nil {
		in = stdin
	}
	p, err := stack.Start("wire_exporter", "", d.data, in, d.exporter, capture,
		"--config.file="+d.configFile(),
		"--web.listen-address="+exporterAddr, "--web.enable-lifecycle")
	if err != nil {
		return err
	}
	d.keep(p)
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	if err := p.WaitReady(ctx, "http://"+exporterAddr+"/metrics"); err != nil {
		return err
	}
	d.watch(p)
	return nil
}

// keep remembers a process to stop.
func (d *demo) keep(p *stack.Process) {
	d.processes = append(d.processes, p)
	d.cleanup = append(d.cleanup, p.Stop)
}

// watch ends the demo when a process that was started well ends by itself.
func (d *demo) watch(p *stack.Process) {
	go func() {
		<-p.Done()
		d.end(p.Failure())
	}()
}

// openPrometheus builds a Prometheus where there is none yet, and starts it.
func (d *demo) openPrometheus(ctx context.Context) error {
	module := stack.Prometheus(d.repository)
	programs, ready, err := module.Programs(d.cache)
	if err != nil {
		return err
	}
	if !ready {
		d.say("building Prometheus from its Go module, for the first time: about 3 minutes")
		d.say("  until then the exporter's own page has the numbers: http://%s/metrics", exporterAddr)
		openBrowser("http://" + exporterAddr + "/")
		if _, err := module.Build(ctx, d.cache, d.progress("building Prometheus")); err != nil {
			return err
		}
	}
	if err := d.startPrometheus(ctx, programs); err != nil {
		return err
	}
	d.explain()
	return d.openPages(ctx, module, programs)
}

func (d *demo) startPrometheus(ctx context.Context, programs string) error {
	config, err := d.prometheusConfig(!d.history)
	if err != nil {
		return err
	}
	dir := stack.PagesDir(programs)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	viewer, err := filepath.Abs(stack.ViewerDir(d.repository)) // Prometheus runs elsewhere
	if err != nil {
		return err
	}
	flags := []string{"--config.file=" + config,
		"--storage.tsdb.path=" + filepath.Join(d.data, "prometheus"),
		"--storage.tsdb.retention.time=40d", "--storage.tsdb.retention.size=4GB",
		"--web.user-assets=" + viewer, // also if it is built later
		"--web.listen-address=" + prometheusAddr}
	if d.thanos {
		// The sidecar uploads blocks as they are: Prometheus must not join them.
		flags = append(flags, "--storage.tsdb.min-block-duration="+sampleBlocks, "--storage.tsdb.max-block-duration="+sampleBlocks)
	}
	p, err := stack.Start("prometheus", dir, d.data, nil, filepath.Join(programs, "prometheus"), flags...)
	if err != nil {
		return err
	}
	d.keep(p)
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	if err := p.WaitReady(ctx, "http://"+prometheusAddr+"/-/ready"); err != nil {
		return err
	}
	d.watch(p)
	if d.history {
		d.rulesLater(p)
	}
	d.say("Prometheus scrapes it: http://%s/", prometheusAddr)
	return nil
}

// openPages makes the page with the dashboards, and Prometheus' own web pages, where that is possible. A demo without them is still one.
func (d *demo) openPages(ctx context.Context, module stack.Module, programs string) error {
	boards := "http://" + prometheusAddr + "/user/"
	if stack.HaveViewer(d.repository) {
		d.say("dashboards: %s", boards)
	}
	if !stack.HavePages(programs) || !stack.HaveViewer(d.repository) {
		if !d.pages {
			return nil
		}
		if _, err := exec.LookPath("npm"); err != nil {
			d.say("npm is not installed, so there are no dashboards, and Prometheus has no web pages, only its API; the exporter's page: http://%s/", exporterAddr)
			openBrowser("http://" + exporterAddr + "/")
			return nil
		}
	}
	if _, err := exec.LookPath("npm"); err == nil && d.pages && stack.ViewerIsOld(d.repository) {
		d.say("building the page with the dashboards with npm: about 1 minute")
		err := stack.BuildViewer(ctx, d.repository, d.progress("building the dashboards"))
		if err := d.without(ctx, "no dashboards", err); err != nil {
			return err
		}
		if err == nil {
			d.say("dashboards: %s", boards)
		}
	}
	if !stack.HavePages(programs) {
		d.say("building Prometheus' web pages with npm: about 1 minute")
		err := module.BuildPages(ctx, programs, d.progress("building web pages"))
		if err := d.without(ctx, "no web pages, only Prometheus' API", err); err != nil {
			return err
		}
		if err == nil {
			d.say("Prometheus' web pages are ready: http://%s/query", prometheusAddr)
		}
	}
	openBrowser(boards)
	return nil
}

// without says what is missing after err; the error is the end of the demo, if that is why.
func (d *demo) without(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	d.say("%s: %v", what, err)
	return nil
}

func (d *demo) progress(what string) stack.Progress {
	return func(elapsed time.Duration) { d.say("%s: %.0f s", what, elapsed.Seconds()) }
}

// openBrowser shows a page on a desktop; elsewhere the address was printed.
func openBrowser(url string) {
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" || os.Getenv("CI") != "" {
		return
	}
	cmd := exec.Command("xdg-open", url)
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}
