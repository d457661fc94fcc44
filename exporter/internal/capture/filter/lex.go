package filter

import (
	"fmt"
	"strings"
)

// token is a word or sign of an expression. The end is a token without text.
type token struct {
	text string
	at   int // byte offset in the expression
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/-_\\"

// lex cuts an expression into tokens.
func lex(text string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(text); {
		n := 1
		switch c := text[i]; {
		case strings.ContainsRune(" \t\r\n", rune(c)):
			i++
			continue
		case strings.HasPrefix(text[i:], "&&"), strings.HasPrefix(text[i:], "||"):
			n = 2
		case c == '(' || c == ')' || c == '!':
		default:
			n = 0
			for i+n < len(text) && strings.IndexByte(letters, text[i+n]) >= 0 {
				n++
			}
			if n == 0 {
				return nil, errorAt(i, "%q has no meaning here", firstRune(text[i:]))
			}
		}
		tokens = append(tokens, token{text[i : i+n], i})
		i += n
	}
	return append(tokens, token{"", len(text)}), nil
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// errorAt is an error at a byte offset; people count from 1.
func errorAt(at int, format string, args ...any) error {
	return fmt.Errorf("filter: at character %d: %s", at+1, fmt.Sprintf(format, args...))
}

// expected is the error of a token that is not what should be there.
func (t token) expected(what string) error {
	if t.text == "" {
		return errorAt(t.at, "expected %s, but it ends", what)
	}
	return errorAt(t.at, "expected %s, got %q", what, t.text)
}
