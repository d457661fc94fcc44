package label

// FamilyStats is how full a family is.
type FamilyStats struct {
	Family Family
	// Values that have a slot: over all, or, where the budget is one of a service, in the service that has the most.
	Values int
	// Limit is the budget.
	Limit int
	// Folded counts the transactions whose value became "_other" although they had one: no room, not earned yet, or junk.
	Folded uint64
}

// Stats is the state of every family, in the order of the constants.
func (b *Book) Stats() (st [NumFamilies]FamilyStats) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	limits := b.rules.Load().limits
	for f := range NumFamilies {
		st[f] = FamilyStats{Family: f, Values: int(b.global.used[f].Load()), Limit: int(limits[f])}
		for _, l := range b.workers {
			st[f].Folded += l.folded[f].Load()
		}
	}
	for _, s := range b.slots {
		if s.of == nil {
			continue
		}
		for _, f := range [...]Family{Operations, Resources, Codes, Databases, Statements} {
			st[f].Values = max(st[f].Values, int(s.of.used[f].Load()))
		}
	}
	return st
}
