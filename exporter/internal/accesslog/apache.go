package accesslog

import (
	"fmt"
	"strings"
)

// apache are the directives of Apache's LogFormat that say something here, some with the name in braces. The others are passed over.
var apache = map[string]field{
	"h": client, "a": client, "{c}a": client, "r": request, "m": method, "U": path, "v": host, "V": host, "s": status,
	"D": micros, "T": seconds, "{s}T": seconds, "{ms}T": millis, "{us}T": micros, "I": received, "O": sent, "B": sent, "b": sent, "X": connection,
	"{x-forwarded-for}i": forwarded, "{host}i": host, "{cookie}i": cookies, "{authorization}i": authorization,
	"{sec}t": epoch, "{msec}t": epochMillis, "{usec}t": epochMicros,
	"{begin:sec}t": epoch, "{begin:msec}t": epochMillis, "{begin:usec}t": epochMicros,
	"{end:sec}t": epoch, "{end:msec}t": epochMillis, "{end:usec}t": epochMicros,
}

// Apache reads a format as Apache's directive LogFormat has it: %h [%t] "%r" %>s %D. Its times are those of the request's
// beginning, but where end: is asked for.
func Apache(format string) (Format, error) {
	f := Format{begin: true}
	var tokens []token
	var before strings.Builder
	for rest := format; rest != ""; {
		c := rest[0]
		rest = rest[1:]
		if c != '%' {
			before.WriteByte(c)
			continue
		}
		var directive string
		if directive, rest = cutDirective(rest); directive == "" {
			return Format{}, fmt.Errorf("a %% has no directive behind it")
		}
		if directive == "%" {
			before.WriteByte('%')
			continue
		}
		t := token{field: apache[directive]}
		after := ""
		switch name, braces := strings.CutPrefix(directive, "{"); {
		case directive == "t":
			before.WriteByte('[')
			t.field, after = clfTime, "]"
		case braces && strings.HasSuffix(name, "}C"):
			t.field, t.name = cookie, strings.TrimSuffix(name, "}C")
		case braces && strings.HasSuffix(name, "}t"):
			if t.field == ignored {
				return Format{}, fmt.Errorf("%%%s is a time of a form that is not read; write %%t, %%{sec}t, %%{msec}t or %%{usec}t", directive)
			}
			if strings.HasPrefix(name, "end:") {
				f.begin = false
			}
		}
		t.before = before.String()
		tokens = append(tokens, t)
		before.Reset()
		before.WriteString(after)
	}
	f.text = layout(tokens, before.String())
	return f.check()
}

// cutDirective takes a directive without its modifiers off s: >s gives s. The name of a header is put into lower case.
func cutDirective(s string) (directive, rest string) {
	s = strings.TrimLeft(s, "!0123456789,<>")
	name := ""
	if strings.HasPrefix(s, "{") {
		i := strings.IndexByte(s, '}')
		if i < 0 {
			return "", ""
		}
		name, s = s[:i+1], s[i+1:]
	}
	n := min(1, len(s))
	if strings.HasPrefix(s, "^") { // %{name}^ti, a trailer
		n = min(3, len(s))
	}
	letter := s[:n]
	if letter == "i" {
		name = strings.ToLower(name)
	}
	if letter == "" {
		return "", ""
	}
	return name + letter, s[n:]
}
