package config

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultCookies are the names under which common servers and frameworks keep a session, each with a value that stays the
// same for as long as the session. Cookies whose value is made anew with every response (Laravel's laravel_session, the
// "session" of Flask and Starlette) would make a user of every request, and are left out for that.
func DefaultCookies() []string {
	return []string{
		"JSESSIONID", "PHPSESSID", "ASP.NET_SessionId", ".AspNetCore.Session", "SESSION", "SESSIONID", "sessionid",
		"connect.sid", "_session_id", "CGISESSID", "beaker.session.id", "sails.sid", "koa.sid", "sid",
	}
}

// usersSection reads what tells one user from another.
func (p *parser) usersSection(n node) {
	s := p.cfg.Sessions
	n.fields(
		// Names of the cookies that hold a session, compared exactly. The first in this order that a request has wins. `[]`: none.
		field{"cookies", func(n node) {
			s.Cookies = atMost(n, maxCookies, texts(n, "[SESSIONID]", checkCookie))
		}},
		// Names of headers that hold a session, in any case.
		field{"headers", func(n node) {
			s.Headers = atMost(n, maxHeaders, texts(n, "[x-session-id]", checkHeader))
			for i := range s.Headers {
				s.Headers[i] = strings.ToLower(s.Headers[i])
			}
		}},
		// Whether the token in `Authorization: Bearer` is a session.
		field{"bearer", func(n node) { s.Bearer, _ = n.flag() }},
		// Networks of proxies and load balancers whose `X-Forwarded-For` is believed. The client is the last address in it that is no trusted proxy.
		field{"trusted_proxies", func(n node) { p.proxies, s.TrustedProxies = &n, p.networkList(n) }},
		// A file with the key of the hash, 16 to 4096 bytes. A relative name is looked for beside the configuration file. Default: a random key for as
		// long as the program runs.
		field{"key_file", p.readKey},
		// Which requests are log-ins; see below.
		field{"logins", func(n node) { p.cfg.Label.Logins = userRules(n) }},
		// Which requests are log-outs.
		field{"logouts", func(n node) { p.cfg.Label.Logouts = userRules(n) }},
	)
}

// atMost holds a list to what every request can be searched for.
func atMost(n node, most int, values []string) []string {
	if len(values) > most {
		n.wrong("%d names; every request is searched for them, so at most %d are allowed", len(values), most)
	}
	return values
}

func checkCookie(s string) error {
	if !token.MatchString(s) || len(s) > 128 {
		return fmt.Errorf("%s is no cookie's name; write it like SESSIONID", quote(s))
	}
	return nil
}

func checkHeader(s string) error {
	switch l := strings.ToLower(s); {
	case !token.MatchString(s) || len(s) > 128:
		return fmt.Errorf("%s is no header's name; write it like x-session-id", quote(s))
	case l == "cookie":
		return fmt.Errorf("%s holds all cookies; write the name of the one that holds the session under users.cookies", quote(s))
	case l == "authorization":
		return fmt.Errorf("%s is what users.bearer is for; write bearer: true", quote(s))
	}
	return nil
}

const (
	minKey = 16 // bytes of a key file
	maxKey = 4096
)

// readKey reads the file with the key of the sessions' hash.
func (p *parser) readKey(n node) {
	const how = `make it with "head -c 32 /dev/urandom"`
	p.keyFile = &n
	name, ok := n.text("/etc/wire_exporter/session.key")
	if !ok {
		return
	}
	if name == "" {
		n.wrong("the name is empty; write it like /etc/wire_exporter/session.key")
		return
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(p.report.file), name)
	}
	secret, mode, err := p.secret(name)
	switch {
	case err != nil:
		n.wrong("%s; %s", err, how)
		return
	case len(secret) < minKey:
		n.wrong("%s holds %d bytes, which is too short for a key; %s", name, len(secret), how)
		return
	case len(bytes.Trim(secret, string(secret[:1]))) == 0:
		n.wrong("%s holds one byte over and over; %s", name, how)
		return
	}
	if mode.Perm()&0o007 != 0 {
		n.warn("%s can be read by everybody on this host; take that away with chmod o-rwx", name)
	}
	p.cfg.Sessions.Key = hashKey(secret)
}

// hashKey makes a key of the whole content of a file, whatever its length.
func hashKey(secret []byte) (key [16]byte) {
	sum := sha256.Sum256(slices.Concat([]byte("wire_exporter session key\x00"), secret))
	copy(key[:], sum[:])
	return key
}
