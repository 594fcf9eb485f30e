package api

import (
	"context"

	"tollgate"
)

// callRule decides about the calls that fit all its conditions.
type callRule struct {
	Name       string          `json:"name,omitempty" maxLength:"200" example:"cheap international"`
	Conditions []ruleCondition `json:"conditions,omitempty" nullable:"false" maxItems:"20" doc:"none: every call"`
	Tariff     tollgate.ID     `json:"tariff,omitzero" doc:"rate group; absent: the account's own"`
	Charge     bool            `json:"charge" doc:"an account is charged; without, the call is rated only"`
	Account    string          `json:"account,omitempty" maxLength:"500" example:"${accountcode}" doc:"account code to charge, with ${variable} and $1 for groups of the first condition; absent: whoever pays otherwise"`
	NoCredit   ruleAction      `json:"no_credit,omitzero" doc:"what to do when there is no credit at the start; absent: hang up"`
	Exhausted  ruleAction      `json:"exhausted,omitzero" doc:"what to do when it ends in the call; absent: hang up"`
}

// ruleCondition wants a variable of a call to match.
type ruleCondition struct {
	Variable string `json:"variable,omitempty" maxLength:"500" doc:"destination_number (if absent), caller_id_number, extension, originator, accountcode, trunk, private, or what the device sends"`
	Pattern  string `json:"pattern" maxLength:"500" example:"^00(\\d+)$" doc:"regular expression, RE2 syntax"`
}

// ruleAction is what to do with a call that has no credit.
type ruleAction struct {
	Kind   tollgate.ActionKind `json:"kind" enum:"hangup,transfer,announce,alert" doc:"alert: let it go on and raise an alert"`
	Cause  tollgate.Cause      `json:"cause,omitempty" minimum:"0" maximum:"127" doc:"hangup: Q.850; absent: 21 before the call, 16 in it"`
	Target string              `json:"target,omitempty" maxLength:"500" doc:"transfer: EXTENSION or EXTENSION@CONTEXT"`
	Sound  string              `json:"sound,omitempty" maxLength:"500" doc:"announce: a sound file of the device, without its ending"`
}

func ruleView(r *tollgate.CallRule) callRule {
	return callRule{
		Name: r.Name, Tariff: r.Tariff, Charge: r.Charge, Account: r.Account,
		Conditions: views(r.Conditions, func(c *tollgate.Condition) ruleCondition { return ruleCondition(*c) }),
		NoCredit:   ruleAction(r.NoCredit), Exhausted: ruleAction(r.Exhausted),
	}
}

func (r *callRule) rule() tollgate.CallRule {
	return tollgate.CallRule{
		Name: r.Name, Tariff: r.Tariff, Charge: r.Charge, Account: r.Account,
		Conditions: views(r.Conditions, func(c *ruleCondition) tollgate.Condition { return tollgate.Condition(*c) }),
		NoCredit:   tollgate.Action(r.NoCredit), Exhausted: tollgate.Action(r.Exhausted),
	}
}

// checkRules says which rule of a device cannot be.
func checkRules(rules []callRule) error {
	for i := range rules {
		r := rules[i].rule()
		if err := r.Check(); err != nil {
			return tollgate.Errorf(tollgate.CodeInvalid, "rules[%d]: %w", i, err)
		}
	}
	return nil
}

// decision is what would become of a call.
type decision struct {
	Grant       callGrant          `json:"grant"`
	Rule        string             `json:"rule,omitempty" doc:"the call rule that fits; absent: none"`
	Payer       tollgate.ID        `json:"payer,omitzero"`
	PaidBy      tollgate.PayerRule `json:"paid_by,omitempty"`
	Number      string             `json:"number" example:"49301234567"`
	Class       tollgate.Class     `json:"class,omitempty" example:"domestic"`
	Destination string             `json:"destination,omitempty" example:"Berlin"`
	Private     bool               `json:"private"`
	Steps       []string           `json:"steps" nullable:"false" doc:"how it is decided, in words"`
	First       Charge             `json:"first" doc:"the price of the first minute"`
}

type deviceQuestion struct {
	DeviceNamed
	Body callQuestion
}

// callQuestion is a call that nobody places.
type callQuestion struct {
	Extension   string            `json:"extension,omitempty" maxLength:"200" example:"101"`
	Originator  string            `json:"originator,omitempty" maxLength:"200"`
	Caller      string            `json:"caller,omitempty" maxLength:"200"`
	Dialed      string            `json:"dialed" minLength:"1" maxLength:"200" example:"0301234567"`
	Trunk       string            `json:"trunk,omitempty" maxLength:"200"`
	AccountCode string            `json:"account_code,omitempty" maxLength:"200"`
	Private     bool              `json:"private,omitempty"`
	Variables   map[string]string `json:"variables,omitempty"`
}

func (s *server) decideCall(ctx context.Context, in *deviceQuestion) (*reply[decision], error) {
	p := who(ctx)
	d, err := s.device(ctx, p.Scope(), in.Device)
	if err != nil {
		return nil, err
	}
	q := &in.Body
	f := callForm{
		Extension: q.Extension, Originator: q.Originator, Caller: q.Caller, Dialed: q.Dialed, Trunk: q.Trunk,
		AccountCode: q.AccountCode, Private: q.Private, Variables: q.Variables,
	}
	a, err := f.attempt(d.ID, s.Now())
	if err != nil {
		return nil, err
	}
	found, err := s.Office.Decide(ctx, p.Enterprise, a)
	if err != nil {
		return nil, err
	}
	return &reply[decision]{Body: decision{
		Grant: grantView(&found.Grant, causeRejected), Rule: found.Rule, Payer: found.Payer, PaidBy: found.PaidBy,
		Number: found.Number.E164, Class: found.Number.Class, Destination: found.Number.Destination,
		Private: found.Number.Private, Steps: append([]string{}, found.Steps...),
		First: chargeView(&found.First, true),
	}}, nil
}
