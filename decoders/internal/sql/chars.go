package sql

// class says what a byte may begin or continue.
type class uint8

const (
	letter class = 1 << iota // begins a word: letters, '_' and every byte of a character beyond ASCII
	digit
	inWord // continues a word
	space  // white space; control characters too: they separate, and get no further
	plain  // always a token by itself
)

var classes, fold, wordByte = makeChars()

// fold is a byte in lower case (ASCII only); wordByte is that too, and 0 for what is not inWord.
func makeChars() (classes [256]class, fold, wordByte [256]byte) {
	for i := range 256 {
		c := byte(i)
		fold[i] = c
		switch {
		case c >= 'A' && c <= 'Z':
			fold[i] = c + 'a' - 'A'
			classes[i] = letter | inWord
		case c >= 'a' && c <= 'z', c == '_', c >= 0x80:
			classes[i] = letter | inWord
		case c >= '0' && c <= '9':
			classes[i] = digit | inWord
		case c == '$':
			classes[i] = inWord
		case c <= ' ' || c == 0x7f:
			classes[i] = space
		}
		if classes[i]&inWord != 0 {
			wordByte[i] = fold[i]
		}
	}
	for _, c := range "(),;=<>+]{}" {
		classes[c] = plain
	}
	return classes, fold, wordByte
}

func is(c byte, k class) bool { return classes[c]&k != 0 }
