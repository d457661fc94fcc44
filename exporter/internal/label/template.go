package label

// The bounds of a template.
const (
	maxDepth   = 8  // segments; the rest is cut
	maxSegment = 40 // bytes of a segment's template; a longer one is an identifier
	cut        = "/…"
	// templateRoom holds a template while it is made: one segment more than it may have, which is seen to be too long when it
	// is by one word or placeholder.
	templateRoom = MaxText + 1 + maxSegment + longestWord
)

// Template appends to dst the template of a path without query: every segment that looks like an identifier, a number, a
// date, an address or any other text that belongs to one object or person is replaced by {id}, {uuid}, {hash}, {date}, {ip}
// or {email}, alone ("/accounts/{id}") or inside a segment ("/main.{hash}.js"). Matrix parameters and empty segments are
// dropped. The result is printable, has at most MaxText bytes and eight segments (a "/…" stands for the rest), and is its own
// template. It is a rule of thumb: words are kept, whatever they mean; routes whose identifiers are words ("/users/alice")
// need a configured path.
func Template(dst, path []byte) []byte {
	if string(path) == "*" { // OPTIONS * (RFC 9110 section 7.1)
		return append(dst, '*')
	}
	start := len(dst)
	for depth := 0; ; depth++ {
		var seg []byte
		if seg, path = segment(path); seg == nil {
			break
		}
		before := len(dst)
		if depth < maxDepth && string(seg) != cut[1:] {
			dst = append(dst, '/')
			dst = appendSegment(dst, seg)
			if len(dst)-start <= MaxText-len(cut) {
				continue
			}
		}
		return append(dst[:before], cut...)
	}
	if len(dst) == start {
		dst = append(dst, '/')
	}
	return dst
}

// The placeholders.
const (
	idHolder    = "{id}"
	uuidHolder  = "{uuid}"
	hashHolder  = "{hash}"
	dateHolder  = "{date}"
	ipHolder    = "{ip}"
	emailHolder = "{email}"
)

var holders = [...]string{idHolder, uuidHolder, hashHolder, dateHolder, ipHolder, emailHolder}

// The bounds of what a segment keeps of its text.
const (
	maxWords  = 6 // more are a title, and titles are many
	maxDigits = 3 // over all its words
)

// appendSegment appends the template of one segment: the whole replaced, or word by word.
func appendSegment(dst, s []byte) []byte {
	var in class
	for _, c := range s {
		in |= classes[c]
	}
	if in&^word == 0 {
		if holder := wordHolder(s); holder != "" {
			return append(dst, holder...)
		}
		return append(dst, s...)
	}
	if holder := wholeHolder(s, in); holder != "" {
		return append(dst, holder...)
	}
	if isVersion(s) {
		return append(dst, s...)
	}
	w := words{dst: dst, start: len(dst)}
	for i := 0; i < len(s); {
		n, ok := w.next(s[i:])
		if !ok || len(w.dst)-w.start > maxSegment {
			return append(dst, idHolder...)
		}
		i += n
	}
	return w.end()
}

// words builds a segment of words, separators and at most one placeholder.
type words struct {
	dst    []byte
	start  int
	holder string // the placeholder; adjacent ones become a single one
	at     int    // where it begins in dst
	open   bool   // nothing but separators since the placeholder
	joined bool   // the last byte was no separator
	count  int
	digits int // of all words
	last   int // of the last one, when a dot stands before it
}

// next takes one word, separator or placeholder off the front of s. False: the segment is better replaced as a whole.
func (w *words) next(s []byte) (n int, ok bool) {
	if classes[s[0]]&separator != 0 {
		w.dst = append(w.dst, s[0])
		w.joined = false
		return 1, true
	}
	if w.joined {
		return 0, false
	}
	w.joined = true
	if n, holder := leadingHolder(s); n > 0 {
		return n, w.replace(holder)
	}
	for n < len(s) && classes[s[n]]&word != 0 {
		n++
	}
	if n == 0 {
		return 0, false
	}
	if holder := wordHolder(s[:n]); holder != "" {
		return n, w.replace(holder)
	}
	w.keep(s[:n])
	return n, true
}

// keep takes a word over.
func (w *words) keep(word []byte) {
	digits := 0
	for _, c := range word {
		digits += int(classes[c] & digit)
	}
	w.last = 0
	if len(w.dst) > w.start && w.dst[len(w.dst)-1] == '.' {
		w.last = digits
	}
	w.digits += digits
	w.count++
	w.open = false
	w.dst = append(w.dst, word...)
}

// replace puts a placeholder in. A second one is only right when nothing but separators lies between them.
func (w *words) replace(holder string) bool {
	if w.holder != "" {
		if !w.open {
			return false
		}
		holder = idHolder
		w.dst = w.dst[:w.at]
	}
	w.holder, w.at, w.open, w.last = holder, len(w.dst), true, 0
	w.dst = append(w.dst, holder...)
	return true
}

// end is the segment. Beside a placeholder no digit stays but those of a file's extension: it may belong to the identifier.
func (w *words) end() []byte {
	switch {
	case w.count == 0 && w.holder != "":
		return append(w.dst[:w.start], w.holder...)
	case w.count > maxWords, w.digits > maxDigits, w.holder != "" && w.digits > w.last:
		return append(w.dst[:w.start], idHolder...)
	}
	return w.dst
}
