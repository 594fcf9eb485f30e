package tollgate

import (
	"errors"
	"fmt"
	"regexp"
)

// Limits of the call rules of a device.
const (
	RulesMax      = 200
	conditionsMax = 20
	ruleBytesMax  = 500 // of each text
)

// Check says what is wrong with a rule, nil if nothing is.
func (r *CallRule) Check() error {
	if len(r.Name) > ruleBytesMax || len(r.Account) > ruleBytesMax || len(r.Conditions) > conditionsMax {
		return fmt.Errorf("rule %.40q: at most %d conditions, and %d bytes of name and account",
			r.Name, conditionsMax, ruleBytesMax)
	}
	for _, c := range r.Conditions {
		if len(c.Pattern) > ruleBytesMax || len(c.Variable) > ruleBytesMax {
			return fmt.Errorf("rule %q: a condition is longer than %d bytes", r.Name, ruleBytesMax)
		}
		if _, err := regexp.Compile(c.Pattern); err != nil {
			return fmt.Errorf("rule %q: pattern: %w", r.Name, err)
		}
	}
	for _, a := range []Action{r.NoCredit, r.Exhausted} {
		if err := a.check(); err != nil {
			return fmt.Errorf("rule %q: %w", r.Name, err)
		}
	}
	return nil
}

func (a *Action) check() error {
	switch a.Kind {
	case ActionHangup, ActionAlert, "":
	case ActionTransfer:
		if a.Target == "" {
			return errors.New("transfer: say to which extension")
		}
	case ActionAnnounce:
		if a.Sound == "" {
			return errors.New("announce: say which sound")
		}
	default:
		return fmt.Errorf("action %q: want hangup, transfer, announce or alert", a.Kind)
	}
	if a.Cause < 0 || a.Cause > 127 {
		return fmt.Errorf("cause %d: want a Q.850 value, 0 to 127", a.Cause)
	}
	if len(a.Target) > ruleBytesMax || len(a.Sound) > ruleBytesMax {
		return fmt.Errorf("target and sound: at most %d bytes", ruleBytesMax)
	}
	return nil
}
