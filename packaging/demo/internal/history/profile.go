package history

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// Profile is how fast each series grows at level 1.
type Profile struct {
	Series []Growth
}

// Growth is a series and what it does in a second at level 1.
type Growth struct {
	Labels  labels.Labels
	Rate    float64                   // of a counter
	Gauge   bool                      // Rate is its value instead
	Steady  bool                      // of a gauge: it does not follow the level
	Buckets *histogram.FloatHistogram // of a native histogram: observations a second
}

// people are counted, not drawn: it is the same ones from minute to minute.
func (g *Growth) people() bool { return g.Labels.Get(labels.MetricName) == "wire_active_users" }

// point is a sample of a scrape.
type point struct {
	labels  labels.Labels
	counter bool
	v       float64
	h       *histogram.FloatHistogram
}

const scrapeHeader = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

// Scrape reads an exporter's metrics as Prometheus does.
func Scrape(ctx context.Context, url string) (map[string]point, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", scrapeHeader)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return nil, err
	}
	all := map[string]point{}
	for len(body) > 0 {
		n, size := binary.Uvarint(body)
		if size <= 0 || uint64(len(body)-size) < n {
			return nil, errors.New("the exposition is cut off")
		}
		if err := parseFamily(body[:size+int(n)], all); err != nil {
			return nil, err
		}
		body = body[size+int(n):]
	}
	return all, nil
}

func parseFamily(text []byte, all map[string]point) error {
	p := textparse.NewProtobufParser(bytes.Clone(text), false, false, false, false, labels.NewSymbolTable())
	var kind model.MetricType
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var l labels.Labels
		switch entry {
		case textparse.EntryType:
			_, kind = p.Type()
		case textparse.EntrySeries:
			_, _, v := p.Series()
			p.Labels(&l)
			all[l.String()] = point{labels: l, counter: kind != model.MetricTypeGauge, v: v}
		case textparse.EntryHistogram:
			_, _, h, f := p.Histogram()
			p.Labels(&l)
			if h != nil {
				f = h.ToFloat(nil)
			}
			all[l.String()] = point{labels: l, h: f}
		}
	}
}

// Settling is how long a shop is open before it is as busy with everything as it stays: all its people begin with the first page, and what they
// are there for comes later. (In the first half minute the bank's database has 41 statements a second, and 49 in every one after that.)
const Settling = 30 * time.Second

// Measure watches an exporter for a while; level says how busy it is meanwhile.
func Measure(ctx context.Context, url string, extra labels.Labels, wanted []string, lasting time.Duration, level func(time.Time) float64) (*Profile, error) {
	begin := time.Now()
	before, err := Scrape(ctx, url)
	if err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(lasting):
	}
	after, err := Scrape(ctx, url)
	if err != nil {
		return nil, err
	}
	seconds := time.Since(begin).Seconds()
	return profileOf(before, after, extra, wanted, seconds, (level(begin)+level(time.Now()))/2*seconds)
}

// profileOf compares two scrapes; busy are the seconds between them, each times its level.
func profileOf(before, after map[string]point, extra labels.Labels, wanted []string, seconds, busy float64) (p *Profile, err error) {
	p = &Profile{}
	for key, a := range after {
		if !slices.Contains(wanted, a.labels.Get(labels.MetricName)) {
			continue
		}
		g := Growth{Labels: with(a.labels, extra)}
		b, was := before[key]
		switch {
		case a.h != nil:
			if g.Buckets, err = growth(b.h, a.h, busy); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
		case a.counter:
			g.Rate = max(a.v-b.v, 0) / busy
		default:
			g.Gauge, g.Rate = true, a.v
			if was {
				g.Rate = (a.v + b.v) / 2
			}
			if g.Steady = steady(a.labels.Get(labels.MetricName)); !g.Steady {
				g.Rate /= busy / seconds
			}
		}
		p.Series = append(p.Series, g)
	}
	slices.SortFunc(p.Series, func(a, b Growth) int { return labels.Compare(a.Labels, b.Labels) })
	return p, nil
}

// steady gauges say the same at night.
func steady(name string) bool {
	return strings.HasPrefix(name, "wire_exporter_") || strings.HasPrefix(name, "wire_series") || strings.HasSuffix(name, "_limit_bytes") ||
		name == "wire_oldest_request_age_seconds"
}

func growth(before, after *histogram.FloatHistogram, busy float64) (*histogram.FloatHistogram, error) {
	g := after.Copy()
	if before != nil {
		if _, _, _, err := g.Sub(before); err != nil {
			return nil, err
		}
	}
	return g.Mul(1 / math.Max(busy, 1)).Compact(0), nil
}

func with(l, extra labels.Labels) labels.Labels {
	lb := labels.NewBuilder(l)
	extra.Range(func(x labels.Label) { lb.Set(x.Name, x.Value) })
	return lb.Labels()
}
