// Package thanos holds no code: its test reads the examples of object stores with the library that Thanos reads them with, which
// needs the libraries of all clouds.
package thanos

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-kit/log"
	"github.com/thanos-io/objstore/client"
)

const examples = "../../../thanos/objstore/"

// keys take the place of credentials that come from the machine's role, which there is none of here.
var keys = map[string][2]string{
	"s3.yml":         {`access_key: ""`, `access_key: "x"`},
	"azure.yml":      {`storage_account_key: ""`, `storage_account_key: "eA=="`},
	"gcs.yml":        {`service_account: ""`, `service_account: '{"type": "authorized_user", "client_id": "x", "client_secret": "x", "refresh_token": "x"}'`},
	"filesystem.yml": {"", ""},
}

// TestExamples: each example is read strictly, and makes a client of its kind. None of them calls the store for that.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob(examples + "*.yml")
	if err != nil || len(files) != len(keys) {
		t.Fatalf("%d examples, want %d (%v)", len(files), len(keys), err)
	}
	for _, file := range files {
		text := example(t, file)
		if _, err := client.NewBucket(log.NewNopLogger(), []byte(text), "test", nil); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		wrong := strings.Replace(text, "config:\n  ", "config:\n  x", 1)
		if _, err := client.NewBucket(log.NewNopLogger(), []byte(wrong), "test", nil); err == nil {
			t.Errorf("%s: a misspelt name is not found out", file)
		}
	}
}

func example(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	k := keys[filepath.Base(file)]
	if !strings.Contains(string(text), k[0]) {
		t.Fatalf("%s has no %s", file, k[0])
	}
	return strings.Replace(strings.Replace(string(text), k[0], k[1], 1), `secret_key: ""`, `secret_key: "x"`, 1)
}
