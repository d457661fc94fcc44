package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// maxInstructions is the longest program that the kernel takes (BPF_MAXINSNS).
const maxInstructions = 4096

// label is a place in a program that jumps lead to.
type label int

// program is a BPF program under construction. Its jumps name labels, which all lie ahead of them; how far is found out in the
// end. A conditional jump reaches only 255 instructions far: beyond that it goes over an unconditional one.
type program struct {
	ops    []op
	places []int // of each label: index into ops
}

// op is an instruction, or a jump when isJump is set: unconditional to yes, or conditional.
type op struct {
	ins         bpf.Instruction
	isJump      bool
	conditional bool
	cond        bpf.JumpTest
	val         uint32
	yes, no     label
	// farYes and farNo say that the target is out of a conditional jump's reach.
	farYes, farNo bool
}

func (p *program) label() label {
	p.places = append(p.places, -1)
	return label(len(p.places) - 1)
}

// place puts l in front of the next instruction.
func (p *program) place(l label) { p.places[l] = len(p.ops) }

func (p *program) emit(ins ...bpf.Instruction) {
	for _, i := range ins {
		p.ops = append(p.ops, op{ins: i})
	}
}

func (p *program) jump(l label) { p.ops = append(p.ops, op{isJump: true, yes: l}) }

// branch compares register A with val.
func (p *program) branch(cond bpf.JumpTest, val uint32, yes, no label) {
	p.ops = append(p.ops, op{isJump: true, conditional: true, cond: cond, val: val, yes: yes, no: no})
}

// isAny branches to yes if register A is one of vals, to no otherwise.
func (p *program) isAny(yes, no label, vals ...uint32) {
	for i, v := range vals {
		if i == len(vals)-1 {
			p.branch(bpf.JumpEqual, v, yes, no)
			break
		}
		next := p.label()
		p.branch(bpf.JumpEqual, v, yes, next)
		p.place(next)
	}
}

func (o *op) size() int {
	n := 1
	if o.farYes {
		n++
	}
	if o.farNo {
		n++
	}
	return n
}

// positions returns where each op starts in the finished program, with its end.
func (p *program) positions() []int {
	at := make([]int, len(p.ops)+1)
	for i := range p.ops {
		at[i+1] = at[i] + p.ops[i].size()
	}
	return at
}

// settle finds the jumps that are too far, until lengthening them puts no more out of reach.
func (p *program) settle() []int {
	for {
		at, changed := p.positions(), false
		far := func(i int, l label, already bool) bool {
			is := already || at[p.places[l]]-at[i]-1 > 255
			changed = changed || is != already
			return is
		}
		for i := range p.ops {
			if o := &p.ops[i]; o.conditional {
				o.farYes = far(i, o.yes, o.farYes)
				o.farNo = far(i, o.no, o.farNo)
			}
		}
		if !changed {
			return at
		}
	}
}

// assemble returns the finished program.
func (p *program) assemble() ([]bpf.Instruction, error) {
	at := p.settle()
	if n := at[len(p.ops)]; n > maxInstructions {
		return nil, fmt.Errorf("filter: it becomes a program of %d instructions, the kernel takes %d", n, maxInstructions)
	}
	var out []bpf.Instruction
	for i := range p.ops {
		o := &p.ops[i]
		skip := func(l label) uint32 { return uint32(at[p.places[l]] - len(out) - 1) }
		switch {
		case !o.isJump:
			out = append(out, o.ins)
		case !o.conditional:
			out = append(out, bpf.Jump{Skip: skip(o.yes)})
		default:
			j := bpf.JumpIf{Cond: o.cond, Val: o.val}
			hops := uint8(0)
			if o.farYes {
				j.SkipTrue, hops = hops, hops+1
			} else {
				j.SkipTrue = uint8(skip(o.yes))
			}
			if o.farNo {
				j.SkipFalse = hops
			} else {
				j.SkipFalse = uint8(skip(o.no))
			}
			out = append(out, j)
			if o.farYes {
				out = append(out, bpf.Jump{Skip: skip(o.yes)})
			}
			if o.farNo {
				out = append(out, bpf.Jump{Skip: skip(o.no)})
			}
		}
	}
	return out, nil
}
