package label

// earnAfter is how many requests with a proper answer a value needs before it gets a slot of its own.
const earnAfter = 3

// Candidates are all forgotten once a day of capture time, like values that are unseen.
const candidateLife = unseen

const (
	candidateSets = 1024
	candidateWays = 4
)

// candidates counts the requests of values that have no slot yet, in a table of fixed size. In a full set of the table a
// newcomer wears the weakest down instead of replacing it: a flood of values that are seen once does not keep a value that is
// seen often from earning its slot.
type candidates struct {
	sets  [candidateSets][candidateWays]candidate
	since int64
}

type candidate struct {
	key   uint64
	count uint8
}

// earn counts a request and says whether it was the one that earned the slot.
func (c *candidates) earn(key uint64, now int64) bool {
	if now-c.since >= candidateLife || now < c.since {
		clear(c.sets[:])
		c.since = now
	}
	set := &c.sets[key>>32%candidateSets]
	weakest := &set[0]
	for i := range set {
		x := &set[i]
		if x.key == key && x.count > 0 {
			if x.count++; x.count < earnAfter {
				return false
			}
			*x = candidate{}
			return true
		}
		if x.count < weakest.count {
			weakest = x
		}
	}
	if weakest.count > 0 {
		weakest.count--
		return false
	}
	*weakest = candidate{key, 1}
	return false
}
