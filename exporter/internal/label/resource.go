package label

import "wire_exporter/decoders"

// resource is the ID of what a transaction asks for, and whether the configuration leaves it out.
func (l *Labeler) resource(svc *service, t *decoders.Txn) (id ID, ignored bool) {
	if !t.ResourceIsPath {
		if len(t.Resource) == 0 {
			return None, false
		}
		x := l.shortOf(svc, Resources, t.Resource)
		if x.slot == nil || x.slot.dead.Load() {
			x.slot = l.earned(svc, t.Resource, t, goodTable)
		} else {
			x.slot.touch(l.now)
		}
		return l.idOf(x.slot), false
	}
	path := onlyPath(t.Resource)
	key := max(1, l.book.hash(path)^svc.salt[rawPaths])
	x, fresh := l.pathOf(key)
	if fresh {
		*x = l.newPath(svc, path, key)
	} else if x.slot != nil && x.slot.dead.Load() {
		x.slot = nil
	}
	if x.ignored {
		return None, true
	}
	l.userPath = x.user
	if x.slot == nil {
		x.slot = l.earned(svc, Template(l.text[:0], path), t, answered)
	} else {
		x.slot.touch(l.now)
	}
	return l.idOf(x.slot), false
}

// newPath is what the configuration says of a path.
func (l *Labeler) newPath(svc *service, path []byte, key uint64) pathEntry {
	x := pathEntry{key: key, ignored: l.rules.ignoredPaths.first(path) >= 0}
	sr := svc.rules.Load()
	for _, users := range [...][]userRule{sr.users, l.rules.users} {
		for i := range users {
			x.user = x.user || users[i].path.match(path)
		}
	}
	if i := sr.paths.first(path); i >= 0 {
		x.slot = sr.slots[i]
	}
	return x
}

// goodTable says whether a transaction counts for its table.
func goodTable(t *decoders.Txn) bool {
	return t.Outcome != decoders.ClientError && answered(t) && isIdentifier(t.Resource)
}

// earned is the slot of a value that has to earn it; nil: none yet. good says whether this transaction counts for it.
func (l *Labeler) earned(svc *service, text []byte, t *decoders.Txn, good func(*decoders.Txn) bool) *slot {
	b := l.book
	key := b.hash(text) ^ svc.salt[Resources]
	s := b.values.find(key)
	if s == nil && svc.used[Resources].Load() < l.rules.limits[Resources] && good(t) && l.young.earn(key, l.now) {
		s = b.give(&svc.owner, Resources, l.rules.limits[Resources], key, text)
	}
	if s == nil || s.text != string(text) {
		return nil
	}
	s.touch(l.now)
	return s
}

func (l *Labeler) idOf(s *slot) ID {
	if s == nil {
		l.fold(Resources)
		return Other
	}
	return s.id
}

// answered says whether the answer speaks for the existence of what was asked for. What a scanner gets (bad request, not
// allowed, not found, not implemented) does not, nor does no answer.
func answered(t *decoders.Txn) bool {
	switch t.Outcome {
	case decoders.OK, decoders.ClientError, decoders.ServerError:
	default:
		return false
	}
	switch string(t.Code) {
	case "400", "401", "403", "404", "405", "410", "414", "501":
		return false
	}
	return len(t.Code) > 0 || t.FirstByte != 0
}
