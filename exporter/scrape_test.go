package main

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrape is a parsed exposition: its families by their name.
type scrape map[string]*dto.MetricFamily

func parseScrape(t *testing.T, text []byte) scrape {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("the exposition cannot be read: %v", err)
	}
	return families
}

// sum adds up the series of a family (of a histogram: its counts) that have the labels, given as name, value, name, value.
func (s scrape) sum(family string, labels ...string) (sum float64) {
	for _, m := range s[family].GetMetric() {
		if hasLabels(m, labels) {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// by is sum for each value of one label, without the values whose sum is 0.
func (s scrape) by(label, family string, labels ...string) map[string]float64 {
	sums := map[string]float64{}
	for _, m := range s[family].GetMetric() {
		if value, ok := labelValue(m, label); ok && hasLabels(m, labels) {
			sums[value] = s.sum(family, append(slices.Clone(labels), label, value)...)
		}
	}
	maps.DeleteFunc(sums, func(_ string, n float64) bool { return n == 0 })
	return sums
}

func hasLabels(m *dto.Metric, labels []string) bool {
	for i := 0; i+1 < len(labels); i += 2 {
		if value, _ := labelValue(m, labels[i]); value != labels[i+1] {
			return false
		}
	}
	return true
}

func labelValue(m *dto.Metric, name string) (string, bool) {
	for _, l := range m.Label {
		if l.GetName() == name {
			return l.GetValue(), true
		}
	}
	return "", false
}
