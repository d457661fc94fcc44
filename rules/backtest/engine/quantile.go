package engine

import (
	"math"
	"slices"
	"sync"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"
)

const quantileOverTime = "quantile_over_time"

// prometheusQuantile sorts all samples, with their labels, to look at two of them: of bands over a week that took half of a backtest's time.
var prometheusQuantile = promql.FunctionCalls[quantileOverTime]

// The library lets functions be replaced for the whole program only, and reads the table without a lock.
func init() { promql.FunctionCalls[quantileOverTime] = quickQuantile }

var scratch = sync.Pool{New: func() any { return new([]float64) }}

// quickQuantile gives what Prometheus' own function gives, by selection instead of sorting; what is unusual is left to that one.
func quickQuantile(vectors []promql.Vector, matrix promql.Matrix, args parser.Expressions, enh *promql.EvalNodeHelper) (promql.Vector, annotations.Annotations) {
	q, s := vectors[0][0].F, matrix[0]
	if !(q >= 0 && q <= 1) || len(s.Histograms) > 0 || len(s.Floats) == 0 || slices.ContainsFunc(s.Floats, func(p promql.FPoint) bool { return math.IsNaN(p.F) }) {
		return prometheusQuantile(vectors, matrix, args, enh)
	}
	kept := scratch.Get().(*[]float64)
	defer scratch.Put(kept)
	values := (*kept)[:0]
	for _, p := range s.Floats {
		values = append(values, p.F)
	}
	*kept = values
	rank := q * (float64(len(values)) - 1)
	low := int(rank)
	lower := nth(values, low)
	upper := lower
	if low+1 < len(values) {
		upper = slices.Min(values[low+1:])
	}
	weight := rank - math.Floor(rank)
	return append(enh.Out, promql.Sample{F: lower*(1-weight) + upper*weight}), nil
}

// nth is the value that would be at index k if the values were sorted. It is put there, the smaller ones before it and the larger ones
// behind it (Hoare's selection).
func nth(values []float64, k int) float64 {
	lo, hi := 0, len(values)-1
	for lo < hi {
		pivot := values[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return values[k]
		}
	}
	return values[k]
}
