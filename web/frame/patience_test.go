package frame

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// On a server that gives strangers a moment, a page that is patient takes a file over a
// slow line and works on it, and an export is as long as it is.
func TestPatience(t *testing.T) {
	const moment = 200 * time.Millisecond
	s := &Site{}
	piece := bytes.Repeat([]byte("x"), 64<<10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			s.Patient(w, time.Minute)
			body, err := io.ReadAll(r.Body)
			time.Sleep(2 * moment)
			if err != nil || len(body) != 3 {
				w.WriteHeader(http.StatusBadRequest)
			}
			return
		}
		out := s.Export(w)
		for range 4 {
			if _, err := out.Write(piece); err != nil {
				return
			}
			time.Sleep(moment)
		}
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = moment, moment
	server.Start()
	defer server.Close()
	read, write := io.Pipe()
	go func() {
		for range 3 {
			time.Sleep(moment)
			_, _ = write.Write([]byte("x")) // the server says if it did not come
		}
		_ = write.Close() // never fails
	}()
	for method, want := range map[string]int{http.MethodPost: 0, http.MethodGet: 4 * len(piece)} {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL, read)
		if method == http.MethodGet {
			r, err = http.NewRequestWithContext(t.Context(), method, server.URL, http.NoBody)
		}
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Errorf("%s: %v", method, err)
			continue
		}
		got, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close() // never fails
		if err != nil || len(got) != want || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %d bytes, %v", method, answer.StatusCode, len(got), err)
		}
	}
}
