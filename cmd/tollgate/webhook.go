package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tollgate"
)

// How hard it is tried to post an alert.
const (
	postMax   = 10 * time.Second
	postTries = 5
	postPause = 2 * time.Second // doubled after each try
)

// post returns what posts every alert to a URL, one after the other.
func (s *server) post(hook string) func(context.Context) error {
	alerts, cancel := s.office.Alerts()
	return func(ctx context.Context) error {
		defer cancel()
		for {
			select {
			case <-ctx.Done():
				return nil
			case a := <-alerts:
				if err := postAlert(ctx, hook, a); err != nil && ctx.Err() == nil {
					s.p.log.Error("an alert was not posted", "host", hostOf(hook), "kind", a.Kind, "error", err)
				}
			}
		}
	}
}

func postAlert(ctx context.Context, hook string, a tollgate.Alert) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	pause := postPause
	for try := 1; ; try++ {
		err := postOnce(ctx, hook, text)
		if err == nil || try == postTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
			pause *= 2
		}
	}
}

// hostOf is what may be said of a webhook: the rest of its address is often its
// password.
func hostOf(hook string) string {
	u, err := url.Parse(hook)
	if err != nil {
		return ""
	}
	return u.Host
}

// withoutURL is an error of a request without its address.
func withoutURL(err error) error {
	if of, ok := errors.AsType[*url.Error](err); ok {
		return of.Err
	}
	return err
}

func postOnce(ctx context.Context, hook string, text []byte) error {
	ctx, cancel := context.WithTimeout(ctx, postMax)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(text))
	if err != nil {
		return withoutURL(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return withoutURL(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}
