package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"wire_exporter/exporter/internal/capture"
	"wire_exporter/exporter/internal/pipeline"
)

// server is the exporter as it runs for ever.
type server struct {
	sensor
	web       *web.FlagConfig
	logging   promslog.Config
	lifecycle bool
	speed     string
	positions string // file

	log   *slog.Logger
	mu    sync.Mutex // one reload at a time
	ready chan struct{}
}

// serveCommand adds "serve", which is what happens when no command is given.
func serveCommand(app *kingpin.Application) func() error {
	cmd := app.Command("serve", "Capture and serve metrics (the default).").Default()
	s := &server{ready: make(chan struct{})}
	s.flags(cmd)
	cmd.Flag("capture.interface", "Network interface to listen to, or any. Repeatable.").Short('i').StringsVar(&s.capture.Interfaces)
	cmd.Flag("capture.file", "Capture file (pcap or pcapng, also gzip-ed) to read instead; - is the standard input. Repeatable.").StringsVar(&s.capture.Files)
	cmd.Flag("capture.speed", "How fast to read capture files: full, recorded, or loop: recorded, over and over.").Default("full").EnumVar(&s.speed, "full", "recorded", "loop")
	cmd.Flag("capture.promiscuous", "Ask the interface for frames to other hosts too (mirror port, TAP).").BoolVar(&s.capture.Promiscuous)
	cmd.Flag("capture.snaplen", "Bytes to keep of each frame; 0 keeps all.").Default("0").IntVar(&s.capture.Snaplen)
	cmd.Flag("capture.workers", "Workers that share a live capture.").Default(defaultWorkers()).IntVar(&s.capture.Workers)
	cmd.Flag("capture.ring-bytes", "Memory of one worker's rings; 0 shares 64 MiB among all workers.").Default("0").IntVar(&s.capture.RingBytes)
	cmd.Flag("web.enable-lifecycle", "Allow reloading by a POST to /-/reload.").BoolVar(&s.lifecycle)
	cmd.Flag("accesslog.positions", "File that remembers how far access logs were read; empty: follow them from their ends.").Default(defaultPositions()).StringVar(&s.positions)
	s.web = kingpinflag.AddFlags(cmd, ":10177")
	s.logging.Level, s.logging.Format = promslog.NewLevel(), promslog.NewFormat()
	cmd.Flag(flag.LevelFlagName, flag.LevelFlagHelp).Default("info").SetValue(s.logging.Level)
	cmd.Flag(flag.FormatFlagName, flag.FormatFlagHelp).Default("logfmt").SetValue(s.logging.Format)
	return s.run
}

func (s *server) run() (err error) {
	s.log = promslog.New(&s.logging)
	s.started = time.Now()
	if s.capture.Speed, err = capture.ParseSpeed(s.speed); err != nil {
		return err
	}
	if err := s.load(); err != nil {
		return err
	}
	if len(s.capture.Interfaces)+len(s.capture.Files)+len(s.config.AccessLogs) == 0 {
		return errors.New("nothing to listen to: give --capture.interface=NAME (or any), or --capture.file=PATH (- is the standard input), or access_logs in the configuration")
	}
	logs, err := s.logs()
	if err != nil {
		return err
	}
	if err := s.open(pipeline.Setup{Logs: logs}); err != nil {
		return err
	}
	defer s.opened.Close()
	s.metrics.Reloaded(true, s.started)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return s.serve(ctx)
}

// serve runs the web server and the capture until ctx is done or one of them fails. At the end of a capture file the metrics
// stay.
func (s *server) serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	handler, err := s.handler()
	if err != nil {
		return err
	}
	listeners, err := listen(s.web)
	if err != nil {
		return err
	}
	if len(s.capture.Interfaces) > 0 {
		if err := capture.DropPrivileges(); err != nil {
			return err
		}
	}
	if err := web.Validate(*s.web.WebConfigFile); err != nil {
		return fmt.Errorf("reading the configuration of the web server: %s", strings.Join(strings.Fields(err.Error()), " ")) // on one line
	}
	s.warn()
	failed := make(chan error, 2)
	httpServer := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { failed <- s.serveWeb(listeners, httpServer) }()
	captured := make(chan error, 1)
	go func() { captured <- s.pipeline.Run(ctx) }()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // before anybody is told that it is ready: unheard, the signal ends the program
	defer signal.Stop(hangup)
	go s.reloadOn(ctx, hangup)
	close(s.ready)
	go s.tellSystemd(ctx)
	s.log.Info("capturing", "version", version.Info(), "interfaces", s.opened.Interfaces(), "workers", len(s.opened.Sources()))

	var failure error
	running := true
	for failure == nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case failure = <-failed:
		case err := <-captured:
			running = false
			if failure = err; err == nil && ctx.Err() == nil {
				s.log.Info("the capture has ended; its metrics stay until the program is stopped")
			}
		}
	}
	stop()
	if running {
		<-captured
	}
	down, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	httpServer.Shutdown(down)
	return failure
}

// serveWeb serves on listeners, or on the sockets that systemd opened.
func (s *server) serveWeb(listeners []net.Listener, h *http.Server) error {
	if *s.web.WebSystemdSocket {
		return web.ListenAndServe(h, s.web, s.log)
	}
	return web.ServeMultiple(listeners, h, s.web, s.log)
}

// reloadOn reloads at each hangup, and looks every minute whether what "local" stands for has changed.
func (s *server) reloadOn(ctx context.Context, hangup <-chan os.Signal) {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			s.reloadNow()
		case <-minute.C:
			s.refreshNow()
		}
	}
}

func (s *server) reloadNow() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	needRestart, err := s.reload()
	s.metrics.Reloaded(err == nil, time.Now())
	if err != nil {
		s.log.Error("the configuration was not reloaded; the one before stays", "err", err)
		return err
	}
	s.warn()
	for _, key := range needRestart {
		s.log.Warn("a change takes effect at the next start only", "key", key)
	}
	s.log.Info("the configuration was reloaded")
	return nil
}

// warn logs what is allowed in the configuration, and probably not meant.
func (s *server) warn() {
	for _, w := range s.config.Warnings {
		s.log.Warn("configuration", "warning", w)
	}
}

func (s *server) refreshNow() {
	s.mu.Lock()
	changed := s.config.FilesChanged()
	s.mu.Unlock()
	if changed {
		s.reloadNow()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refresh(); err != nil {
		s.log.Warn("what is local could not be looked up; what was known stays", "err", err)
	}
}

// handler is the web server's pages.
func (s *server) handler() (http.Handler, error) {
	registry := prometheus.NewRegistry()
	if err := s.metrics.Register(registry); err != nil {
		return nil, err
	}
	registry.MustRegister(versioncollector.NewCollector("wire_exporter"), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true, Registry: registry, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelError)}))
	mux.Handle("GET /{$}", landingPage(s.metrics))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("wire_exporter is healthy.\n")) })
	mux.HandleFunc("GET /-/ready", s.readyPage)
	mux.HandleFunc("POST /-/reload", s.reloadPage)
	return mux, nil
}

func (s *server) readyPage(w http.ResponseWriter, _ *http.Request) {
	select {
	case <-s.ready:
		w.Write([]byte("wire_exporter is ready.\n"))
	default:
		http.Error(w, "wire_exporter is starting.", http.StatusServiceUnavailable)
	}
}

func (s *server) reloadPage(w http.ResponseWriter, _ *http.Request) {
	if !s.lifecycle {
		http.Error(w, "Reloading by request is off; start with --web.enable-lifecycle, or send SIGHUP.", http.StatusForbidden)
		return
	}
	if err := s.reloadNow(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
