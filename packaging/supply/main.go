// Command supply says what the exporter is made of. In go the list of linked modules and the module cache, or a program that was
// built; out come NOTICE with the texts of the licences, or a bill of materials. It changes nothing else.
//
//	go run ./packaging/supply notice         writes NOTICE and LICENSES.txt
//	go run ./packaging/supply sbom PROGRAM   prints a bill of materials in CycloneDX 1.5
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "supply:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "notice":
		return writeNotice(".")
	case len(args) == 2 && args[0] == "sbom":
		return printSBOM(os.Stdout, args[1])
	}
	return errors.New("usage: supply notice | sbom PROGRAM")
}
