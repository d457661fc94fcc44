# wire_exporter. `make help` lists the targets. Needs Go, make and gcc; everything else sets itself up.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
REVISION ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
PROM_VER := github.com/prometheus/common/version
LDFLAGS  := -s -w -X $(PROM_VER).Version=$(VERSION) -X $(PROM_VER).Revision=$(REVISION)
CAPTURE  ?= auto
KIND     ?= slow
ZONE     ?= Europe/Oslo
FUZZTIME ?= 5s
BROWSER  ?= /usr/bin/chromium

.DEFAULT_GOAL := all
.PHONY: all help build demo packages demo-program backtest fleet rules-cost test test-incident test-live test-stack test-thanos test-thanos-faults test-packages fuzz bench profile bench-thanos bench-year run run-thanos incident stop wipe dashboards viewer check-dashboards test-pages test-viewer test-panels vulncheck lint clean

all: lint build test ## check, build and test: what to run before a commit

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What the compiler is to make fast (`make profile`). Not for the demo, whose first start would wait for what both programs use to be compiled twice.
PGO ?= exporter/cpu.pgo
demo run run-thanos: PGO = off

build: ## build the exporter into bin/wire_exporter
	CGO_ENABLED=0 $(GO) build -pgo=$(PGO) -trimpath -ldflags '$(LDFLAGS)' -o bin/wire_exporter ./exporter

demo test-incident: DEMO_TAGS := history
demo: build demo-program ## run the demo with five weeks of history: normal bands, alerts, Alertmanager (first time: 10 minutes, most of them to build the servers; ZONE=Asia/Tokyo for people who live by that clock)
	@exec bin/demo run --history --capture=$(CAPTURE) --zone=$(ZONE)

demo-program: ## build the demo into bin/demo
	@CGO_ENABLED=0 $(GO) build -trimpath -tags '$(DEMO_TAGS)' -o bin/demo ./packaging/demo

packages: ## build the deb and rpm packages into dist/
	packaging/build.sh dist

test: ## run all tests that need neither root nor other programs
	$(GO) test ./...

test-live: ## run the tests that capture from real interfaces (as root)
	CGO_ENABLED=0 WIRE_TEST_LIVE=1 $(GO) test -count=1 -run Live ./exporter/...

test-stack: build demo-program ## build Prometheus, check the rules, run everything together (first time: 4 minutes)
	WIRE_TEST_STACK=1 WIRE_EXPORTER=$(CURDIR)/bin/wire_exporter \
		$(GO) test -count=1 -timeout 20m -v -run Stack ./packaging/demo

test-incident: build demo-program ## follow every incident of the demo through Prometheus and Alertmanager (hours; KIND=slowdb,dead for some)
	WIRE_TEST_INCIDENT=1 WIRE_EXPORTER=$(CURDIR)/bin/wire_exporter KIND=$(if $(filter command line,$(origin KIND)),$(KIND)) \
		$(GO) test -tags '$(DEMO_TAGS)' -count=1 -timeout 5h -v -run Incidents ./packaging/demo

test-thanos: build demo-program ## six weeks through the real Thanos: object stores, downsampling, twins, tenants, mistakes (first time: 6 minutes more)
	programs=$$(bin/demo build thanos alertmanager prometheus gofakes3 | tr '\n' ':') && WIRE_TEST_THANOS=$$programs WIRE_EXPORTER=$(CURDIR)/bin/wire_exporter \
		$(GO) test -count=1 -timeout 20m -parallel 4 -v -run Thanos ./thanos ./packaging/demo
	WIRE_TEST_THANOS=1 $(GO) test -C packaging/stack/thanos -count=1 -tags slicelabels .

test-thanos-faults: demo-program ## the object store away, programs killed, a node lost, a disk full: nothing is lost, nothing doubled (25 minutes)
	programs=$$(bin/demo build thanos prometheus gofakes3 | tr '\n' ':') && WIRE_TEST_THANOS=$$programs WIRE_TEST_THANOS_FAULTS=1 \
		$(GO) test -count=1 -timeout 1h -parallel 8 -v -run ThanosFault ./thanos

bench-thanos: demo-program ## measure what series cost: memory, processor time, bytes in each resolution (10 minutes of a core, 5 GB of memory and of disk)
	WIRE_BENCH_GROWTH=$(SERIES) $(GO) test -C packaging/stack/thanos -count=1 -timeout 3h -tags slicelabels -v -run Growth .
	programs=$$(bin/demo build prometheus | tr '\n' ':') && WIRE_BENCH_MEMORY=100,1000,10000,100000,1000000 WIRE_TEST_THANOS=$$programs \
		$(GO) test -count=1 -timeout 1h -v -run ThanosMemory ./thanos
bench-thanos: SERIES ?= 1000,10000,100000,1000000

bench-year: demo-program ## a year of 1,000 services, and how soon the board "Long term" has it (20 minutes of a core, 9 GB of disk)
	mkdir -p bin/year
	WIRE_BENCH_YEAR=$(SERVICES) WIRE_BENCH_BUCKET=$(CURDIR)/bin/year $(GO) test -C packaging/stack/thanos -count=1 -timeout 4h -tags slicelabels -v -run YearBlocks .
	programs=$$(bin/demo build thanos | tr '\n' ':') && WIRE_BENCH_YEAR=$(SERVICES) WIRE_BENCH_BUCKET=$(CURDIR)/bin/year WIRE_TEST_THANOS=$$programs \
		$(GO) test -count=1 -timeout 1h -v -run ThanosYear ./thanos
	rm -r bin/year
bench-year: SERVICES ?= 1000

test-packages: ## install, start, upgrade and remove the packages in a throw-away copy of this Debian (as root)
	WIRE_TEST_PACKAGES=1 $(GO) test -count=1 -timeout 40m ./packaging
	$(GO) test -C packaging/stack/tools ./...

# The end of the time may be taken for a failure, by Go before 1.27 (https://go.dev/issue/75804), on a busy machine: then once more. What a target has found is
# a failing input, and no such end.
FUZZ_ENDED := awk '/context deadline exceeded/ {ended = 1} /Failing input/ {found = 1} END {exit !ended || found}'

fuzz: ## run every fuzz target for FUZZTIME (5s)
	@mkdir -p bin; set -e; for package in $$($(GO) list ./exporter/... ./decoders/...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			fuzz() { $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; }; \
			fuzz >bin/fuzz.log 2>&1 || { $(FUZZ_ENDED) bin/fuzz.log && fuzz >bin/fuzz.log 2>&1; } || { cat bin/fuzz.log; exit 1; }; \
			tail -n 1 bin/fuzz.log; \
		done; \
	done

backtest: ## build wire_backtest, which runs the rules over history, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/wire_backtest ./rules/backtest

rules-cost: ## measure what the rules take for 10,000 signals on a real storage (many minutes, 2 GB of disk)
	$(GO) run ./rules/cost

fleet: ## run the rules over a simulated fleet of 100 services for weeks: false alarms, faults found (10 minutes of a core); SERIES=folder: with recorded curves
	$(GO) run ./rules/fleet $(if $(SERIES),--series='$(SERIES)')

bench: ## compare the processor time of the exporter with tcpdump's, capture by capture
	$(GO) run ./exporter/bench

profile: ## measure anew what the compiler is to make fast, on the captures of bench (exporter/cpu.pgo)
	$(GO) test -trimpath -run '^$$' -bench Replay -benchtime 20x -cpuprofile exporter/cpu.pgo -o bin/replay.test ./exporter/internal/pipeline
	$(GO) run ./exporter/bench -strip exporter/cpu.pgo
	@rm bin/replay.test

run: ## run the demo without history: a shop, the exporter, a Prometheus (CAPTURE=live or relay to force one)
	@# Both in one go and without the compiler's profile: what they share is compiled once, and the exporter is up sooner.
	@CGO_ENABLED=0 $(GO) build -pgo=off -trimpath -ldflags '$(LDFLAGS)' -o bin/quick/ ./exporter ./packaging/demo
	@exec bin/quick/demo run --exporter=bin/quick/exporter --capture=$(CAPTURE)

run-thanos: build demo-program ## the demo with Thanos: sidecar, bucket, store, compactor, and a query with its page
	@exec bin/demo run --thanos --capture=$(CAPTURE)

incident: demo-program ## break something in the running demo: KIND=slow, slowdb, dead, deaddb, errors, hang, logins, unauthorized; off ends it
	@bin/demo incident $(KIND)

stop: demo-program ## stop the running demo
	@bin/demo stop

wipe: demo-program ## delete the demo's data (ALL=1: the programs it built, too)
	@bin/demo wipe $(if $(ALL),--all)

dashboards: ## write the dashboards anew from their descriptions
	$(GO) run ./dashboards

# npm's own note of what it has put there.
NODE_MODULES := dashboards/viewer/node_modules/.package-lock.json
$(NODE_MODULES): dashboards/viewer/package-lock.json
	cd dashboards/viewer && npm ci --ignore-scripts --no-audit --no-fund

viewer: dashboards check-dashboards ## build the page that shows the dashboards without Grafana (needs npm)
	cd dashboards/viewer && npm run build

check-dashboards: $(NODE_MODULES) ## hold the dashboards to the types of Grafana 11, 12 and 13 and of Perses (needs npm)
	cd dashboards/viewer && npm run check

test-pages: ## open the built page's dashboards in a browser, with a simulated shop behind (BROWSER=/usr/bin/chromium)
	VIEWS='1920x1080 dark, 390x844 light' WIRE_TEST_PAGES=$(BROWSER) $(GO) test -count=1 -timeout 10m -v -run Pages ./dashboards

test-viewer: ## open every page of the running demo's dashboards in a browser (BROWSER=/usr/bin/chromium)
	cd dashboards/viewer && node test/pages.mjs http://127.0.0.1:9190 $(BROWSER) $(PICTURES)

test-panels: ## ask the running demo all that the dashboards ask, and list what is empty (THANOS=http://127.0.0.1:19132: the long-term one, too)
	WIRE_TEST_PANELS=http://127.0.0.1:9190 WIRE_TEST_PANELS_THANOS=$(THANOS) $(GO) test -count=1 -v -run EveryPanel ./dashboards

vulncheck: ## look for known vulnerabilities in what is linked (needs their database, which is elsewhere)
	$(GO) run -C packaging/stack/tools golang.org/x/vuln/cmd/govulncheck -C $(CURDIR) ./exporter ./rules/backtest

lint: ## check format and vet
	@unformatted=$$(gofmt -l .); \
		test -z "$$unformatted" || { echo "run gofmt on:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags history ./packaging/demo

clean: ## delete what was built in this folder
	rm -rf bin dist
