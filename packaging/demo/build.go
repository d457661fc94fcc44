package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"wire_exporter/packaging/demo/internal/stack"
)

// modules are the parts of the stack by the names that `demo build` takes.
var modules = map[string]func(repository string) stack.Module{
	"prometheus": stack.Prometheus, "alertmanager": stack.Alertmanager, "thanos": stack.Thanos, "gofakes3": stack.ObjectStore,
}

// build builds parts of the stack, Prometheus when none is named, and prints for each where it is. What takes time is said in
// told.
func build(ctx context.Context, repository, cache string, names []string, out, told io.Writer) error {
	if len(names) == 0 {
		names = []string{"prometheus"}
	}
	for _, name := range names {
		module := modules[name]
		if module == nil {
			return fmt.Errorf("there is no %q; there are prometheus, alertmanager, thanos and gofakes3", name)
		}
		programs, err := module(repository).Build(ctx, cache, func(elapsed time.Duration) {
			fmt.Fprintf(told, "building %s: %.0f s\n", name, elapsed.Seconds())
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(out, programs)
	}
	return nil
}
