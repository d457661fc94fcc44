package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/rules/backtest/engine"
	"wire_exporter/rules/backtest/score"
)

// report is what is printed.
type report struct {
	From, To time.Time
	*engine.Result
	Scores map[string]score.Score `json:",omitempty"` // by severity

	counted time.Time // since when costs and times outside are counted
}

// since leaves out what ended before.
func (r *report) since(from time.Time) {
	r.Episodes = slices.DeleteFunc(r.Episodes, func(e engine.Episode) bool { return e.To.Before(from) })
}

func (r *report) score(events []score.Event) {
	r.Scores = map[string]score.Score{}
	bySeverity := map[string][]engine.Episode{}
	for _, e := range r.Episodes {
		s := e.Labels.Get("severity")
		bySeverity[s] = append(bySeverity[s], e)
	}
	for s, episodes := range bySeverity {
		r.Scores[s] = score.Of(episodes, events)
	}
	r.Scores["any"] = score.Of(r.Episodes, events)
}

func (r *report) json(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	return e.Encode(r)
}

func (r *report) print(out io.Writer, top int) error {
	if top == 0 {
		top = 1 << 30
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	weeks := r.To.Sub(r.From).Hours() / 168
	fmt.Fprintf(t, "%s to %s, %.2f weeks\n\n", stamp(r.From), stamp(r.To), weeks)
	r.printEpisodes(t, top)
	r.printAlerts(t, weeks)
	r.printOutside(t, top)
	r.printCosts(t, top)
	for _, s := range slices.Sorted(maps.Keys(r.Scores)) {
		v := r.Scores[s]
		fmt.Fprintf(t, "%s:\tprecision %.2f\trecall %.2f\tF1 %.2f\t%d of %d events found, %d of %d episodes false\tmedian delay %s\n",
			cmp.Or(s, "no severity"), v.Precision(), v.Recall(), v.F1(), v.Found, v.Events, v.False, v.Episodes, v.Delay)
	}
	return t.Flush()
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func (r *report) printEpisodes(out io.Writer, top int) {
	if len(r.Episodes) == 0 {
		fmt.Fprint(out, "no alert would have fired\n\n")
		return
	}
	fmt.Fprintln(out, "FIRED (UTC)\tFOR\tSEVERITY\tALERT\tABOUT\tSUMMARY")
	for i, e := range r.Episodes {
		if i == top {
			fmt.Fprintf(out, "and %d more\n", len(r.Episodes)-top)
			break
		}
		lasted := e.To.Sub(e.From).Round(time.Minute).String()
		lasted = strings.TrimSuffix(lasted, "0s")
		if e.Open {
			lasted += "+"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", stamp(e.From), lasted, e.Labels.Get("severity"), e.Alert, about(e.Labels), e.Annotations.Get("summary"))
	}
	fmt.Fprintln(out)
}

// about are the labels without those that have columns of their own.
func about(l labels.Labels) string {
	var pairs []string
	l.Range(func(l labels.Label) {
		if l.Name != "alertname" && l.Name != "severity" {
			pairs = append(pairs, l.Name+"="+l.Value)
		}
	})
	return strings.Join(pairs, " ")
}

func (r *report) printAlerts(out io.Writer, weeks float64) {
	type sum struct {
		episodes int
		time     time.Duration
	}
	all := map[string]*sum{}
	for _, e := range r.Episodes {
		key := e.Alert + "\t" + e.Labels.Get("severity")
		if all[key] == nil {
			all[key] = &sum{}
		}
		all[key].episodes++
		all[key].time += e.To.Sub(e.From)
	}
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(out, "ALERT\tSEVERITY\tEPISODES\tA WEEK\tFIRING")
	for _, key := range slices.Sorted(maps.Keys(all)) {
		s := all[key]
		fmt.Fprintf(out, "%s\t%d\t%.2f\t%s\n", key, s.episodes, float64(s.episodes)/weeks, s.time.Round(time.Minute))
	}
	fmt.Fprintln(out)
}

func (r *report) printOutside(out io.Writer, top int) {
	if len(r.Outside) == 0 {
		return
	}
	span := r.To.Sub(r.counted)
	fmt.Fprintln(out, "OUTSIDE ITS BAND\tTIME\tSHARE")
	for i, o := range r.Outside {
		if i == top {
			fmt.Fprintf(out, "and %d more\n", len(r.Outside)-top)
			break
		}
		fmt.Fprintf(out, "%s\t%s\t%.3f %%\n", about(o.Labels.MatchLabels(false, labels.MetricName)), o.Time, 100*o.Time.Seconds()/span.Seconds())
	}
	fmt.Fprintln(out)
}

func (r *report) printCosts(out io.Writer, top int) {
	costs := slices.Clone(r.Costs)
	slices.SortStableFunc(costs, func(a, b engine.Cost) int { return cmp.Compare(b.Samples, a.Samples) })
	var samples int64
	var spent time.Duration
	for _, c := range costs {
		samples, spent = samples+c.Samples, spent+c.Time
	}
	fmt.Fprintln(out, "RULE\tEVALUATIONS\tRESULTS\tSAMPLES READ\tTIME")
	for i, c := range costs {
		if i == top {
			fmt.Fprintf(out, "and %d more\n", len(costs)-top)
			break
		}
		fmt.Fprintf(out, "%s/%s\t%d\t%d\t%d\t%s\n", c.Group, c.Name, c.Evaluations, c.Results, c.Samples, c.Time.Round(time.Millisecond))
	}
	fmt.Fprintf(out, "all %d rules\t\t\t%d\t%s\n", len(costs), samples, spent.Round(time.Millisecond))
	if minutes := r.signalMinutes(); minutes > 0 {
		fmt.Fprintf(out, "%.1f samples read for each minute of a signal\n", float64(samples)/minutes)
	}
	fmt.Fprintln(out)
}

// signalMinutes is how many samples the signals have.
func (r *report) signalMinutes() (n float64) {
	for _, c := range r.Costs {
		if c.Name == "wire:signal:value" {
			n += float64(c.Results)
		}
	}
	return n
}
