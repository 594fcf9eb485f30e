package ucware

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"tollgate/store/storetest"
)

// get reads a page without following where it leads.
func (s *site) get(path string) (status int, header http.Header, text string) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+path, http.NoBody)
	s.must(err)
	response, err := http.DefaultTransport.RoundTrip(request)
	s.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	s.must(err)
	return response.StatusCode, response.Header, string(body)
}

// The page comes at its address in any case, loads nothing from elsewhere, and
// tells of every method.
func TestReferencePage(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	outside := regexp.MustCompile(`(?i)(src|href)="(https?:)?//|<script|<style|style=|url\(`)
	for _, path := range []string{
		billingPage, strings.ToLower(billingPage), "/apidoc/Classes/API-Admin-Billing.HTML",
		"/apidoc/classes/api-user-Authentication.html",
	} {
		status, header, text := s.get(path)
		if status != http.StatusOK || header.Get("Content-Security-Policy") != referencePolicy ||
			!strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %v", path, status, header)
		}
		for _, link := range outside.FindAllString(text, -1) {
			if !strings.Contains(link, "href=\"https://") { // the specification, to click on
				t.Errorf("%s: the page has %q", path, link)
			}
		}
		if !strings.Contains(text, s.url+"/api/2/") {
			t.Errorf("%s: no example for %s", path, s.url)
		}
	}
	_, _, text := s.get(billingPage)
	for _, m := range new(server).billing().methods {
		if !strings.Contains(text, `<section id="`+m.name+`">`) || !strings.Contains(text, m.summary) {
			t.Errorf("the page does not tell of %s", m.name)
		}
	}
	if _, _, text := s.get("/apidoc/reference.css"); text != string(referenceCSS) {
		t.Errorf("the stylesheet: %s", text)
	}
	if _, header, _ := s.get("/apidoc/"); header.Get("Location") != billingPage {
		t.Errorf("the front leads to %q", header.Get("Location"))
	}
	if status, _, _ := s.get("/apidoc/classes/api-user-Slot.html"); status != http.StatusNotFound {
		t.Errorf("another class: %d", status)
	}
}

// What the page tells people to send is understood.
func TestExamplesOfTheReference(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	_, _, text := s.get(billingPage)
	example := regexp.MustCompile(`-d &#39;(.*)&#39;</pre>\s*<pre class="answer" tabindex="0">(.*)</pre>`)
	bodies := example.FindAllStringSubmatch(text, -1)
	if len(bodies) != 7 {
		t.Fatalf("%d examples", len(bodies))
	}
	for _, b := range bodies {
		body, sample := html.UnescapeString(b[1]), html.UnescapeString(b[2])
		status, got := s.post("/api/2/admin/billing/", s.token["house"], body)
		var a answer
		if err := json.Unmarshal([]byte(got), &a); err != nil || status != http.StatusOK {
			t.Errorf("%s: %d %s", body, status, got)
		}
		if a.Error != nil && !strings.Contains(string(a.Error.Data), "unknown") {
			t.Errorf("%s: %s", body, got)
		}
		var shown struct{ Result json.RawMessage }
		if err := json.Unmarshal([]byte(sample), &shown); err != nil || shown.Result == nil {
			t.Errorf("the answer shown is %s: %v", sample, err)
		}
	}
	var rows []row
	strict := json.NewDecoder(strings.NewReader("[" + sampleRow + "]"))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&rows); err != nil {
		t.Error(err)
	}
	if again, err := json.Marshal(rows[0]); err != nil || string(again) != sampleRow {
		t.Errorf("the sample row is %s, a real one %s", sampleRow, again)
	}
}
