package access

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"strings"
)

const (
	secretBytes  = 32
	secretDigits = 43 // of base 62 for 256 bits
)

// newSecret draws 256 bits and writes them in letters and digits alone, so that
// a double click selects all of it.
func newSecret(random io.Reader) (string, error) {
	var raw [secretBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("draw a secret: %w", err)
	}
	text := new(big.Int).SetBytes(raw[:]).Text(62)
	return strings.Repeat("0", secretDigits-len(text)) + text, nil
}

// fingerprint is how a random secret is stored. A secret of 256 bits cannot be
// guessed, so that a fast hash is enough.
func fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
