package shop

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"
)

// open starts a shop, unless a demo on this machine has the addresses.
func open(t *testing.T) *Shop {
	t.Helper()
	s, err := Open(nil, Visitors)
	if errors.Is(err, syscall.EADDRINUSE) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestShopAnswers(t *testing.T) {
	open(t)
	tests := []struct {
		method, path string
		want         int
	}{
		{"GET", "/products/p-1", http.StatusOK},
		{"HEAD", "/products/p-1", http.StatusOK},
		{"GET", "/products/gone", http.StatusNotFound},
		{"GET", "/accounts/user1", http.StatusUnauthorized},
		{"POST", "/login", http.StatusUnauthorized},
	}
	for _, tt := range tests {
		// A few calls of a thousand fail on purpose.
		fine := slices.ContainsFunc(make([]struct{}, 5), func(struct{}) bool {
			return ask(t, tt.method, tt.path) == tt.want
		})
		if !fine {
			t.Errorf("%s %s: never %d", tt.method, tt.path, tt.want)
		}
	}
}

func ask(t *testing.T, method, path string) int {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+webAddr.String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode
}

func TestDeadMeansRefused(t *testing.T) {
	s := open(t)
	dial := func() error {
		c, err := net.Dial("tcp4", paymentsAddr.String())
		if err == nil {
			c.Close()
		}
		return err
	}
	for _, step := range []struct {
		kind    string
		refused bool
	}{{"dead", true}, {"dead", true}, {"slow", false}, {"dead", true}, {"off", false}} {
		if _, err := s.Break(step.kind); err != nil {
			t.Fatal(err)
		}
		if got := errors.Is(dial(), syscall.ECONNREFUSED); got != step.refused {
			t.Errorf("after %s: refused is %v", step.kind, got)
		}
	}
	if _, err := s.Break("unheard of"); err == nil {
		t.Error("an unknown incident was accepted")
	}
}

// TestIncidentsHitOneService: whatever goes wrong, goes wrong there only.
func TestIncidentsHitOneService(t *testing.T) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range Incidents {
		var s Shop
		s.trouble.Store(&Incidents[i])
		req := httptest.NewRequest("GET", "/", nil).WithContext(gone)
		if !s.suffer("somebody else", httptest.NewRecorder(), req) {
			t.Errorf("%s hits another service", Incidents[i].Kind)
		}
		if Incidents[i].Kind == "hang" && s.suffer(Incidents[i].Service, httptest.NewRecorder(), req) {
			t.Error("hang lets a call through")
		}
	}
}

func TestNextSpan(t *testing.T) {
	first := nextSpan("")
	second := nextSpan(first)
	a, b := strings.Split(first, "-"), strings.Split(second, "-")
	if len(a) != 4 || len(a[1]) != 32 || len(a[2]) != 16 {
		t.Fatalf("traceparent %q", first)
	}
	if a[1] != b[1] || a[2] == b[2] {
		t.Errorf("%q does not continue %q", second, first)
	}
}

// TestConfigurationNamesTheShop: the exporter's file and the servers agree.
func TestConfigurationNamesTheShop(t *testing.T) {
	text, err := os.ReadFile("../../wire_exporter.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services []struct {
			Name      string
			Addresses []netip.AddrPort
			Hosts     []string
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var listed []netip.AddrPort
	for _, svc := range file.Services {
		listed = append(listed, svc.Addresses...)
		for i, a := range svc.Addresses {
			if len(svc.Hosts) > 0 && hostOf(a) != svc.Hosts[i] {
				t.Errorf("%s is called %s, not %s", a, hostOf(a), svc.Hosts[i])
			}
		}
	}
	if !slices.Equal(listed, Addresses()) {
		t.Errorf("the file has %v, the shop %v", listed, Addresses())
	}
}
