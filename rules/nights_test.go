package rules_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// quiet are the requests a minute of the services in the small hours.
var quiet = []float64{0.05, 0.2, 0.5, 1, 3, 10, 40}

// at random, and the same for the same name and minute.
func dice(name string, at time.Time) *rand.Rand {
	return rand.New(rand.NewPCG(math.Float64bits(noise(name, at)), uint64(at.Unix())))
}

// poisson counts events of which so many are expected.
func poisson(rng *rand.Rand, mean float64) (n int) {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*rng.NormFloat64())))
	}
	for left := math.Exp(-mean); ; n++ {
		if left /= 1 - rng.Float64(); left >= 1 {
			return n
		}
	}
}

// night is a service that has so many requests a minute in the small hours, and ten times as many at noon.
func night(name string, perMinute float64) (n func(at time.Time) (int, *rand.Rand)) {
	return func(at time.Time) (int, *rand.Rand) {
		rng := dice(name, at)
		return poisson(rng, perMinute*(1+9*math.Pow(math.Sin(math.Pi*float64(at.Hour()*60+at.Minute())/1440), 4))), rng
	}
}

// signals are what is measured of such a service in a minute, and of how many events.
var quietSignals = map[string]func(n int, rng *rand.Rand) float64{
	"request_rate": func(n int, _ *rand.Rand) float64 { return float64(n) / 60 },
	"error_ratio": func(n int, rng *rand.Rand) float64 {
		failed := 0
		for range n {
			if rng.Float64() < 0.005 {
				failed++
			}
		}
		return float64(failed) / float64(n) // NaN of none: no sample
	},
	"duration_p95": func(n int, rng *rand.Rand) float64 {
		if n == 0 {
			return math.NaN()
		}
		durations := make([]float64, n)
		for i := range durations {
			durations[i] = 0.05 * math.Exp(0.8*rng.NormFloat64())
		}
		slices.Sort(durations)
		return durations[int(0.95*float64(n-1))]
	},
}

// TestQuietNights: where there is little to count, chance alone takes nobody out of bed. WIRE_TEST_NIGHTS is how many services of
// each kind there are (1); thousands of nights take minutes.
func TestQuietNights(t *testing.T) {
	copies := 1
	if n, err := strconv.Atoi(os.Getenv("WIRE_TEST_NIGHTS")); err == nil {
		copies = n
	}
	for signal, measure := range quietSignals {
		t.Run(signal, func(t *testing.T) {
			w := world{from: start, to: day(14), signal: signal, services: map[string]history{}, counts: map[string]history{}}
			for i := range copies {
				for _, perMinute := range quiet {
					name := fmt.Sprintf("%g-%d", perMinute, i)
					count := night(name, perMinute)
					w.services[name] = func(at time.Time) float64 { return measure(count(at)) }
					w.counts[name] = func(at time.Time) float64 { n, _ := count(at); return float64(n) }
				}
			}
			b := w.run(t, "wire:band:outside")
			var nights, tickets, pages int
			for name := range w.services {
				for d := 8.; d < 14; d++ {
					nights++
					tickets += min(1, len(b.between("wire:band:outside", name+"now", day(d), day(d+6./24))))
					if lasting(b.between("wire:band:outside", name+"sustained", day(d), day(d+6./24)), 4) {
						pages++
					}
				}
			}
			t.Logf("%d nights: %d with a minute outside, %d with the mean of five minutes outside for three", nights, tickets, pages)
			if float64(tickets) > 0.01*float64(nights) || float64(pages) > 0.001*float64(nights) {
				t.Error("that is more than one in a hundred, or one in a thousand for those that last")
			}
		})
	}
}

// lasting says whether so many of the minutes follow each other.
func lasting(minutes []sample, n int) bool {
	run := 1
	for i := 1; i < len(minutes); i++ {
		if run++; minutes[i].at.Sub(minutes[i-1].at) > time.Minute {
			run = 1
		}
		if run >= n {
			return true
		}
	}
	return n <= 1 && len(minutes) > 0
}
