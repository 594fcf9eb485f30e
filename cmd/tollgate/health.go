package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/api"
	"tollgate/store"
)

type healthCommand struct {
	databaseFlags
	URL   string   `help:"Where the server listens; found out by itself on the machine of the package." placeholder:"ADDR"`
	Token string   `help:"A token that may read the house." env:"TOLLGATE_TOKEN" placeholder:"TOKEN"`
	Unit  []string `help:"Systemd service to list, too; asterisk.service if there is one." placeholder:"NAME"`
	JSON  bool     `help:"Print the answer as JSON."`
}

// Help says more than one line can.
func (healthCommand) Help() string {
	return "On the server's own machine it needs nothing. From elsewhere, and for the details, it needs a token, " +
		"or --data or --database of the server, with which it makes one for the moment."
}

const (
	healthTimeMax  = 10 * time.Second
	healthBytesMax = 1 << 20
)

// Run prints what runs. It fails when a part does not.
func (c *healthCommand) Run(p *program) error {
	ctx, cancel := context.WithTimeout(p.ctx, healthTimeMax)
	defer cancel()
	units, err := unitParts("/", c.Unit)
	if err != nil {
		return err
	}
	token, forget, err := c.token(p)
	if err != nil {
		return err
	}
	health := c.ask(ctx, token)
	if err := forget(); err != nil {
		return err
	}
	for _, unit := range units {
		health.Parts = append(health.Parts, unit)
		health.Healthy = health.Healthy && unit.State == "running"
	}
	if c.JSON {
		err = json.NewEncoder(p.stdout).Encode(health)
	} else {
		err = printHealth(p.stdout, health)
	}
	if err == nil && !health.Healthy {
		err = tollgate.Errorf(tollgate.CodeUnavailable, "something does not run")
	}
	return err
}

// base is where the server is. An address without a scheme is this machine's, or
// one that is reached over TLS.
func (c *healthCommand) base() string {
	base := strings.TrimRight(c.URL, "/")
	if base == "" {
		base, _ = servedAt()
	}
	switch {
	case strings.Contains(base, "://"):
		return base
	case isLoopback(base):
		return "http://" + base
	default:
		return "https://" + base
	}
}

// isLoopback reports whether HOST or HOST:PORT is this machine.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")).IsLoopback()
}

// token is the one given, or one for the moment; forget takes that away again.
func (c *healthCommand) token(p *program) (secret string, forget func() error, err error) {
	nothing := func() error { return nil }
	if c.Token != "" || c.Data == "" && c.Database == "" {
		return c.Token, nothing, nil
	}
	db, gate, err := c.openGate(p, false)
	if err != nil {
		return "", nothing, err
	}
	now := p.now()
	secret, t, err := gate.NewToken(p.ctx, commandPrincipal(), store.Token{
		Name: fmt.Sprintf("health-%d", now.UnixNano()), Role: string(access.RoleReader),
		Expires: now.Add(time.Minute),
	})
	if err != nil {
		db.Close()
		return "", nothing, err
	}
	return secret, func() error {
		defer db.Close()
		return gate.Revoke(p.ctx, commandPrincipal(), t.ID)
	}, nil
}

// ask asks the server. What it does not answer is a part that failed.
func (c *healthCommand) ask(ctx context.Context, token string) api.Health {
	base := c.base()
	path := base + "/api/v1/health"
	if token == "" {
		path = base + "/healthz"
	}
	body, err := get(ctx, path, token)
	answer := api.Health{Version: version, Healthy: err == nil}
	part := api.Part{Name: "server", State: "running", Detail: base}
	if err != nil {
		part.State, part.Detail = "failed", err.Error()
	} else if token != "" || strings.HasPrefix(string(body), "{") {
		if err := json.Unmarshal(body, &answer); err != nil {
			answer.Healthy, part.State, part.Detail = false, "failed", base+" answers something else"
		}
	}
	answer.Parts = append([]api.Part{part}, answer.Parts...)
	return answer
}

// get fetches what a server answers to a token.
func get(ctx context.Context, url, token string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	defer transport.CloseIdleConnections()
	if isLoopback(r.URL.Host) {
		// Whoever can answer here is on this machine; a certificate, made out for
		// the name that others use, would prove no more.
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	}
	response, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, healthBytesMax))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, response.Status)
	}
	return body, err
}

// printHealth prints a line for each part.
func printHealth(w io.Writer, h api.Health) error {
	title := "Tollgate " + h.Version
	width := 0
	for _, part := range h.Parts {
		width = max(width, len([]rune(part.Name)))
	}
	fmt.Fprintf(w, "%s\n%s\n", title, strings.Repeat("=", len(title)))
	for _, part := range h.Parts {
		line := fmt.Sprintf("• %-*s  %-7s  %s", width, part.Name, part.State, part.Detail)
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}
