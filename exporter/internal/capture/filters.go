package capture

import (
	"fmt"

	"golang.org/x/net/bpf"

	"wire_exporter/exporter/internal/capture/filter"
)

// filters are Config.Filter or Config.FilterPorts, compiled when it is known what for. At most one is set; with none, everything is taken.
type filters struct {
	expression *filter.Filter
	program    []bpf.RawInstruction // of tcpdump -ddd, for Ethernet
	ports      []uint16
	tunnels    filter.Tunnels

	matchers map[uint16]*bpf.VM // of link types in files; nil: such frames do not match
}

func newFilters(cfg Config) (*filters, error) {
	f := &filters{}
	var err error
	switch {
	case filter.IsProgram(cfg.Filter):
		f.program, err = filter.ParseProgram(cfg.Filter)
	case cfg.Filter != "":
		f.expression, err = filter.Parse(cfg.Filter)
	default:
		f.ports, f.tunnels = cfg.FilterPorts, cfg.tunnels()
	}
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return f, nil
}

// kernel returns the program for a socket. A filter from ports tells at most maxRanges ranges of them apart.
func (f *filters) kernel(link filter.Link, accept uint32, maxRanges int) ([]bpf.RawInstruction, error) {
	if f.program != nil {
		program := append([]bpf.RawInstruction(nil), f.program...)
		filter.LimitAccept(program, accept)
		return program, nil
	}
	expression := f.expression
	if expression == nil && len(f.ports) > 0 {
		expression = filter.Ports(f.ports, f.tunnels, maxRanges)
	}
	program := filter.Everything(accept)
	if expression != nil {
		var err error
		if program, err = expression.Compile(link, accept); err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
	}
	return filter.Assemble(program)
}

// files prepares f for frames of files, which are filtered by Config.Filter only.
func (f *filters) files() error {
	if f.expression == nil && f.program == nil {
		return nil
	}
	f.matchers = map[uint16]*bpf.VM{}
	for number, link := range fileLinks {
		program, err := f.fileProgram(link)
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
		if program == nil {
			continue
		}
		if f.matchers[number], err = bpf.NewVM(program); err != nil {
			return fmt.Errorf("capture: the filter cannot be used on files: %w", err)
		}
	}
	return nil
}

// fileProgram returns the program for frames of one link type, nil when there is none: a program of tcpdump's is for Ethernet.
func (f *filters) fileProgram(link filter.Link) ([]bpf.Instruction, error) {
	if f.expression != nil {
		return f.expression.Compile(link, maxFrame)
	}
	if link != filter.Ethernet {
		return nil, nil
	}
	program, decoded := bpf.Disassemble(f.program)
	if !decoded {
		return nil, fmt.Errorf("the filter's program has an unknown instruction")
	}
	return program, nil
}

// fileLinks are the link types that filters can look at, by LINKTYPE_ number.
var fileLinks = map[uint16]filter.Link{
	1: filter.Ethernet,
	0: filter.Loopback, 108: filter.Loopback,
	12: filter.Raw, 14: filter.Raw, 101: filter.Raw, 228: filter.Raw, 229: filter.Raw,
	113: filter.LinuxSLL,
	276: filter.LinuxSLL2,
}

// match says whether a file's frame is wanted.
func (f *filters) match(frame *Frame) bool {
	if f.matchers == nil {
		return true
	}
	vm := f.matchers[frame.Link]
	if vm == nil {
		return false
	}
	n, err := vm.Run(frame.Data)
	return err == nil && n > 0
}
