package label

import (
	"bytes"
	"fmt"

	"wire_exporter/decoders"
)

// UserEvent is what a request means for the users of a service.
type UserEvent uint8

// The events.
const (
	NoUserEvent UserEvent = iota
	UserLogin
	UserLogout
)

// userRule is a UserRule, read.
type userRule struct {
	event  UserEvent
	method []byte
	path   pattern
	status []status
}

// status is a status code, or a class of them with its last two digits zero.
type status struct{ from, to int }

func parseStatus(s string) (status, error) {
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return status{}, fmt.Errorf("%q is neither a status code like 302 nor a class like 2xx", s)
	}
	class := int(s[0]-'0') * 100
	if s[1:] == "xx" || s[1:] == "XX" {
		return status{class, class + 99}, nil
	}
	if !isDigit(s[1]) || !isDigit(s[2]) {
		return status{}, fmt.Errorf("%q is neither a status code like 302 nor a class like 2xx", s)
	}
	code := class + int(s[1]-'0')*10 + int(s[2]-'0')
	return status{code, code}, nil
}

// parseUserRules is for rules that were checked.
func parseUserRules(event UserEvent, rules []UserRule) (out []userRule) {
	for _, r := range rules {
		u := userRule{event: event, method: []byte(r.Method), path: parsePatterns([]string{r.Path})[0]}
		for _, s := range r.Status {
			st, err := parseStatus(s)
			if err != nil {
				panic("BUG: a status was not checked: " + err.Error())
			}
			u.status = append(u.status, st)
		}
		out = append(out, u)
	}
	return out
}

// succeeded says whether a response's code is one the rule names; with none named every response of outcome ok is.
func (u *userRule) succeeded(t *decoders.Txn) bool {
	if len(u.status) == 0 {
		return t.Outcome == decoders.OK
	}
	code := 0
	for _, c := range t.Code {
		if !isDigit(c) || code > 999 {
			return false
		}
		code = 10*code + int(c-'0')
	}
	for _, s := range u.status {
		if code >= s.from && code <= s.to {
			return true
		}
	}
	return false
}

// Login says whether the transaction that Label was called with last (and found to be Counted) is a log-in or log-out, and
// how that ended: OK when the response is one the rule names, ClientError (refused) when it is another one although the
// request itself was answered with ok, and the transaction's own outcome in every other case.
func (l *Labeler) Login(t *decoders.Txn, s *Set) (UserEvent, decoders.Outcome) {
	if !l.userPath {
		return NoUserEvent, s.Outcome
	}
	path := onlyPath(t.Resource)
	for _, rules := range [...][]userRule{l.last.rules.Load().users, l.rules.users} {
		for i := range rules {
			u := &rules[i]
			if len(u.method) > 0 && !bytes.Equal(u.method, t.Operation) || !u.path.match(path) {
				continue
			}
			switch {
			case len(t.Code) > 0 && t.Outcome != decoders.Aborted && u.succeeded(t):
				return u.event, decoders.OK
			case t.Outcome == decoders.OK:
				return u.event, decoders.ClientError
			}
			return u.event, t.Outcome
		}
	}
	return NoUserEvent, s.Outcome
}
