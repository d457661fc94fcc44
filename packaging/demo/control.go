package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"wire_exporter/packaging/demo/internal/relay"
	"wire_exporter/packaging/demo/internal/shop"
)

// The running demo listens here for `demo incident` and `demo stop`.
const controlAddr = "127.0.10.9:8099"

// serveControl answers until the returned function is called. Requests that a
// web page sends across sites are refused.
func serveControl(s *shop.Shop, stop func(), hear http.HandlerFunc) (closeControl func(), err error) {
	mux := http.NewServeMux()
	if hear != nil {
		mux.HandleFunc("POST /alerts", hear)
	}
	mux.HandleFunc("POST /incident/{kind}", func(w http.ResponseWriter, req *http.Request) {
		incident, err := s.Break(req.PathValue("kind"))
		if err != nil {
			http.Error(w, err.Error()+"; there are: "+kinds(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%s: %s\nwatch %s\n", incident.Kind, incident.Story, incident.Watch)
		if incident.Service != "" {
			fmt.Fprintln(w, "to end it: make incident KIND=off")
		}
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "stopping")
		stop()
	})
	l, err := net.Listen("tcp4", controlAddr)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.NewCrossOriginProtection().Handler(mux), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	}, nil
}

func kinds() string {
	var names []string
	for _, i := range shop.Incidents {
		names = append(names, i.Kind)
	}
	return strings.Join(names, ", ")
}

// tell sends a word to the running demo.
func tell(path string, out io.Writer) error {
	res, err := http.Post("http://"+controlAddr+path, "", nil)
	if err != nil {
		return fmt.Errorf("no demo is running (make run starts one)")
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", strings.TrimSpace(string(answer)))
	}
	_, err = out.Write(answer)
	return err
}

// running says whether somebody listens on the control port.
func running() bool {
	c, err := net.DialTimeout("tcp4", controlAddr, time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// runShop runs the shop alone until ctx ends.
func runShop(ctx context.Context, relayTo string, visitors int) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var r *relay.Relay
	if relayTo != "" {
		out := os.Stdout
		if relayTo != "-" {
			file, err := os.Create(relayTo)
			if err != nil {
				return err
			}
			defer file.Close()
			out = file
		}
		r = relay.New(out)
		defer r.Close()
	}
	s, err := shop.Open(r, visitors)
	if err != nil {
		return err
	}
	defer s.Close()
	closeControl, err := serveControl(s, stop, nil)
	if err != nil {
		return err
	}
	defer closeControl()
	<-ctx.Done()
	return nil
}
