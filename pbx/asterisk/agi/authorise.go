package agi

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"tollgate"
)

// maxVariables is how many further variables of a channel a dialplan may have
// handed to the call rules.
const maxVariables = 20

// variableName is a variable or a function with its argument, and not an
// expression that would do something.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z0-9_,./ -]*\))?$`)

// authorise asks whether the call may be dialled and leaves the answer in
// variables of the channel, TOLLGATE_VERDICT last. Without a verdict nobody has
// decided. The arguments of AGI() are the number, the trunk, names of further
// variables, and which attempt of the channel it is.
func (s *Server) authorise(ctx context.Context, c *session, device *tollgate.Device) error {
	attempt, err := c.attempt(device)
	if err != nil {
		return err
	}
	attempt.Call = tollgate.CallID{
		Device:   device.ID,
		UniqueID: c.env["agi_uniqueid"] + "#" + cmp.Or(c.env["agi_arg_4"], "1"),
	}
	attempt.Dialed = cmp.Or(c.env["agi_arg_1"], c.env["agi_extension"])
	attempt.Trunk = c.env["agi_arg_2"]
	attempt.At = s.Now()
	if attempt.Variables, err = c.variables(c.env["agi_arg_3"]); err != nil {
		return err
	}
	grant, err := s.decide(ctx, attempt)
	if err != nil {
		return err
	}
	if !grant.Allowed {
		return c.deny(grant)
	}
	return c.allow(attempt.Call.UniqueID, s.timer(grant))
}

// variables fetches the further variables that a dialplan names.
func (s *session) variables(names string) (map[string]string, error) {
	if names == "" {
		return nil, nil
	}
	values := map[string]string{}
	for name := range strings.SplitSeq(names, "&") {
		if !variableName.MatchString(name) {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "%.80q is not the name of a variable", name)
		}
		if len(values) == maxVariables {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "more than %d variables are named", maxVariables)
		}
		value, err := s.evaluate("${" + name + "}")
		if err != nil {
			return nil, fmt.Errorf("fetch %s: %w", name, err)
		}
		values[name] = value
	}
	return values, nil
}

// allow tells the dialplan to dial, and what the channel to the outside must carry.
func (s *session) allow(call, timer string) error {
	if err := s.name(call); err != nil {
		return err
	}
	if timer != "" {
		if err := s.set("TOLLGATE_SECONDS", timer); err != nil {
			return err
		}
		if err := s.set("TOLLGATE_DIAL", answerOption(timer)); err != nil {
			return err
		}
	}
	return s.set("TOLLGATE_VERDICT", "ALLOW")
}

// name gives the call its name: in a variable that the channel to the outside
// inherits, and in the journal.
func (s *session) name(call string) error {
	if err := s.set("__TOLLGATE_CALL", call); err != nil {
		return err
	}
	// Where the application is not loaded the answer is -2, and nothing is lost.
	_, err := s.do("EXEC CELGenUserEvent", "TOLLGATE_CALL,"+call)
	return err
}

// answerOption is the option of Dial that starts Asterisk's own timer when the
// outside answers.
func answerOption(timer string) string { return "U(tollgate-answer^" + timer + ")" }

// refusal is how a refused call ends, unless its call rule says otherwise.
type refusal struct {
	cause tollgate.Cause // Q.850
	sound string         // of Asterisk's own
}

func refusalOf(code tollgate.ErrorCode) refusal {
	switch code {
	case tollgate.CodeInvalid:
		return refusal{28, "privacy-incorrect"} // "I'm sorry, that number is not valid."
	case tollgate.CodeFrozen, tollgate.CodeForbidden:
		return refusal{21, "feature-not-avail-line"} // "That feature is not available on this line."
	default:
		return refusal{21, "cannot-complete-as-dialed"}
	}
}

// deny tells the dialplan how to end the call.
func (s *session) deny(grant tollgate.Grant) error {
	usual := refusalOf(grant.Code)
	type variable struct{ name, value string }
	out := []variable{
		{"TOLLGATE_CAUSE", strconv.Itoa(int(cmp.Or(grant.Then.Cause, usual.cause)))},
		{"TOLLGATE_REASON", string(grant.Code)},
	}
	switch {
	case grant.Then.Kind == tollgate.ActionTransfer && grant.Then.Target != "":
		extension, place, _ := strings.Cut(grant.Then.Target, "@")
		out = append(out, variable{"TOLLGATE_ACTION", "transfer"},
			variable{"TOLLGATE_TARGET", extension}, variable{"TOLLGATE_CONTEXT", place})
	case grant.Then.Kind == tollgate.ActionAnnounce:
		out = append(out, variable{"TOLLGATE_ACTION", "announce"},
			variable{"TOLLGATE_SOUND", cmp.Or(grant.Then.Sound, usual.sound)})
	default:
		out = append(out, variable{"TOLLGATE_ACTION", "hangup"}, variable{"TOLLGATE_SOUND", usual.sound})
	}
	for _, v := range append(out, variable{"TOLLGATE_VERDICT", "DENY"}) {
		if err := s.set(v.name, v.value); err != nil {
			return err
		}
	}
	return nil
}
