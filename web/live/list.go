package live

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/web/frame"
)

// rowsMax is how many calls the page shows: the newest.
const rowsMax = 1000

// soughtMax bounds what somebody may look for, in bytes.
const soughtMax = 100

// listPage lists the calls in progress.
type listPage struct {
	frame.Page
	Sought     string
	StreamPath string
	Text       string
	NoControl  bool // no device asks for credit, and the reader may see devices
	Rows       []row
}

// List lists the calls in progress.
func (s Pages) List(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	p := &listPage{Page: frame.Page{Title: "Live calls", Section: "Live"}, Sought: sought(r)}
	p.StreamPath = path("/calls/live", p.Sought)
	p.NoControl = v.House && !slices.ContainsFunc(v.Names.Directory.Devices, asksForCredit)
	p.Rows, p.Text = s.rows(v, who, p.Sought)
	return s.Send(w, r, http.StatusOK, "live_list", p)
}

// asksForCredit is true of a device whose calls are asked for before they are placed.
func asksForCredit(d tollgate.Device) bool { return d.Control || d.Kind != tollgate.DeviceAsterisk }

// rows makes the views of the calls that match, the newest first, and says how
// many they are.
func (s Pages) rows(v *frame.Reader, who access.Principal, sought string) (rows []row, text string) {
	calls := s.Calls(who.Enterprise)
	mayEnd := s.Cancel != nil && who.May(access.Change)
	sought = strings.ToLower(sought)
	for i := len(calls) - 1; i >= 0 && len(rows) < rowsMax; i-- {
		if one := newRow(&calls[i], v, mayEnd); one.matches(sought) {
			rows = append(rows, one)
		}
	}
	return rows, sums(rows, len(calls), v.Told.Now.In(v.Told.Zone))
}

// sought is what somebody looks for.
func sought(r *http.Request) string {
	text := strings.TrimSpace(r.URL.Query().Get("search"))
	return text[:min(len(text), soughtMax)]
}

func path(base, sought string) string {
	if sought == "" {
		return base
	}
	return base + "?" + url.Values{"search": {sought}}.Encode()
}
