package api

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"tollgate"
	"tollgate/batch"
)

// callForm asks whether a call may be placed.
type callForm struct {
	ID          string            `json:"id" minLength:"1" maxLength:"200" example:"b2fae1d0-5c33-4a4c-9c3e-9e1f0a6b7c11" doc:"the device's own name of the call, which the other requests name and the finished call carries"`
	Device      string            `json:"device,omitempty" maxLength:"64" example:"hq" doc:"name of the device that asks; needed with a token"`
	Extension   string            `json:"extension,omitempty" maxLength:"200" example:"101" doc:"who starts the call"`
	Originator  string            `json:"originator,omitempty" maxLength:"200" doc:"whose line puts it into the public network, if somebody else's"`
	Caller      string            `json:"caller,omitempty" maxLength:"200" doc:"calling number as shown"`
	Dialed      string            `json:"dialed" minLength:"1" maxLength:"200" example:"0301234567" doc:"called number as the device writes it"`
	Trunk       string            `json:"trunk,omitempty" maxLength:"200" example:"provider" doc:"line into the public network; absent: not chosen yet"`
	AccountCode string            `json:"account_code,omitempty" maxLength:"200"`
	Private     bool              `json:"private,omitempty"`
	Variables   map[string]string `json:"variables,omitempty" doc:"for the device's call rules; at most 100, names of 100 and values of 1,000 bytes"`
}

// Limits of a call's variables.
const (
	variablesMax         = 100
	variableNameBytesMax = 100
	variableBytesMax     = 1000
)

func (f *callForm) attempt(device tollgate.ID, now time.Time) (tollgate.Attempt, error) {
	if len(f.Variables) > variablesMax {
		return tollgate.Attempt{}, tollgate.Errorf(tollgate.CodeInvalid,
			"variables: %d, at most %d", len(f.Variables), variablesMax)
	}
	for name, value := range f.Variables {
		if len(name) > variableNameBytesMax || len(value) > variableBytesMax {
			return tollgate.Attempt{}, tollgate.Errorf(tollgate.CodeInvalid,
				"variable %.40q: at most %d bytes of name and %d of value", name, variableNameBytesMax, variableBytesMax)
		}
	}
	return tollgate.Attempt{
		Call: tollgate.CallID{Device: device, UniqueID: f.ID}, Extension: f.Extension, Originator: f.Originator,
		Caller: f.Caller, Dialed: f.Dialed, Trunk: f.Trunk, AccountCode: f.AccountCode, Private: f.Private,
		Variables: f.Variables, At: now,
	}, nil
}

// callGrant says whether a call may be placed or go on, and for how long.
// Times are whole seconds, because the timers of switches count those.
type callGrant struct {
	ID        string              `json:"id" doc:"as it was asked for"`
	Allowed   bool                `json:"allowed" doc:"false: do what action says"`
	Unlimited bool                `json:"unlimited" doc:"it needs no timer and no renewal"`
	Seconds   int64               `json:"seconds" example:"60" doc:"talk time from the answer, all of it so far, after which the device must end the call by itself if it hears nothing more; 0 where refused or unlimited"`
	RenewAt   int64               `json:"renew_at" example:"48" doc:"talk time at which to ask for more, of a final answer once more two seconds before its end; 0 where there is nothing to ask"`
	Final     bool                `json:"final" doc:"the money ends at seconds: then do what action says"`
	Action    tollgate.ActionKind `json:"action,omitempty" enum:"hangup,transfer,announce,alert" doc:"what to do now if refused, else at the end; alert: let the call go on, an alert is raised"`
	Cause     tollgate.Cause      `json:"cause,omitempty" example:"21" doc:"Q.850 cause to hang up with"`
	Target    string              `json:"target,omitempty" doc:"action transfer: EXTENSION or EXTENSION@CONTEXT"`
	Sound     string              `json:"sound,omitempty" doc:"action announce: what to play before it hangs up"`
	Affords   int64               `json:"affords" example:"1260" doc:"seconds that the money would last if no other call spent it, at most a day"`
	Left      *amount             `json:"left,omitempty" doc:"can still be spent beyond what is held; absent: nothing limits it"`
	Currency  tollgate.Currency   `json:"currency,omitempty" example:"EUR"`
	Warn      bool                `json:"warn" doc:"tell the caller now that the credit is nearly used"`
	Code      tollgate.ErrorCode  `json:"code,omitempty" enum:"no_credit,frozen,forbidden,invalid,conflict" doc:"why it is refused; conflict: the id is another call's"`
	Reason    string              `json:"reason,omitempty" doc:"the same in words"`
}

// Q.850 causes of a call that ends for want of credit, where no rule says another.
const (
	causeRejected = 21 // before it begins
	causeNormal   = 16 // in it
)

func grantView(g *tollgate.Grant, usual tollgate.Cause) callGrant {
	v := callGrant{
		ID: g.Call.UniqueID, Allowed: g.Allowed, Unlimited: g.Unlimited, Final: g.Final,
		Affords: wholeSeconds(g.Affords), Warn: g.Warn, Code: g.Code, Reason: g.Reason,
	}
	if g.Allowed && !g.Unlimited {
		// Never 0: to a switch that would mean no timer at all.
		v.Seconds = max(1, wholeSeconds(g.For))
		if at := wholeSeconds(g.RenewAt); at < v.Seconds { // also of a final grant: somebody may recharge
			v.RenewAt = at
		}
	}
	if g.Left.Currency != "" {
		v.Left, v.Currency = &amount{g.Left.Micro}, g.Left.Currency
	}
	if !g.Allowed || g.Final {
		v.Action, v.Target, v.Sound = cmp.Or(g.Then.Kind, tollgate.ActionHangup), g.Then.Target, g.Then.Sound
		v.Cause = cmp.Or(g.Then.Cause, usual)
	}
	return v
}

func wholeSeconds(d time.Duration) int64 { return int64(d / time.Second) }

func (s *server) authorizeCall(ctx context.Context, in *reply[callForm]) (*reply[callGrant], error) {
	d, err := s.switchOf(ctx, in.Body.Device)
	if err != nil {
		return nil, err
	}
	a, err := in.Body.attempt(d.ID, s.Now())
	if err != nil {
		return nil, err
	}
	g, err := s.Calls.Authorize(ctx, a)
	if err != nil {
		return nil, err
	}
	s.metrics.authorized(&g)
	g.Call = a.Call
	return &reply[callGrant]{Body: grantView(&g, causeRejected)}, nil
}

// CallNamed is a path that names a call of a device.
type CallNamed struct {
	Call   string `path:"id" maxLength:"200" example:"b2fae1d0-5c33-4a4c-9c3e-9e1f0a6b7c11" doc:"as the device called it; a slash is written %2F"`
	Device string `query:"device" maxLength:"64" example:"hq" doc:"name of the device; needed with a token"`
}

// switchOf is the device whose call it is: itself, or one that the principal may speak for.
func (s *server) switchOf(ctx context.Context, name string) (tollgate.Device, error) {
	d, docked := ctx.Value(dockedKey{}).(tollgate.Device)
	switch {
	case docked && (name == "" || name == d.Name):
		return d, nil
	case name == "":
		return d, tollgate.Errorf(tollgate.CodeInvalid, "device: say whose call it is, a token is no device")
	}
	return s.pusher(ctx, name)
}

// callID finds the call that a path names.
func (s *server) callID(ctx context.Context, n CallNamed) (tollgate.CallID, error) {
	d, err := s.switchOf(ctx, n.Device)
	return tollgate.CallID{Device: d.ID, UniqueID: n.Call}, err
}

// answerForm says when a call was answered.
type answerForm struct {
	At *time.Time `json:"at,omitempty" doc:"when the called party answered; absent: now"`
}

type callAnswer struct {
	CallNamed
	Body *answerForm // nil: absent
}

func (s *server) answerCall(ctx context.Context, in *callAnswer) (*done, error) {
	call, err := s.callID(ctx, in.CallNamed)
	if err != nil {
		return nil, err
	}
	at := s.Now()
	if in.Body != nil && in.Body.At != nil {
		at = *in.Body.At
	}
	return &done{}, s.Calls.Answer(ctx, call, at)
}

// renewForm says how long a call has lasted.
type renewForm struct {
	Used seconds `json:"used" doc:"talk time so far, from the answer; 0 while it rings"`
}

type callRenewal struct {
	CallNamed
	Body renewForm
}

func (s *server) renewCall(ctx context.Context, in *callRenewal) (*reply[callGrant], error) {
	call, err := s.callID(ctx, in.CallNamed)
	if err != nil {
		return nil, err
	}
	used := in.Body.Used.micro
	if used < 0 || used > int64(durationMax/time.Microsecond) {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "used: want 0 seconds to %s", durationMax)
	}
	g, err := s.Calls.Renew(ctx, call, time.Duration(used)*time.Microsecond)
	if err != nil {
		return nil, err
	}
	g.Call = call
	return &reply[callGrant]{Body: grantView(&g, causeNormal)}, nil
}

type callFinish struct {
	CallNamed
	RawBody []byte `contentType:"application/json"`
}

func (s *server) finishCall(ctx context.Context, in *callFinish) (*reply[Settled], error) {
	d, err := s.switchOf(ctx, in.Device)
	if err != nil {
		return nil, err
	}
	record, err := readFinish(&d, in.Call, in.RawBody)
	if err != nil {
		return nil, err
	}
	results, err := s.Calls.Finish(ctx, []tollgate.Record{record})
	if err != nil {
		return nil, err
	}
	return &reply[Settled]{Body: settledView(&results[0])}, nil
}

// readFinish reads the one call that has ended, as it would be delivered to
// the device's records.
func readFinish(d *tollgate.Device, call string, body []byte) (tollgate.Record, error) {
	zone, err := time.LoadLocation(d.Timezone)
	if err != nil {
		return tollgate.Record{}, fmt.Errorf("device %q: %w", d.Name, err)
	}
	if body = bytes.TrimSpace(body); len(body) == 0 || body[0] != '{' {
		return tollgate.Record{}, newProblem(http.StatusBadRequest, tollgate.CodeInvalid, "the body is no JSON object")
	}
	var calls []batch.Fields
	if err := readCalls(body, func(c *batch.Fields) { calls = append(calls, *c) }); err != nil {
		return tollgate.Record{}, err
	}
	if len(calls) != 1 || cmp.Or(calls[0]["unique_id"], call) != call {
		return tollgate.Record{}, tollgate.Errorf(tollgate.CodeInvalid, "unique_id: want that of the address, or none")
	}
	calls[0]["unique_id"] = call
	m := batch.RecordImport{Device: d.ID, Source: tollgate.SourceHTTP, Zone: zone}
	record, reject := m.Record(calls[0])
	if reject != nil {
		return tollgate.Record{}, tollgate.Errorf(tollgate.CodeInvalid, "%s: %s", reject.Column, reject.Reason)
	}
	record.Attempt = call // whatever its leg
	return record, nil
}

// orPost is said where a switch may send POST.
const orPost = "POST does the same, for switches that know no PUT."

// put serves a request as if it were PUT.
func (s *server) put(w http.ResponseWriter, r *http.Request) {
	r.Method = http.MethodPut
	s.mux.ServeHTTP(w, r)
}
