package main

import (
	"os"
	"regexp"
	"testing"
)

// TestPageBill: the bill of materials of the built page (WIRE_TEST_PAGES) has the packages that its licences are of, each with the same licence, and
// with what npm has checked it against.
func TestPageBill(t *testing.T) {
	if os.Getenv("WIRE_TEST_PAGES") == "" {
		t.Skip("WIRE_TEST_PAGES is not set")
	}
	var bill struct {
		BomFormat, SpecVersion string
		Components             []struct {
			Name, Version, PURL string
			Hashes              []struct{ Alg, Content string }
			Licenses            []struct{ License struct{ ID string } }
		}
	}
	decodeFile(t, "viewer/dist/sbom.cdx.json", &bill)
	if bill.BomFormat != "CycloneDX" || bill.SpecVersion != "1.5" {
		t.Errorf("%s %s", bill.BomFormat, bill.SpecVersion)
	}
	var lock struct {
		Packages map[string]struct{ Version string }
	}
	decodeFile(t, "viewer/package-lock.json", &lock)
	locked := map[string]bool{}
	name := regexp.MustCompile(`.*node_modules/`)
	for path, p := range lock.Packages {
		locked[name.ReplaceAllString(path, "")+" "+p.Version] = true
	}
	has := map[string]string{}
	for _, c := range bill.Components {
		title := c.Name + " " + c.Version
		if !locked[title] || len(c.Licenses) != 1 || len(c.Hashes) != 1 || c.Hashes[0].Alg != "SHA-512" || len(c.Hashes[0].Content) != 128 ||
			!regexp.MustCompile(`^pkg:npm/(%40[\w.-]+/)?[\w.-]+@`+regexp.QuoteMeta(c.Version)+"$").MatchString(c.PURL) {
			t.Errorf("%+v", c)
			continue
		}
		has[title] = c.Licenses[0].License.ID
	}
	text, err := os.ReadFile("viewer/dist/licenses.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\S+ \d\S*) \(([^)]+)\)$`).FindAllStringSubmatch(string(text), -1) {
		all[m[1]] = m[2]
		if has[m[1]] != m[2] {
			t.Errorf("%s is under %s, and the bill says %q", m[1], m[2], has[m[1]])
		}
	}
	if len(all) < 100 || len(all) != len(has) {
		t.Errorf("%d packages in the bill, %d in licenses.txt", len(has), len(all))
	}
}
