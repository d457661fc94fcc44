package calendar

import "time"

// MaxBack is how many days back a like day is looked for: what is kept of the history is five weeks.
const MaxBack = 35

// likeDay is how many days ago the last day like d was.
//
// A plain day is like the last one of its weekday that was plain, too. A holiday is like the last Sunday or holiday, whichever
// is nearer; an own day like the last of its kind, and like a plain day when there was none.
func (b *yearBook) likeDay(d date) int {
	kind := b.kind(d)
	if kind != plainKind(d) {
		for n := 1; n <= MaxBack; n++ {
			if b.kind(plus(d, -n)) == kind {
				return n
			}
		}
	}
	for n := 7; n <= MaxBack; n += 7 {
		if before := plus(d, -n); b.kind(before) == plainKind(before) {
			return n
		}
	}
	return 0
}

// kind is what d is compared by. The first own day counts that is one.
func (b *yearBook) kind(d date) string {
	for i, o := range b.c.Days {
		switch {
		case !b.own(i, d):
		case o.Like == Workday:
			return plainKind(d)
		case o.Like != "":
			return o.Like
		default:
			return "own " + o.Name
		}
	}
	if b.holiday(d) {
		return Sunday
	}
	return plainKind(d)
}

// plainKind is the kind of a day that is neither a holiday nor an own day. Every weekday has a shape of its own.
func plainKind(d date) string {
	switch d.Weekday() {
	case time.Saturday:
		return Saturday
	case time.Sunday:
		return Sunday
	}
	return d.Weekday().String()
}
