package live

import (
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// normalClearing is the cause a call is ended with (ITU-T Q.850 §2.2.5).
const normalClearing tollgate.Cause = 16

// hangupPage asks whether a call is to be ended, where no script has asked.
type hangupPage struct {
	frame.Page
	Call row
}

// Hangup ends a call in progress, after a question. The log keeps who did.
func (s Pages) Hangup(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	c, found := s.find(who, values.Get("call"))
	if !found {
		http.Redirect(w, r, "/calls?done=over", http.StatusSeeOther)
		return nil
	}
	if values.Get("confirmed") != "yes" {
		p := &hangupPage{Page: frame.Page{Title: "End a call", Section: "Live"}, Call: newRow(&c, v, true)}
		return s.Send(w, r, http.StatusOK, "live_hangup", p)
	}
	if s.Cancel == nil || !c.Cancellable {
		return tollgate.Errorf(tollgate.CodeUnavailable, "device %s cannot end calls", v.Names.Device(c.Call.Device))
	}
	defer s.Overtaken()
	if err := s.Cancel(r.Context(), c.Call, normalClearing); tollgate.CodeOf(err) == tollgate.CodeNotFound {
		http.Redirect(w, r, "/calls?done=over", http.StatusSeeOther)
		return nil
	} else if err != nil {
		return err
	}
	err = s.Store.Change(r.Context(), who.Actor(), "end call", func(change *store.Change) error {
		return change.Log("call "+c.Call.String(), map[string]string{
			"extension": c.Extension, "number": view.NumberText(&c.Number), "account": c.Payer.String(),
		}, nil)
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/calls?done=hangup", http.StatusSeeOther)
	return nil
}

// find returns a call in progress that somebody may see.
func (s Pages) find(who access.Principal, key string) (tollgate.LiveCall, bool) {
	for _, c := range s.Calls(who.Enterprise) {
		if Key(c.Call) == key {
			return c, true
		}
	}
	return tollgate.LiveCall{}, false
}
