// Package view is what pages are made of: the templates, the stylesheet and the
// script, and how calls, money, numbers and times are shown. It asks nobody: it
// is handed what it shows.
package view

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
)

//go:embed asset/*
var assetFiles embed.FS

// asset is one file that pages refer to.
type asset struct {
	body []byte
	kind string
}

// Assets holds the files by the name they are served under. The name carries a
// hash of the content, so that a browser may keep a file for ever and still sees
// a new one at once.
type Assets struct {
	files map[string]asset
	paths map[string]string // plain name → address
}

// NewAssets reads the embedded files.
func NewAssets() (*Assets, error) {
	kinds := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}
	entries, err := assetFiles.ReadDir("asset")
	if err != nil {
		return nil, fmt.Errorf("read the embedded assets: %w", err)
	}
	a := &Assets{files: map[string]asset{}, paths: map[string]string{}}
	for _, e := range entries {
		body, err := assetFiles.ReadFile("asset/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the embedded asset %s: %w", e.Name(), err)
		}
		sum := sha256.Sum256(body)
		extension := path.Ext(e.Name())
		hashed := strings.TrimSuffix(e.Name(), extension) + "." + hex.EncodeToString(sum[:6]) + extension
		a.files[hashed] = asset{body: body, kind: kinds[extension]}
		a.paths[e.Name()] = "/assets/" + hashed
	}
	return a, nil
}

// Path is the address of an asset. An unknown name is a fault in a template and
// stops the page.
func (a *Assets) Path(name string) (string, error) {
	p, ok := a.paths[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return p, nil
}

// Serve answers with the asset that the request names.
func (a *Assets) Serve(w http.ResponseWriter, r *http.Request) {
	file, ok := a.files[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(file.body) // the reader is gone: nobody to tell
}
