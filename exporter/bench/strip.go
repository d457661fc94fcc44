package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// strip takes the paths of whoever measured it out of a profile, which is to be kept: the compiler reads the names of functions only. A
// profile is a packed message of profile.proto (of pprof), whose field 6 is its table of strings.
func strip(path string) error {
	packed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	in, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	profile, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	out := gzip.NewWriter(&file)
	for len(profile) > 0 {
		number, kind, tag := protowire.ConsumeTag(profile)
		n := protowire.ConsumeFieldValue(number, kind, profile[max(tag, 0):])
		if tag < 0 || n < 0 {
			return io.ErrUnexpectedEOF
		}
		field := profile[:tag+n]
		profile = profile[tag+n:]
		if number == 6 {
			if text, _ := protowire.ConsumeString(field[tag:]); strings.HasPrefix(text, "/") {
				field = protowire.AppendString(field[:tag:tag], "")
			}
		}
		out.Write(field)
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, file.Bytes(), 0o644)
}
