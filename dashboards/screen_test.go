package main

import "testing"

// screen is how many rows of the grid are asked for at once on a screen of 1920x1080. A row of Grafana is 38 pixels (GRID_CELL_HEIGHT and
// GRID_CELL_VMARGIN of @grafana/scenes), and its panels ask as soon as they are less than 100 pixels below the window (rootMargin of its LazyLoader):
// with the 104 pixels of its bars 28.3 rows of a window in full screen; without bars 28.4 are seen. Of Perses 27 rows of 40 pixels are seen
// (ROW_HEIGHT and DEFAULT_MARGIN of @perses-dev/dashboards), and a panel asks when a fifth of it is.
const screen = 29

// most is how many queries the first screen of a dashboard may ask, so that it is there at once.
const most = 12

// TestFirstScreen counts them in the committed files: those of panels, Grafana's marks, and one more for exemplars.
func TestFirstScreen(t *testing.T) {
	for _, b := range Boards() {
		var g gDashboard
		decodeFile(t, "grafana/"+b.UID+".json", &g)
		grafana := len(g.Annotations.List)
		for _, p := range g.Panels {
			if p.GridPos.Y >= screen {
				continue
			}
			for _, q := range p.Targets {
				grafana++
				if q.Exemplar {
					grafana++
				}
			}
		}
		perses := persesFirst(t, b.UID)
		t.Logf("%s: %d queries of Grafana, %d of Perses", b.UID, grafana, perses)
		if grafana > most || perses > most {
			t.Errorf("%s: the first screen asks %d queries in Grafana and %d in Perses; %d are the most", b.UID, grafana, perses, most)
		}
	}
}

// persesFirst counts the queries of the first screen in Perses, whose rows are each a layout of its own.
func persesFirst(t *testing.T, name string) (n int) {
	t.Helper()
	var p pDashboard
	decodeFile(t, "perses/"+name+".json", &p)
	top := 0
	for _, l := range p.Spec.Layouts {
		bottom := 0
		if l.Spec.Display != nil {
			top++
			if !l.Spec.Display.Collapse.Open {
				continue
			}
		}
		for _, item := range l.Spec.Items {
			bottom = max(bottom, item.Y+item.Height)
			panel := p.Spec.Panels[item.Content.Ref[len("#/spec/panels/"):]].Spec
			if top+item.Y < screen {
				n += len(panel.Queries)
				if panel.Plugin.Kind == "HeatMapChart" {
					n++
				}
			}
		}
		top += bottom
	}
	return n
}
