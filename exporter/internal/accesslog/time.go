package accesslog

// time takes a time, or half of one.
func (r *record) time(f field, v []byte) {
	ok := false
	switch f {
	case clfTime:
		r.at, ok = r.clf(v)
		r.day, r.clock = ok, ok
	case isoTime:
		r.at, ok = r.iso(v)
		r.day, r.clock = ok, ok
	case epoch, epochMillis, epochMicros:
		r.at, ok = sinceEpoch(f, v)
		r.day, r.clock = ok, ok
	case date:
		var d int64
		d, ok = isoDate(v)
		r.at, r.day = r.at+d*1e9, ok
	case clock:
		var s int64
		s, ok = hms(v)
		r.at, r.clock = r.at+s*1e9, ok
	}
	if !ok && r.wrong == "" {
		r.wrong = BadTime
	}
}

func sinceEpoch(f field, v []byte) (int64, bool) {
	if f == epoch {
		d := decimal(v)
		return d, d > 0
	}
	n, ok := number(v)
	switch {
	case !ok || n == 0:
	case f == epochMillis && n < 9e12:
		return int64(n) * 1e6, true
	case f == epochMicros && n < 9e15:
		return int64(n) * 1e3, true
	}
	return 0, false
}

// clf reads 10/Oct/2000:13:55:36 -0700, HAProxy's 10/Oct/2000:13:55:36.123 among it.
func (r *record) clf(v []byte) (int64, bool) {
	const least = len("10/Oct/2000:13:55:36")
	if len(v) < least || v[2] != '/' || v[6] != '/' || v[11] != ':' {
		return 0, false
	}
	day, ok1 := number(v[:2])
	month := monthOf(v[3:6])
	year, ok2 := number(v[7:11])
	clock, ok3 := hms(v[12:least])
	if !ok1 || !ok2 || !ok3 || month == 0 || day < 1 || day > 31 || !possible(year) {
		return 0, false
	}
	return r.zoned(days(int64(year), month, int64(day))*86400+clock, v[least:])
}

// iso reads 2000-10-10T13:55:36.123Z.
func (r *record) iso(v []byte) (int64, bool) {
	const least = len("2000-10-10T13:55:36")
	if len(v) < least || v[10] != 'T' && v[10] != ' ' {
		return 0, false
	}
	day, ok1 := isoDate(v[:10])
	clock, ok2 := hms(v[11:least])
	if !ok1 || !ok2 {
		return 0, false
	}
	return r.zoned(day+clock, v[least:])
}

// zoned adds what follows the seconds of a local time: a fraction, a zone.
func (r *record) zoned(local int64, rest []byte) (int64, bool) {
	var fraction int64
	if len(rest) > 0 && (rest[0] == '.' || rest[0] == ',') {
		fraction = nines(rest[1:])
		rest = rest[1:]
		for len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
			rest = rest[1:]
		}
	}
	if len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	switch {
	case len(rest) == 0:
		local = r.zone.utc(local)
	case rest[0] == 'Z' && len(rest) == 1:
	case rest[0] == '+' || rest[0] == '-':
		offset, ok := offsetOf(rest[1:])
		if !ok {
			return 0, false
		}
		if rest[0] == '+' {
			offset = -offset
		}
		local += offset
	default:
		return 0, false
	}
	return local*1e9 + fraction, true
}

// offsetOf reads 0700 and 07:00, in seconds.
func offsetOf(v []byte) (int64, bool) {
	if len(v) == 5 && v[2] == ':' {
		h, ok1 := number(v[:2])
		m, ok2 := number(v[3:])
		return int64(h*3600 + m*60), ok1 && ok2 && h < 24 && m < 60
	}
	n, ok := number(v)
	return int64(n/100*3600 + n%100*60), ok && len(v) == 4 && n < 2400 && n%100 < 60
}

// possible says that nanoseconds since 1970 can tell a year.
func possible(year uint64) bool { return year > 1970 && year < 2200 }

// isoDate reads 2000-10-10, in seconds since the epoch.
func isoDate(v []byte) (int64, bool) {
	if len(v) != 10 || v[4] != '-' || v[7] != '-' {
		return 0, false
	}
	y, ok1 := number(v[:4])
	m, ok2 := number(v[5:7])
	d, ok3 := number(v[8:])
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 || d > 31 || !possible(y) {
		return 0, false
	}
	return days(int64(y), int64(m), int64(d)) * 86400, true
}

// hms reads 13:55:36, in seconds since midnight.
func hms(v []byte) (int64, bool) {
	if len(v) != 8 || v[2] != ':' || v[5] != ':' {
		return 0, false
	}
	h, ok1 := number(v[:2])
	m, ok2 := number(v[3:5])
	s, ok3 := number(v[6:])
	return int64(h*3600 + m*60 + s), ok1 && ok2 && ok3 && h < 24 && m < 60 && s < 61
}

// monthOf is the number of an English month's short name; 0: it is none.
func monthOf(v []byte) int64 {
	for i, name := range months {
		if string(v) == name {
			return int64(i + 1)
		}
	}
	return 0
}

var months = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// days is the number of days from 1970-01-01 to a day of the Gregorian calendar: the year begins in March, so that the leap day is
// its last, and four hundred years are 146097 days.
func days(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1 - 719468
}
