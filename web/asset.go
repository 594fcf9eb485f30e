package web

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

// assets holds the files by the name they are served under. The name carries a
// hash of the content, so that a browser may keep a file for ever and still sees
// a new one at once.
type assets struct {
	files map[string]asset
	paths map[string]string // plain name → address
}

func newAssets() (*assets, error) {
	kinds := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}
	entries, err := assetFiles.ReadDir("asset")
	if err != nil {
		return nil, fmt.Errorf("read the embedded assets: %w", err)
	}
	a := &assets{files: map[string]asset{}, paths: map[string]string{}}
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

// path is the address of an asset. An unknown name is a fault in a template and
// stops the page.
func (a *assets) path(name string) (string, error) {
	p, ok := a.paths[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return p, nil
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
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
