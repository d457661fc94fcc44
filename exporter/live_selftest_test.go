package main

import (
	"regexp"
	"testing"
)

// TestLiveSelftest has the program make traffic in a network namespace of its own, and count it.
func TestLiveSelftest(t *testing.T) {
	needLive(t)
	out, errs, exit := runProgram(t, nil, "selftest", "--step=100ms")
	if exit != 0 {
		t.Fatalf("exit %d\n%s%s", exit, out, errs)
	}
	for _, want := range []string{
		`(?m)^kernel      \d+\.\d+`, `(?m)^privileges  may capture$`,
		`(?m)^capacity    responses of 500 bytes: [1-9]\d+ packets/s`, `(?m)^capacity    responses of 100 kB: [1-9]\d+ packets/s`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("%s is not in\n%s%s", want, out, errs)
		}
	}
}
