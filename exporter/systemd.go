package main

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// tellSystemd says that the exporter is ready and then, if the unit has a watchdog, twice in its time that every worker moves on:
// systemd restarts an exporter that does not. Started by anything else than systemd it does nothing (sd_notify(3)).
func (s *server) tellSystemd(ctx context.Context) {
	daemon.SdNotify(false, daemon.SdNotifyReady)
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil || limit == 0 {
		return
	}
	half := time.NewTicker(limit / 2)
	defer half.Stop()
	for {
		select {
		case <-ctx.Done():
			daemon.SdNotify(false, daemon.SdNotifyStopping)
			return
		case <-half.C:
			s.pipeline.Wait()
			daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		}
	}
}
