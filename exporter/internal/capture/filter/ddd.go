package filter

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/bpf"
)

// IsProgram says whether text looks like a program as tcpdump -ddd prints it, not like an expression.
func IsProgram(text string) bool {
	return len(fields(text)) > 1 && strings.Trim(text, "0123456789, \t\r\n") == ""
}

func fields(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}

// ParseProgram reads the output of tcpdump -ddd: the number of instructions, then four decimal numbers for each of them; lines may be
// joined by commas. Like tcpdump's programs, it is for frames with the link header that tcpdump was told, Ethernet's unless
// told otherwise. What a program does is checked by whoever runs it, the kernel.
func ParseProgram(text string) ([]bpf.RawInstruction, error) {
	numbers := fields(text)
	if len(numbers) == 0 {
		return nil, fmt.Errorf("filter: the program is empty")
	}
	count, err := strconv.ParseUint(numbers[0], 10, 16)
	if err != nil || count == 0 || count > maxInstructions {
		return nil, fmt.Errorf("filter: a program starts with the number of its instructions, 1 to %d, not with %q", maxInstructions, numbers[0])
	}
	if uint64(len(numbers)-1) != 4*count {
		return nil, fmt.Errorf("filter: a program of %d instructions has %d numbers after the first, this has %d", count, 4*count, len(numbers)-1)
	}
	program := make([]bpf.RawInstruction, count)
	for i := range program {
		var parts [4]uint64
		for j, bits := range []int{16, 8, 8, 32} {
			text := numbers[1+4*i+j]
			if parts[j], err = strconv.ParseUint(text, 10, bits); err != nil {
				return nil, fmt.Errorf("filter: instruction %d: %q is no number of %d bits", i+1, text, bits)
			}
		}
		program[i] = bpf.RawInstruction{Op: uint16(parts[0]), Jt: uint8(parts[1]), Jf: uint8(parts[2]), K: uint32(parts[3])}
	}
	return program, nil
}

// Classes of instructions (the lowest bits of the operation code), and the return of a constant.
const (
	classMask = 0x07
	classRet  = 0x06
	retK      = classRet
)

// LimitAccept makes program take at most accept bytes of a frame, where it returns constants.
func LimitAccept(program []bpf.RawInstruction, accept uint32) {
	for i := range program {
		if program[i].Op == retK {
			program[i].K = min(program[i].K, accept)
		}
	}
}
