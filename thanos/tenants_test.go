package thanos

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, dir, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(day), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{cert, key, filepath.Join(dir, name+".crt")}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sign makes a certificate and its key, for a server on loopback and for a client, of an organization.
func (a authority) sign(t *testing.T, dir, name, organization string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(day),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if organization != "" {
		template.Subject.Organization = []string{organization}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	writePEM(t, cert, "CERTIFICATE", der)
	writePEM(t, key, "PRIVATE KEY", private)
	return cert, key
}

// client is an HTTP client with a certificate that the first authority has signed (none, if that is nil), which trusts the second.
func client(t *testing.T, signs *authority, organization string, trusts authority) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(trusts.cert)
	c := &tls.Config{RootCAs: pool}
	if signs != nil {
		cert, err := tls.LoadX509KeyPair(signs.sign(t, t.TempDir(), "client", organization))
		if err != nil {
			t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true}, Timeout: 30 * time.Second}
}

// ring is a hash ring of receivers for tenants, a query for them and one for the operator.
type ring struct {
	tenants, internal authority
	write, grpc, http []string
	query             string // of the tenants, https://host:port
	queryGRPC         string // StoreAPI of the same
	endpoints         string // file
	operator          asker
	nodes             []*process
	dirs              []string // where each node keeps its data
}

// startRing starts it all with the shipped files, but for addresses, folders, and limits if they are given.
func startRing(t *testing.T, nodes int, limits string) *ring {
	t.Helper()
	dir := t.TempDir()
	r := &ring{tenants: newAuthority(t, dir, "tenants-ca"), internal: newAuthority(t, dir, "internal-ca")}
	cert, key := r.internal.sign(t, dir, "internal", "")
	r.http = free(t, nodes)
	r.write, r.grpc = free(t, nodes), free(t, nodes)
	capnp := free(t, nodes)
	hashring := `[{"hashring": "default", "algorithm": "ketama", "endpoints": [`
	endpoints := fmt.Sprintf("default_client_config: {tls_config: {enabled: true, cert_file: %q, key_file: %q, ca_file: %q}}\nendpoints:\n", cert, key, r.internal.file)
	for i, a := range r.grpc {
		hashring += fmt.Sprintf(`{"address": %q, "capnproto_address": %q},`, a, capnp[i])
		endpoints += fmt.Sprintf("  - address: %q\n", a)
	}
	hashring = write(t, "hashring.json", strings.TrimSuffix(hashring, ",")+"]}]")
	endpoints = write(t, "endpoints.yml", endpoints)
	r.endpoints = endpoints
	if limits == "" {
		var err error
		limits, err = filepath.Abs("config/limits.yml")
		must(t, err)
	}
	for i := range nodes {
		r.dirs = append(r.dirs, t.TempDir())
		r.nodes = append(r.nodes, startThanos(t, "receive", r.http[i], "--grpc-address="+r.grpc[i], "--remote-write.address="+r.write[i],
			"--receive.capnproto-address="+capnp[i], "--receive.local-endpoint="+r.grpc[i], fmt.Sprintf("--label=receive_replica=\"%d\"", i),
			"--tsdb.path="+r.dirs[i], "--objstore.config-file=", "--receive.hashrings-file="+hashring, "--receive.limits-config-file="+limits,
			"--remote-write.server-tls-cert="+cert, "--remote-write.server-tls-key="+key, "--remote-write.server-tls-client-ca="+r.tenants.file,
			"--grpc-server-tls-cert="+cert, "--grpc-server-tls-key="+key, "--grpc-server-tls-client-ca="+r.internal.file,
			"--remote-write.client-tls-cert="+cert, "--remote-write.client-tls-key="+key, "--remote-write.client-tls-ca="+r.internal.file))
	}
	for i, n := range r.nodes {
		n.waitReady(t, http.DefaultClient, "http://"+r.http[i]+"/-/ready")
	}
	a := free(t, 4)
	web := write(t, "http.yml", fmt.Sprintf("tls_server_config: {cert_file: %q, key_file: %q, client_ca_file: %q, client_auth_type: RequireAndVerifyClientCert, min_version: TLS12}\n", cert, key, r.tenants.file))
	p := startThanos(t, "query-tenants", a[0], "--grpc-address="+a[1], "--endpoint.sd-config-file="+endpoints, "--http.config="+web,
		"--grpc-server-tls-cert="+cert, "--grpc-server-tls-key="+key, "--grpc-server-tls-client-ca="+r.internal.file)
	r.query, r.queryGRPC = "https://"+a[0], a[1]
	p.waitReady(t, client(t, &r.tenants, "probe", r.internal), r.query+"/-/ready")
	p = startThanos(t, "query", a[2], "--grpc-address="+a[3], "--endpoint.sd-config-file="+endpoints)
	p.waitReady(t, http.DefaultClient, "http://"+a[2]+"/-/ready")
	r.operator = asker{http.DefaultClient, "http://" + a[2]}
	return r
}

// send is one request of remote write 1.0 with a sample of one series.
func send(c *http.Client, address, tenantHeader, name string, at time.Time, more ...string) (int, string, error) {
	series := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: name}}, Samples: []prompb.Sample{{Value: 1, Timestamp: at.UnixMilli()}}}
	for i := 0; i < len(more); i += 2 {
		series.Labels = append(series.Labels, prompb.Label{Name: more[i], Value: more[i+1]})
	}
	body, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{series}}).Marshal()
	if err != nil {
		return 0, "", err
	}
	return post(c, address, tenantHeader, "application/x-protobuf", "0.1.0", body)
}

func post(c *http.Client, address, tenantHeader, contentType, version string, body []byte) (int, string, error) {
	req, err := http.NewRequest(http.MethodPost, "https://"+address+"/api/v1/receive", bytes.NewReader(snappy.Encode(nil, body)))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Prometheus-Remote-Write-Version", version)
	if tenantHeader != "" {
		req.Header.Set("THANOS-TENANT", tenantHeader)
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

const (
	secretOfA = "wire_secret_of_a"
	secretOfB = "wire_secret_of_b"
)

// TestThanosTenants: two tenants write to a ring of three receivers, and whatever A tries, it neither reads nor writes what is B's.
func TestThanosTenants(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	r := startRing(t, 3, "")
	a, b := client(t, &r.tenants, "bank-a", r.internal), client(t, &r.tenants, "bank-b", r.internal)
	await(t, readyLimit, "both tenants can write", func() error {
		for c, name := range map[*http.Client]string{a: secretOfA, b: secretOfB} {
			if code, text, err := send(c, r.write[0], "", name, time.Now()); err != nil || code != http.StatusOK {
				return fmt.Errorf("%d %s %v", code, text, err)
			}
		}
		return nil
	})
	await(t, readyLimit, "each tenant reads its own", func() error {
		for c, name := range map[*http.Client]string{a: secretOfA, b: secretOfB} {
			if got, err := (asker{c, r.query}).instant(name, time.Now()); err != nil || len(got) != 1 {
				return fmt.Errorf("%s: %v %v", name, got, err)
			}
		}
		return nil
	})
	t.Run("read", func(t *testing.T) { testReads(t, r, a) })
	t.Run("write", func(t *testing.T) { testWrites(t, r, a) })
	t.Run("clock", func(t *testing.T) { testClock(t, r, a) })
	t.Run("remote write 2.0", func(t *testing.T) { testSecondVersion(t, r, a) })
	t.Run("doors", func(t *testing.T) { testDoors(t, r) })
	t.Run("node lost", func(t *testing.T) { testNodeLost(t, r, a) })
	t.Run("delete", func(t *testing.T) { testDeleteRecent(t, r) })
}

// testReads: none of what A asks brings up B's series, or even their name.
func testReads(t *testing.T, r *ring, a *http.Client) {
	get := func(path string, headers ...string) (int, string) {
		req, err := http.NewRequest(http.MethodGet, r.query+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Add(headers[i], headers[i+1])
		}
		res, err := a.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	e := url.QueryEscape
	query := func(q string) string { return "/api/v1/query?query=" + e(q) }
	now := time.Now().Unix()
	attempts := map[string][]string{
		"plain":                    {query(secretOfB)},
		"matcher of the tenant":    {query(secretOfB + `{tenant_id="bank-b"}`)},
		"every tenant":             {query(`{__name__=~"wire_secret.*", tenant_id=~".*"}`)},
		"not one's own":            {query(`{__name__=~"wire_secret.*", tenant_id!="bank-a"}`)},
		"two matchers":             {query(secretOfB + `{tenant_id="bank-a", tenant_id="bank-b"}`)},
		"or":                       {query(`wire_secret_of_a or wire_secret_of_b`)},
		"or of matchers":           {query(`wire_secret_of_a or {__name__="wire_secret_of_b", tenant_id="bank-b"}`)},
		"subquery":                 {query(`max_over_time({tenant_id="bank-b"}[5m:1s])`)},
		"label_replace":            {query(`label_replace({tenant_id="bank-b"}, "tenant_id", "bank-a", "", "")`)},
		"absent":                   {query(`count by (__name__, tenant_id) ({tenant_id=~"bank-b|"})`)},
		"range":                    {fmt.Sprintf("/api/v1/query_range?query=%s&start=%d&end=%d&step=5", e(`{__name__=~"wire_secret.*"}`), now-300, now)},
		"series":                   {"/api/v1/series?match[]=" + e(`{__name__=~"wire_secret.*"}`)},
		"series, the other's":      {"/api/v1/series?match[]=" + e(`{tenant_id="bank-b"}`)},
		"two matches":              {"/api/v1/series?match[]=" + e(`wire_secret_of_a`) + "&match[]=" + e(`wire_secret_of_b`)},
		"names":                    {"/api/v1/label/__name__/values"},
		"names, the other's":       {"/api/v1/label/__name__/values?match[]=" + e(`{tenant_id="bank-b"}`)},
		"tenants":                  {"/api/v1/label/tenant_id/values"},
		"labels":                   {"/api/v1/labels?match[]=" + e(`{tenant_id="bank-b"}`)},
		"storeMatch":               {query(secretOfB) + "&storeMatch[]=" + e(`{tenant_id="bank-b"}`)},
		"no deduplication":         {query(secretOfB) + "&dedup=false"},
		"replica label the tenant": {query(secretOfB) + "&replicaLabels[]=tenant_id"},
		"other engine":             {query(`{__name__=~"wire_secret.*"}`) + "&engine=thanos"},
		"shard":                    {query(`{__name__=~"wire_secret.*"}`) + "&shard_info=" + e(`{"total_shards":1}`)},
		"tenant parameter":         {query(secretOfB) + "&tenant=bank-b&tenant_id=bank-b"},
		"header":                   {query(secretOfB), "THANOS-TENANT", "bank-b"},
		"two headers":              {query(secretOfB), "THANOS-TENANT", "bank-a", "THANOS-TENANT", "bank-b"},
		"other header":             {query(secretOfB), "X-Scope-OrgID", "bank-b"},
		"header, a pattern":        {query(`{__name__=~"wire_secret.*"}`), "THANOS-TENANT", "bank-a|bank-b"},
		"exemplars":                {fmt.Sprintf("/api/v1/query_exemplars?query=%s&start=%d&end=%d", e(secretOfB), now-300, now)},
		"metadata":                 {"/api/v1/metadata"},
		"rules":                    {"/api/v1/rules"},
		"alerts":                   {"/api/v1/alerts"},
		"targets":                  {"/api/v1/targets"},
	}
	for name, attempt := range attempts {
		code, text := get(attempt[0], attempt[1:]...)
		for _, secret := range []string{"bank-b", secretOfB} {
			// An error may repeat the question.
			if code == http.StatusOK && strings.Contains(text, secret) {
				t.Errorf("%s: A is answered %s", name, text)
			}
		}
	}
	t.Logf("%d ways to ask, none of them answers with what is B's", len(attempts))
	// The two pages that are not the tenants': documented in flags/query-tenants.flags.
	if code, text := get("/api/v1/stores"); code == http.StatusOK && !strings.Contains(text, "bank-b") {
		t.Error("/api/v1/stores names no other tenants any more: take the warning out of flags/query-tenants.flags")
	}
}

// testWrites: A cannot write as B, nor into B's series.
func testWrites(t *testing.T, r *ring, a *http.Client) {
	for name, attempt := range map[string]struct {
		header string
		labels []string
	}{
		"header":       {"bank-b", nil},
		"label":        {"", []string{"tenant_id", "bank-b"}},
		"header, path": {"../bank-b", nil},
		"both":         {"bank-b", []string{"tenant_id", "bank-b"}},
	} {
		code, text, err := send(a, r.write[1], attempt.header, "wire_forged", time.Now(), attempt.labels...)
		t.Logf("%s: %d %s %v", name, code, strings.TrimSpace(text), err)
	}
	await(t, readyLimit, "what A has written is A's", func() error {
		forged, err := r.operator.instant(`count by (tenant_id) ({__name__="wire_forged"})`, time.Now())
		if err != nil || len(forged) == 0 {
			return fmt.Errorf("%v %v", forged, err)
		}
		for _, s := range forged {
			if s.Metric["tenant_id"] != "bank-a" {
				t.Fatalf("written as %v", s.Metric)
			}
		}
		return nil
	})
}

// testClock: a sensor whose clock runs an hour ahead is refused, and told why; what is a quarter of an hour old is taken, beside
// what is new.
func testClock(t *testing.T, r *ring, a *http.Client) {
	for ahead, want := range map[time.Duration]int{time.Hour: http.StatusConflict, -15 * time.Minute: http.StatusOK} {
		code, text, err := send(a, r.write[0], "", secretOfA, time.Now().Add(ahead))
		if err != nil || code != want {
			t.Errorf("%v ahead: %d %s %v, want %d", ahead, code, text, err, want)
		}
		t.Logf("%v ahead: %d %s", ahead, code, text)
	}
}

// testSecondVersion: remote write 2.0 is answered well, and nothing is stored. When this fails, say so in docs/longterm.md.
func testSecondVersion(t *testing.T, r *ring, a *http.Client) {
	body, err := (&writev2.Request{Symbols: []string{"", "__name__", "wire_of_version_two"}, Timeseries: []writev2.TimeSeries{{
		LabelsRefs: []uint32{1, 2}, Samples: []writev2.Sample{{Value: 1, Timestamp: time.Now().UnixMilli()}}}}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	code, text, err := post(a, r.write[0], "", "application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0", body)
	if err != nil || code/100 != 2 {
		t.Errorf("remote write 2.0 is refused now, as it should be: %d %s %v", code, text, err)
	}
	if code, _, err := send(a, r.write[0], "", "wire_after_version_two", time.Now()); err != nil || code != http.StatusOK {
		t.Fatal(code, err)
	}
	await(t, readyLimit, "what came after it is there", func() error {
		if got, err := r.operator.instant("wire_after_version_two", time.Now()); err != nil || len(got) == 0 {
			return fmt.Errorf("%v %v", got, err)
		}
		return nil
	})
	if got, err := r.operator.instant("wire_of_version_two", time.Now()); err != nil || len(got) > 0 {
		t.Errorf("remote write 2.0 is stored now: %v %v", got, err)
	}
}

// testDoors: who has no certificate of the right authority is not let in, by any port.
func testDoors(t *testing.T, r *ring) {
	stranger := newAuthority(t, t.TempDir(), "stranger")
	for name, c := range map[string]*http.Client{
		"without a certificate":                   client(t, nil, "", r.internal),
		"with a certificate of another authority": client(t, &stranger, "bank-b", r.internal),
		"with a certificate of the nodes":         client(t, &r.internal, "bank-b", r.internal),
	} {
		if got, err := (asker{c, r.query}).instant(secretOfB, time.Now()); err == nil {
			t.Errorf("%s the query answers %v", name, got)
		}
		if code, _, err := send(c, r.write[0], "bank-b", "wire_forged_by_a_stranger", time.Now()); err == nil {
			t.Errorf("%s the receiver answers %d", name, code)
		}
	}
	// gRPC: StoreAPI answers whoever is let in with everything.
	for _, address := range []string{r.grpc[0], r.queryGRPC} {
		for name, signs := range map[string]*authority{"no certificate": nil, "a tenant's certificate": &r.tenants, "a stranger's certificate": &stranger, "the nodes' certificate": &r.internal} {
			got, err := storeSeries(client(t, signs, "bank-a", r.internal), address)
			if in := strings.Contains(got, "bank-b"); in != (signs == &r.internal) {
				t.Errorf("StoreAPI at %s with %s: %q, %v", address, name, got, err)
			}
		}
	}
}

// testNodeLost: with replication 3 one node of three may go, with what it has written, and nobody is refused.
func testNodeLost(t *testing.T, r *ring, a *http.Client) {
	if _, found := metric(t, r.http[0], "thanos_receive_replications_total"); !found {
		t.Error("alerts.yml reads a metric that a receiver has not got")
	}
	r.nodes[2].kill()
	await(t, readyLimit, "A writes to two nodes", func() error {
		code, text, err := send(a, r.write[0], "", "wire_after_loss", time.Now())
		if err != nil || code != http.StatusOK {
			return fmt.Errorf("%d %s %v", code, text, err)
		}
		return nil
	})
	await(t, readyLimit, "A reads what it has written before and after", func() error {
		for _, name := range []string{secretOfA, "wire_after_loss"} {
			var body struct {
				Data struct{ Result []json.RawMessage }
			}
			res, err := a.Get(r.query + "/api/v1/query?query=" + url.QueryEscape(`count(max_over_time(`+name+`[10m]))`))
			if err != nil {
				return err
			}
			err = json.NewDecoder(res.Body).Decode(&body)
			res.Body.Close()
			if err != nil || len(body.Data.Result) != 1 {
				return fmt.Errorf("%s: %v %v", name, body, err)
			}
		}
		return nil
	})
}
