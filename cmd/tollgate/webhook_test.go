package main

import (
	"strings"
	"testing"
)

// The path of a webhook is often its password: logs and health show the host alone.
func TestWebhookIsNotTold(t *testing.T) {
	const url = "http://user:secret@127.0.0.1:1/secret?key=secret"
	err := postOnce(t.Context(), url, []byte("{}"))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error says %v", err)
	}
	if got := hostOf(url); got != "127.0.0.1:1" {
		t.Errorf("it is shown as %q", got)
	}
}
