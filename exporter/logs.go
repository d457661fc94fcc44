package main

import (
	"os"
	"path/filepath"
	"slices"

	"wire_exporter/decoders"
	"wire_exporter/decoders/all"
	"wire_exporter/exporter/internal/accesslog"
	"wire_exporter/exporter/internal/pipeline"
)

// defaultPositions is a file in the folder that systemd keeps for the unit (StateDirectory); without one nothing is remembered.
func defaultPositions() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" {
		return filepath.Join(dir, "accesslog-positions.json")
	}
	return ""
}

// logs is what the pipeline follows beside the capture.
func (s *server) logs() (pipeline.Logs, error) {
	if len(s.config.AccessLogs) == 0 {
		return pipeline.Logs{}, nil
	}
	positions, err := accesslog.LoadPositions(s.positions)
	if err != nil {
		return pipeline.Logs{}, err
	}
	http := slices.IndexFunc(all.Plugins, func(p decoders.Plugin) bool { return p.Name == "http1" })
	return pipeline.Logs{
		Inputs: s.config.AccessLogs, Protocol: http, Sessions: s.config.Sessions, Positions: positions, Log: s.log,
	}, nil
}
