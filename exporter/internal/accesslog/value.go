package accesslog

import (
	"net/netip"
	"time"
	"unsafe"
)

// number reads a whole number without a sign.
func number(v []byte) (n uint64, ok bool) {
	if len(v) == 0 || len(v) > 18 {
		return 0, false
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// decimal reads 12.345 in units of 1e-9; -1: it is none.
func decimal(v []byte) int64 {
	whole := v
	var fraction []byte
	for i, c := range v {
		if c == '.' || c == ',' {
			whole, fraction = v[:i], v[i+1:]
			break
		}
	}
	n, ok := number(whole)
	if !ok || n > 9e9 {
		return -1
	}
	return int64(n)*1e9 + nines(fraction)
}

// nines reads digits behind a point in units of 1e-9. What follows them does not count.
func nines(v []byte) (n int64) {
	unit := int64(1e8)
	for _, c := range v {
		if c < '0' || c > '9' {
			break
		}
		n += int64(c-'0') * unit
		unit /= 10
	}
	return n
}

// duration reads a time span in nanoseconds; negative: not known. nginx writes several, with commas between, where it asked
// several servers: then the first stands for none of them, and nothing is said.
func duration(unit field, v []byte) int64 {
	if v[0] == '+' { // HAProxy: logged before the end
		return -1
	}
	for _, c := range v {
		if c == ',' {
			return -1
		}
	}
	d := decimal(v)
	switch {
	case d < 0 || unit == seconds && d > longest:
		return -1
	case unit == millis:
		return d / 1e3
	case unit == micros:
		return d / 1e6
	case unit == nanos:
		return d / 1e9
	}
	return d
}

// longest is the longest request that is believed.
const longest = 100 * 24 * 3600e9

// address reads an address with or without a port; IPv6 may stand in brackets, and HAProxy writes it without.
func address(v []byte, port bool) (netip.Addr, bool) {
	if len(v) > 0 && v[0] == '[' {
		for i, c := range v {
			if c == ']' {
				return parse(v[1:i])
			}
		}
		return netip.Addr{}, false
	}
	last, colons := -1, 0
	for i, c := range v {
		if c == ':' {
			last = i
			colons++
		}
	}
	if colons == 1 || port && colons > 1 {
		v = v[:last]
	}
	return parse(v)
}

func parse(v []byte) (netip.Addr, bool) {
	if len(v) == 0 || len(v) > 45 {
		return netip.Addr{}, false
	}
	for _, c := range v {
		if c == '%' {
			return netip.Addr{}, false
		}
	}
	// ParseAddr keeps the string in its error only, which goes no further: no copy is needed.
	a, err := netip.ParseAddr(unsafe.String(&v[0], len(v)))
	return a.Unmap(), err == nil
}

// zone turns local times into ns since the epoch. Looking a zone up costs more than reading the whole line, so the last answer is
// kept: it holds for the same quarter of an hour.
type zone struct {
	location *time.Location
	quarter  int64
	offset   int64 // seconds east of UTC
	known    bool
}

// utc is the time of a local clock, in seconds.
func (z *zone) utc(local int64) int64 {
	if z.location == nil || z.location == time.UTC {
		return local
	}
	quarter := local / 900
	if !z.known || z.quarter != quarter {
		t := time.Unix(local, 0).UTC()
		utc := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, z.location).Unix()
		z.quarter, z.offset, z.known = quarter, local-utc, true
	}
	return local - z.offset
}
