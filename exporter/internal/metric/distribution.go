package metric

import "math"

// Distribution is a histogram for people. Its zero value is empty.
type Distribution struct {
	scale  *scale
	schema int32
	zero   uint64
	sum    sum
	first  int // the bucket of counts[0]
	counts []uint64
}

// Count is the number of observations.
func (d *Distribution) Count() uint64 {
	n := d.zero
	for _, c := range d.counts {
		n += c
	}
	return n
}

// Mean is the mean in seconds (or bytes); false when nothing was observed.
func (d *Distribution) Mean() (float64, bool) {
	n := d.Count()
	if n == 0 {
		return 0, false
	}
	return d.sum.in(d.scale.unit) / float64(n), true
}

// Quantile is the q-quantile in seconds (or bytes), interpolated within its bucket as histogram_quantile does; false when
// nothing was observed.
func (d *Distribution) Quantile(q float64) (float64, bool) {
	n := d.Count()
	if n == 0 {
		return 0, false
	}
	rank := min(max(q, 0), 1) * float64(n)
	below := float64(d.zero)
	if rank <= below && d.zero > 0 {
		return d.scale.zero * rank / below, true
	}
	for i, c := range d.counts {
		if c > 0 && below+float64(c) >= rank {
			within := (rank - below) / float64(c)
			return math.Exp2((float64(d.first+i-1) + within) / math.Exp2(float64(d.schema))), true
		}
		below += float64(c)
	}
	return math.Exp2(float64(d.first+len(d.counts)-1) / math.Exp2(float64(d.schema))), true
}

// Since is what was observed between an earlier state of d and now.
func (d *Distribution) Since(earlier *Distribution) Distribution {
	r := d.clone()
	if earlier.Count() == 0 {
		return r
	}
	e := earlier.clone()
	for e.schema > r.schema {
		e.halve()
	}
	if e.schema != r.schema || e.Count() > r.Count() {
		return r // the series was forgotten and came back
	}
	r.zero -= min(e.zero, r.zero)
	r.sum.minus(e.sum)
	for i, c := range e.counts {
		if at := e.first + i - r.first; at >= 0 && at < len(r.counts) {
			r.counts[at] -= min(c, r.counts[at])
		}
	}
	return r
}

func (d *Distribution) clone() Distribution {
	c := *d
	c.counts = append([]uint64(nil), d.counts...)
	return c
}

// add adds t's observations.
func (d *Distribution) add(t *histogramTotal) {
	if d.scale == nil {
		d.scale, d.schema = t.family.scale, t.schema
	}
	for d.schema > t.schema {
		d.halve()
	}
	d.zero += t.zero
	d.sum.plus(t.sum)
	for i, n := range t.window {
		if n == 0 {
			continue
		}
		b := coarser(t.first+i, t.schema-d.schema)
		if at := b - d.first; uint(at) >= uint(len(d.counts)) {
			d.counts, d.first = widen(d.counts, d.first, b)
		}
		d.counts[b-d.first] += n
	}
}

func (d *Distribution) halve() {
	d.counts, d.first = halved(d.counts, d.first)
	d.schema--
}
