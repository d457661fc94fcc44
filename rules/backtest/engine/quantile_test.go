package engine

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/promql"
)

// TestQuickQuantile: it gives what Prometheus' function gives, for few and many samples, many alike, infinite and not a number.
func TestQuickQuantile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		floats := make([]promql.FPoint, rng.IntN(60))
		for i := range floats {
			switch rng.IntN(8) {
			case 0:
				floats[i].F = float64(rng.IntN(3))
			case 1:
				floats[i].F = math.Inf(rng.IntN(2)*2 - 1)
			default:
				floats[i].F = rng.NormFloat64()
			}
		}
		if len(floats) > 0 && rng.IntN(10) == 0 {
			floats[rng.IntN(len(floats))].F = math.NaN()
		}
		q := []float64{0, 0.5, 0.97, 1, rng.Float64()}[rng.IntN(5)]
		call := func(f promql.FunctionCall) promql.Vector {
			v, _ := f([]promql.Vector{{{F: q}}}, promql.Matrix{{Floats: floats}}, nil, &promql.EvalNodeHelper{})
			return v
		}
		want, got := call(prometheusQuantile), call(quickQuantile)
		if len(want) != len(got) || len(want) == 1 && want[0].F != got[0].F && !(math.IsNaN(want[0].F) && math.IsNaN(got[0].F)) {
			t.Fatalf("the %g quantile of %v is %v, want %v", q, floats, got, want)
		}
	}
}

func BenchmarkQuantile(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	floats := make([]promql.FPoint, 2016) // a week of five minutes
	for i := range floats {
		floats[i].F = max(0, rng.NormFloat64())
	}
	for name, f := range map[string]promql.FunctionCall{"sorted": prometheusQuantile, "selected": quickQuantile} {
		b.Run(name, func(b *testing.B) {
			enh := &promql.EvalNodeHelper{}
			for b.Loop() {
				f([]promql.Vector{{{F: 0.97}}}, promql.Matrix{{Floats: floats}}, nil, enh)
			}
		})
	}
}
