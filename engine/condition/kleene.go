package condition

// outcomes is a set of what a boolean can come to: true, false, or absent data, which is neither.
type outcomes uint8

const (
	canBeTrue outcomes = 1 << iota
	canBeFalse
	canBeAbsent
	anyOutcome = canBeTrue | canBeFalse | canBeAbsent
)

// outcomes gives what the value can come to when everything is known.
func (v Value) outcomes() outcomes {
	switch {
	case v.state == absent:
		return canBeAbsent
	case v.truth() == True:
		return canBeTrue
	case v.truth() == False:
		return canBeFalse
	}
	return anyOutcome &^ v.never
}

// and combines by Kleene, with absent data as its third value: false and anything is false.
func and(l, r Value) Value {
	return combine(l, r, func(a, b outcomes) outcomes {
		switch {
		case a == canBeFalse || b == canBeFalse:
			return canBeFalse
		case a == canBeAbsent || b == canBeAbsent:
			return canBeAbsent
		}
		return canBeTrue
	})
}

// or combines by Kleene, with absent data as its third value: true or anything is true.
func or(l, r Value) Value {
	return combine(l, r, func(a, b outcomes) outcomes {
		switch {
		case a == canBeTrue || b == canBeTrue:
			return canBeTrue
		case a == canBeAbsent || b == canBeAbsent:
			return canBeAbsent
		}
		return canBeFalse
	})
}

// combine applies an operator to each pair of what both sides can come to. So "absent and unknown" is known never to
// be true, and its negation never to be false.
func combine(l, r Value, operator func(a, b outcomes) outcomes) Value {
	var can outcomes
	for a := canBeTrue; a <= canBeAbsent; a <<= 1 {
		for b := canBeTrue; b <= canBeAbsent; b <<= 1 {
			if l.outcomes()&a != 0 && r.outcomes()&b != 0 {
				can |= operator(a, b)
			}
		}
	}
	return outcome(can, mergeWhy(unknownWhy(l), unknownWhy(r)...))
}

// outcome makes a boolean of what it can come to.
func outcome(can outcomes, why []Why) Value {
	switch can {
	case canBeTrue:
		return boolean(true)
	case canBeFalse:
		return boolean(false)
	case canBeAbsent:
		return Absent()
	}
	v := Unknown(why...)
	v.never = anyOutcome &^ can
	return v
}

func negate(v Value) Value {
	can := v.outcomes() & canBeAbsent
	if v.outcomes()&canBeTrue != 0 {
		can |= canBeFalse
	}
	if v.outcomes()&canBeFalse != 0 {
		can |= canBeTrue
	}
	return outcome(can, v.why)
}

func isUndetermined(v Value) bool { return v.state != absent && v.truth() == Undetermined }

func unknownWhy(v Value) []Why {
	if isUndetermined(v) {
		return v.why
	}
	return nil
}

func isOpenVerdict(v Value) bool {
	verdict, ok := v.data.(Verdict)
	return ok && verdict.Truth() == Undetermined
}

// firstNotKnown finds what makes a strict operation not known. Absent data weighs more than what is unknown: with it
// the outcome is absent whatever the rest turns out to be.
func firstNotKnown(operands ...Value) (Value, bool) {
	var why []Why
	open := false
	for _, v := range operands {
		switch {
		case v.state == absent:
			return Absent(), true
		case v.state != known || isOpenVerdict(v):
			open = true
			why = mergeWhy(why, v.why...)
		}
	}
	if open {
		return Unknown(why...), true
	}
	return Value{}, false
}
