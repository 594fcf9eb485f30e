package numbering

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp/syntax"
	"slices"
)

const (
	// automatonDigitsMax is the longest number a pattern may describe: 17 digits
	// of national number, in Japan and Indonesia.
	automatonDigitsMax = 17
	// automatonStatesMax bounds what patterns can cost. North America, by far
	// the largest plan, takes 1,500 states.
	automatonStatesMax = math.MaxUint16

	dead  = 0 // the state after digits that no pattern can match any more
	start = 1
)

// automaton matches digits against many regular expressions in one walk: it is
// their deterministic automaton over the alphabet 0 to 9. Telephone patterns
// have few states, so that it can be built whole, and a walk takes nanoseconds
// where the expressions one by one take microseconds.
type automaton struct {
	next    [][10]uint16 // state, digit → state
	verdict []uint16     // of a number that ends in the state; 0: of no interest
}

// judge says what a number of that many digits is, given which patterns it matches.
type judge func(matches []bool, digits int) uint16

// run returns the verdict on digits, which must be '0' to '9'.
func (a *automaton) run(digits string) uint16 {
	state := uint16(start)
	for i := range len(digits) {
		state = a.next[state][digits[i]-'0']
		if state == dead {
			return 0
		}
	}
	return a.verdict[state]
}

// compile builds the automaton of patterns, each of which must match from the
// first digit to the last.
func compile(patterns []string, verdict judge) (*automaton, error) {
	b := &builder{judge: verdict, matches: make([]bool, len(patterns))}
	var first []int32
	for i, pattern := range patterns {
		parsed, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		program, err := syntax.Compile(parsed.Simplify())
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		base := len(b.steps)
		for at := range program.Inst {
			b.steps = append(b.steps, newStep(&program.Inst[at], base, i))
		}
		first = b.reach(first, int32(base+program.Start))
	}
	b.add(nil, 0) // dead
	level := [][]int32{first}
	b.add(first, 0)
	for digits := 1; digits <= automatonDigitsMax && len(level) > 0; digits++ {
		level = b.extend(level, digits)
	}
	if len(b.verdict) > automatonStatesMax {
		return nil, fmt.Errorf("%d patterns need more than %d states", len(patterns), automatonStatesMax)
	}
	return &automaton{next: slices.Clip(b.next), verdict: slices.Clip(b.verdict)}, nil
}

// step is one instruction of a pattern's program, reduced to digits.
type step struct {
	digits  uint16   // bit d: it takes digit d and goes on at to[0]
	to      [2]int32 // where it goes on without a digit, if it is a jump
	pattern int
	kind    stepKind
}

type stepKind uint8

const (
	stepFail stepKind = iota
	stepDigit
	stepMatch
	stepJump // to to[0]
	stepFork // to both
)

func newStep(in *syntax.Inst, base, pattern int) step {
	s := step{pattern: pattern, to: [2]int32{int32(base) + int32(in.Out), int32(base) + int32(in.Arg)}}
	switch in.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		s.kind = stepFork
	case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
		s.kind = stepJump
	case syntax.InstMatch:
		s.kind = stepMatch
	case syntax.InstFail:
		s.kind = stepFail
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		s.kind = stepDigit
		for d := range 10 {
			if in.MatchRune(rune('0' + d)) {
				s.digits |= 1 << d
			}
		}
	}
	return s
}

// builder makes the states of an automaton, all of one length after the other.
// A state is the set of steps that wait for the next digit.
type builder struct {
	judge   judge
	steps   []step
	next    [][10]uint16
	verdict []uint16
	matches []bool
}

// reach adds to the sorted set what can be reached from a step without a digit.
func (b *builder) reach(set []int32, at int32) []int32 {
	switch s := &b.steps[at]; s.kind {
	case stepFork:
		set = b.reach(set, s.to[0])
		return b.reach(set, s.to[1])
	case stepJump:
		return b.reach(set, s.to[0])
	case stepDigit, stepMatch:
		if i, there := slices.BinarySearch(set, at); !there {
			return slices.Insert(set, i, at)
		}
	case stepFail:
	}
	return set
}

// add makes a state of a set.
func (b *builder) add(set []int32, digits int) uint16 {
	clear(b.matches)
	matched := false
	for _, at := range set {
		if b.steps[at].kind == stepMatch {
			b.matches[b.steps[at].pattern] = true
			matched = true
		}
	}
	verdict := uint16(0)
	if matched {
		verdict = b.judge(b.matches, digits)
	}
	b.next = append(b.next, [10]uint16{})
	b.verdict = append(b.verdict, verdict)
	return uint16(len(b.verdict) - 1)
}

// extend makes the states that are one digit longer than those of a level,
// which are the last ones made, and returns their sets.
func (b *builder) extend(level [][]int32, digits int) [][]int32 {
	var longer [][]int32
	known := make(map[string]uint16)
	var key []byte
	before := len(b.next) - len(level)
	for i, set := range level {
		for d := range 10 {
			var reached []int32
			for _, at := range set {
				if s := &b.steps[at]; s.kind == stepDigit && s.digits&(1<<d) != 0 {
					reached = b.reach(reached, s.to[0])
				}
			}
			if len(reached) == 0 || len(b.verdict) > automatonStatesMax {
				continue
			}
			key = key[:0]
			for _, at := range reached {
				key = binary.LittleEndian.AppendUint32(key, uint32(at))
			}
			state, made := known[string(key)]
			if !made {
				state = b.add(reached, digits)
				known[string(key)] = state
				longer = append(longer, reached)
			}
			b.next[before+i][d] = state
		}
	}
	return longer
}
