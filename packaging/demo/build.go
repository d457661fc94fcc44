package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"wire_exporter/packaging/demo/internal/stack"
)

// buildPrometheus builds what the demo and the tests of the whole need, and
// prints where it is.
func buildPrometheus(ctx context.Context, repository, cache string, out io.Writer) error {
	programs, err := stack.Prometheus(repository).Build(ctx, cache, func(elapsed time.Duration) {
		fmt.Fprintf(out, "building Prometheus: %.0f s\n", elapsed.Seconds())
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, programs)
	return nil
}
