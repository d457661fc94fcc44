package engine

import (
	"errors"

	"wire_exporter/rules/backtest/store"
)

// Copy appends what one store has of some metrics, with lo < time <= hi, to another.
func Copy(from *store.Store, names []string, lo, hi int64, to *store.Store) (err error) {
	for _, name := range names {
		from.Each(name, lo+1, hi, func(s *store.Series, i, end int) {
			out := to.Series(s.Labels)
			for ; i < end; i++ {
				if s.H != nil && s.H[i] != nil {
					err = errors.Join(err, out.Histogram(s.T[i], s.H[i]))
				} else {
					err = errors.Join(err, out.Float(s.T[i], s.V[i]))
				}
			}
		})
	}
	return err
}
