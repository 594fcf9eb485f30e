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
func (s *site) get(path string) (*http.Response, string) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+path, http.NoBody)
	s.must(err)
	response, err := http.DefaultTransport.RoundTrip(request)
	s.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	s.must(err)
	return response, string(text)
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
		response, text := s.get(path)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Security-Policy") != referencePolicy ||
			!strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %v", path, response.StatusCode, response.Header)
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
	_, text := s.get(billingPage)
	for _, m := range new(server).billing().methods {
		if !strings.Contains(text, `<section id="`+m.name+`">`) || !strings.Contains(text, m.summary) {
			t.Errorf("the page does not tell of %s", m.name)
		}
	}
	if response, text := s.get("/apidoc/reference.css"); response.StatusCode != http.StatusOK || text != string(referenceCSS) {
		t.Error("no stylesheet")
	}
	if response, _ := s.get("/apidoc/"); response.Header.Get("Location") != billingPage {
		t.Errorf("the front leads to %q", response.Header.Get("Location"))
	}
	if response, _ := s.get("/apidoc/classes/api-user-Slot.html"); response.StatusCode != http.StatusNotFound {
		t.Errorf("another class: %d", response.StatusCode)
	}
}

// What the page tells people to send is understood.
func TestExamplesOfTheReference(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	_, text := s.get(billingPage)
	bodies := regexp.MustCompile(`-d &#39;(.*)&#39;</pre>\s*<pre class="answer" tabindex="0">(.*)</pre>`).FindAllStringSubmatch(text, -1)
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
