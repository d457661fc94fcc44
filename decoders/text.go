package decoders

// Text is a copied string that lives from a request to its response. Its bytes are reused, so that after the first few
// requests setting it allocates nothing; what does not fit its limit is cut.
type Text struct{ b []byte }

// Set copies at most max bytes of b.
func (t *Text) Set(b []byte, max int) { t.b = append(t.b[:0], b[:min(len(b), max)]...) }

// Append adds b as far as the whole stays within max bytes.
func (t *Text) Append(b []byte, max int) {
	t.b = append(t.b, b[:min(len(b), room(max-len(t.b)))]...)
}

// Bytes is the text, valid until the next Set.
func (t *Text) Bytes() []byte { return t.b }

// Len is its length in bytes.
func (t *Text) Len() int { return len(t.b) }

// Clear empties it and keeps its room.
func (t *Text) Clear() { t.b = t.b[:0] }

// Cap is the room it occupies, in bytes.
func (t *Text) Cap() int { return cap(t.b) }

func room(n int) int { return max(n, 0) }
