package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/decoders/all"
	"wire_exporter/exporter/internal/config"
)

const configurationPage = "../docs/configuration.md"

// section is a table of keys. beside has what a key is only looked at together with.
type section struct {
	around, functions string
	beside            map[string]string
}

// sections are the tables of keys in docs/configuration.md: by the name in their marker, where such keys stand in a file (KEYS is put in
// their place) and the functions of package config that read them, whose comments say what each key means.
var sections = map[string]section{
	"measure":         {`measure: KEYS`, "measure", nil},
	"services":        {`services: [KEYS]`, "services", nil},
	"clients":         {`clients: [KEYS]`, "clients", nil},
	"users":           {`users: KEYS`, "usersSection", nil},
	"users.logins":    {`users: {logins: [KEYS]}`, "userRules", nil},
	"ignore":          {`ignore: KEYS`, "ignore", nil},
	"limits":          {`limits: KEYS`, "limits", nil},
	"protocols":       {`protocols: {proxy: KEYS}`, "protocol", nil},
	"flow":            {`flow: KEYS`, "flow", nil},
	"calendar":        {`calendar: KEYS`, "calendar holidaysField daysField maintenanceField", nil},
	"holidays":        {`calendar: {holidays: [KEYS]}`, "holidays fields", nil},
	"days":            {`calendar: {days: [KEYS]}`, "ownDays fields", nil},
	"maintenance":     {`calendar: {maintenance: [KEYS]}`, "maintenance", map[string]string{"from": `, to: "04:00", every: [day]`, "to": `, from: "22:00", every: [day]`}},
	"access_logs":     {`access_logs: [KEYS]`, "accessLogs", nil},
	"protocols.http1": {`protocols: {http1: KEYS}`, "../decoders/http1", nil},
	"protocols.mysql": {`protocols: {mysql: KEYS}`, "../decoders/mysql", nil},
}

var keyTable = regexp.MustCompile(`(?ms)^<!-- keys: (\S+) -->\n.*?^<!-- end -->$`)

// TestConfigurationPage: the tables of docs/configuration.md are what the program itself says of its keys. Which there are, what may stand
// behind them and which are required come from its answers to files with mistakes; what they mean from the comments where they are read; defaults
// from an empty file. With -update the tables are written anew; all other text of the page stays.
func TestConfigurationPage(t *testing.T) {
	page, err := os.ReadFile(configurationPage)
	if err != nil {
		t.Fatal(err)
	}
	r := newReference(t)
	left := map[string]bool{}
	for name := range sections {
		left[name] = true
	}
	got := keyTable.ReplaceAllFunc(page, func(old []byte) []byte {
		name := string(keyTable.FindSubmatch(old)[1])
		if !left[name] {
			t.Fatalf("%s has a table %q that nobody knows, or twice", configurationPage, name)
		}
		delete(left, name)
		return r.table(name)
	})
	for name := range left {
		t.Errorf("%s has no table <!-- keys: %s -->", configurationPage, name)
	}
	for _, key := range r.keys("KEYS") {
		if !bytes.Contains(page, []byte("\n## "+key+"\n")) {
			t.Errorf("%s has no section %q", configurationPage, key)
		}
	}
	for _, key := range r.keys(`access_logs: [{json: KEYS}]`) {
		if !bytes.Contains(page, []byte("`"+key+"`")) {
			t.Errorf("%s does not name %q", configurationPage, key)
		}
	}
	for _, p := range all.Plugins {
		if _, described := sections["protocols."+p.Name]; !described && len(ownKeys(t, p)) > 0 {
			t.Errorf("%s does not describe the keys of %s", configurationPage, p.Name)
		}
	}
	golden(t, configurationPage, got)
}

// reference asks the program about the keys of its configuration.
type reference struct {
	t        *testing.T
	file     string
	comments map[string]map[string]comment // by function, by key
	empty    *config.Config
}

func newReference(t *testing.T) *reference {
	r := &reference{t: t, file: filepath.Join(t.TempDir(), "f"), comments: readComments(t, "internal/config")}
	var err error
	if r.empty, err = config.Load("", all.Plugins); err != nil {
		t.Fatal(err)
	}
	for _, s := range sections {
		if strings.HasPrefix(s.functions, "../") {
			maps.Copy(r.comments, readComments(t, s.functions))
		}
	}
	return r
}

// ask is what the program says is wrong with a file, without its places.
func (r *reference) ask(file string) (texts []string) {
	if err := os.WriteFile(r.file, []byte(file), 0o600); err != nil {
		r.t.Fatal(err)
	}
	_, err := config.Load(r.file, all.Plugins)
	var mistakes config.Mistakes
	if err != nil && !errors.As(err, &mistakes) {
		r.t.Fatal(err)
	}
	for _, m := range mistakes {
		texts = append(texts, m.Text)
	}
	return texts
}

const noKey = "x.x.x.x.x.x.x.x.x.x.x.x" // like none that there is, so that the answer lists all

// keys are those that may stand at KEYS.
func (r *reference) keys(around string) []string {
	for _, text := range r.ask(strings.ReplaceAll(around, "KEYS", "{"+noKey+": 1}")) {
		if _, known, ok := strings.Cut(text, "unknown key \""+noKey+"\"; write one of "); ok {
			return strings.Split(known, ", ")
		}
	}
	r.t.Fatalf("%s: nobody says which keys there are", around)
	return nil
}

// table is what is said of the keys of one section.
func (r *reference) table(name string) []byte {
	s := sections[name]
	b := bytes.NewBufferString("<!-- keys: " + name + " -->\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n")
	keys := []string{"enabled", "ports"}
	if name != "protocols" {
		keys = r.inOrder(s.functions, r.keys(s.around))
	}
	for _, key := range keys {
		meaning, standard, _ := strings.Cut(sentence(r.comment(s.functions, key).text), " Default: ")
		standard = strings.TrimSuffix(standard, ".")
		if standard == "" {
			standard = r.standard(name, key)
		}
		if r.required(s.around, key) {
			standard = "required"
		}
		standard = cmp.Or(standard, "none")
		value := r.value(strings.ReplaceAll(s.around, "KEYS", "{"+key+": VALUE"+s.beside[key]+"}"))
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", key, value, standard, meaning)
	}
	b.WriteString("<!-- end -->")
	return b.Bytes()
}

// inOrder are the keys as they stand in the code.
func (r *reference) inOrder(functions string, keys []string) []string {
	slices.SortFunc(keys, func(a, b string) int { return r.comment(functions, a).place - r.comment(functions, b).place })
	return keys
}

// comment is what stands above the key in one of the functions.
func (r *reference) comment(functions, key string) comment {
	for i, f := range strings.Fields(functions) {
		if c, ok := r.comments[f][key]; ok {
			c.place += i << 20
			return c
		}
	}
	r.t.Fatalf("%s: no comment says what %q means", functions, key)
	return comment{}
}

var ofField = regexp.MustCompile(`^[A-Z]\w+[A-Z]\w* is (\w)`)

// sentence is a comment without the name of the field that it begins with.
func sentence(comment string) string {
	return ofField.ReplaceAllStringFunc(comment, func(s string) string { return strings.ToUpper(s[len(s)-1:]) })
}

// required says whether the section makes no sense without the key.
func (r *reference) required(around, key string) bool {
	other := map[bool]string{true: "networks", false: "name"}[key == "name"] // a mapping without any key is not looked at
	file := strings.ReplaceAll(around, "KEYS", "{"+other+": }")
	return slices.ContainsFunc(r.ask(file), func(text string) bool { return strings.Contains(text, ": "+key+" is missing; ") })
}

var (
	wanted = regexp.MustCompile(`stands? where (a list is|one value is|keys are) wanted; write (?:it like )?(.*)$`)
	most   = regexp.MustCompile(`at most (\d+) are allowed`)
	advice = regexp.MustCompile(`; (write|did you mean) (.*)$`)
)

// value is what may stand at VALUE.
func (r *reference) value(around string) string {
	of := func(value string, pattern *regexp.Regexp) []string {
		for _, text := range r.ask(strings.ReplaceAll(around, "VALUE", value)) {
			if m := pattern.FindStringSubmatch(text); m != nil && !strings.Contains(text, " is missing; ") {
				return m
			}
		}
		return nil
	}
	if m := of("{"+noKey+": 1}", wanted); m != nil && m[1] == "a list is" {
		value := "a list like " + code(m[2])
		if strings.Contains(m[2], "or a list like ") {
			value = strings.Replace(m[2], "or a list like [", "or a list like `[", 1) + "`"
		}
		many := of(listOf(101), most)
		if many == nil {
			many = of(listOf(10001), most)
		}
		if many == nil {
			r.t.Fatalf("%s: a list without an end", around)
		}
		return value + "; at most " + many[1]
	} else if m != nil {
		if limit := of(`"!\t"`, advice); limit != nil && !strings.HasPrefix(limit[2], "it like ") && !strings.HasPrefix(limit[2], "one like ") && !strings.HasPrefix(limit[2], "it without") && !strings.HasPrefix(limit[2], "the name of") {
			return limit[2]
		}
		return "like " + code(m[2])
	}
	if m := of("{"+noKey+": 1}", regexp.MustCompile(`this is not allowed here; write (.*)$`)); m != nil { // a protocol's own key
		return limits(of("-1", regexp.MustCompile(`is not (between \d+ and \d+)`)), m[1])
	}
	return "keys"
}

// listOf is a list of so many different values, which are addresses: names would be looked up.
func listOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "192.0.%d.%d,", i>>8, i&0xff)
	}
	return "[" + b.String() + "]"
}

func limits(m []string, standard string) string {
	if m == nil {
		return standard
	}
	return "a whole number " + m[1]
}

func code(s string) string {
	if strings.Contains(s, "`") {
		return s
	}
	return "`" + s + "`"
}

// standard is the default of a key, where an empty file has one.
func (r *reference) standard(section, key string) string {
	pick := func(v any) string {
		f := reflect.ValueOf(v).FieldByNameFunc(func(field string) bool {
			return strings.EqualFold(strings.ReplaceAll(key, "_", ""), field) || key == "hold_bytes" && field == "Hold"
		})
		switch {
		case !f.IsValid() || f.Kind() == reflect.Slice && f.Len() == 0:
			return ""
		case f.Type() == reflect.TypeFor[time.Duration]():
			return "`" + regexp.MustCompile(`([hm])0[ms](0s)?$`).ReplaceAllString(f.Interface().(time.Duration).String(), "$1") + "`"
		case f.Kind() == reflect.Slice:
			var names []string
			for i := range f.Len() {
				names = append(names, "`"+f.Index(i).String()+"`")
			}
			return strings.Join(names, ", ")
		}
		return fmt.Sprintf("`%v`", f.Interface())
	}
	switch {
	case section == "limits":
		return pick(r.empty.Label.Limits)
	case section == "flow":
		return pick(r.empty.Flow)
	case section == "users" && (key == "cookies" || key == "bearer"):
		return pick(*r.empty.Sessions)
	case strings.HasPrefix(section, "protocols."):
		for _, p := range all.Plugins {
			if p.Name == strings.TrimPrefix(section, "protocols.") {
				return "`" + fmt.Sprint(ownKeys(r.t, p)[key]) + "`"
			}
		}
	}
	return ""
}

// ownKeys are the keys that a protocol reads itself, and their defaults.
func ownKeys(t *testing.T, p decoders.Plugin) map[string]any {
	keys := map[string]any{}
	_, err := p.New(decoders.Env{Sessions: new(decoders.Sessions)}, func(v any) error {
		for s, i := reflect.ValueOf(v).Elem(), 0; i < s.NumField(); i++ {
			keys[s.Type().Field(i).Tag.Get("yaml")] = s.Field(i).Interface()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
