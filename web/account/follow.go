package account

import (
	"bytes"
	"net/http"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/web/frame"
)

// pace is how often the page may change.
const pace = time.Second

// Follow sends what an account has, each second in which it changed.
func (s Pages) Follow(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	if _, err := s.Store.Account(r.Context(), who.Scope(), id); err != nil {
		return err
	}
	f := &follower{site: s, r: r, who: who, account: id, out: s.Stream(w), sent: map[string][]byte{}}
	if err := f.run(); err != nil && r.Context().Err() == nil {
		s.Log.Warn("page of an account ended", "who", who.Name, "error", err)
	}
	return nil
}

// follower is one open page of an account.
type follower struct {
	site    Pages
	r       *http.Request
	who     access.Principal
	account tollgate.ID
	out     *frame.Stream
	sent    map[string][]byte // by part
}

func (f *follower) run() error {
	ticker, rest, end := time.NewTicker(pace), time.NewTicker(frame.StreamRest), time.NewTimer(frame.StreamLife)
	defer ticker.Stop()
	defer rest.Stop()
	defer end.Stop()
	for {
		var err error
		select {
		case <-f.r.Context().Done():
			return nil
		case <-end.C:
			return nil
		case <-rest.C:
			err = f.out.Rest()
		case <-ticker.C:
			err = f.send()
		}
		if err != nil {
			return err
		}
	}
}

// send writes the parts of the page that changed.
func (f *follower) send() error {
	v, err := f.site.Reader(f.r, f.who)
	if err != nil {
		return err
	}
	a, err := f.site.Store.Account(f.r.Context(), v.Scope, f.account)
	if err != nil {
		return err
	}
	now, err := f.site.money(f.r, v, f.who, &a)
	if err != nil {
		return err
	}
	for _, part := range []string{"balances", "held"} {
		html, err := f.site.Views.Part(part, &now)
		if err != nil {
			return err
		}
		if bytes.Equal(html, f.sent[part]) {
			continue
		}
		f.sent[part] = html
		if err := f.out.Event(part, html); err != nil {
			return err
		}
	}
	return nil
}
