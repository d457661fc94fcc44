package main

// Boards are all dashboards, in the order of the menu.
func Boards() []Board {
	return []Board{wall(), serviceBoard(), sqlBoard(), mapBoard(), network(), signalBoard(), longTerm(), sensor(), alerts()}
}
