package thanos

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// audit is what somebody has of the sensor's numbered answers.
type audit struct {
	first, last   int
	lost, doubled []int
}

func (a audit) String() string {
	longest, row := 0, 0
	for i, n := range a.lost {
		if row++; i > 0 && a.lost[i-1] != n-1 {
			row = 1
		}
		longest = max(longest, row)
	}
	return fmt.Sprintf("%d to %d, %d lost (most in a row: %d), %d doubled", a.first, a.last, len(a.lost), longest, len(a.doubled))
}

// auditOf reads raw samples. An answer is lost that none of the series has, and doubled if one series has it twice.
func auditOf(all []series) audit {
	have := map[int]bool{}
	a := audit{}
	for _, s := range all {
		own := map[int]bool{}
		for _, v := range s.Values {
			n := int(v)
			if own[n] {
				a.doubled = append(a.doubled, n)
			}
			own[n], have[n] = true, true
			a.last = max(a.last, n)
			if a.first == 0 || n < a.first {
				a.first = n
			}
		}
	}
	for n := a.first; n <= a.last; n++ {
		if !have[n] {
			a.lost = append(a.lost, n)
		}
	}
	slices.Sort(a.doubled)
	return a
}

// audit asks for every raw sample of the last hour that has these labels.
func (q asker) audit(labels string, deduplicate bool) (audit, error) {
	all, err := q.instant(`wire_answers{`+labels+`}[1h]`, time.Now(), "dedup", fmt.Sprint(deduplicate), "max_source_resolution", "0s")
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("nothing is there")
	}
	return auditOf(all), err
}

// longestGap is the longest time between two samples.
func (s series) longestGap() (gap time.Duration) {
	times := slices.Sorted(maps.Keys(s.Values))
	for i := range times[1:] {
		gap = max(gap, time.Duration((times[i+1]-times[i])*float64(time.Second)))
	}
	return gap
}

// checkApart fails where two blocks of one stream hold the same time: the bucket would have samples twice.
func (b bucket) checkApart(t *testing.T) {
	t.Helper()
	blocks := b.blocks(t)
	for i, one := range blocks {
		for _, other := range blocks[:i] {
			if one["LABELS"] == other["LABELS"] && one["RESOLUTION"] == other["RESOLUTION"] && one["FROM"] < other["UNTIL"] && other["FROM"] < one["UNTIL"] {
				t.Errorf("%s (%s to %s) and %s (%s to %s) overlap", one["ULID"], one["FROM"], one["UNTIL"], other["ULID"], other["FROM"], other["UNTIL"])
			}
		}
	}
}

// TestAudit: what the faults' tests go by.
func TestAudit(t *testing.T) {
	one := series{Values: map[float64]float64{1: 7, 2: 8, 4: 10, 5: 11}}
	if got := auditOf([]series{one}).String(); got != "7 to 11, 1 lost (most in a row: 1), 0 doubled" {
		t.Error(got)
	}
	twin := series{Values: map[float64]float64{1.5: 8, 2.5: 9, 3.5: 9}}
	if got := auditOf([]series{one, twin}).String(); got != "7 to 11, 0 lost (most in a row: 0), 1 doubled" {
		t.Error(got)
	}
}
