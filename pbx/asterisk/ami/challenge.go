package ami

import (
	"crypto/md5" // the manager protocol knows no other digest
	"encoding/hex"
)

// challengeKey is the answer to a login challenge: MD5 of challenge and secret.
func challengeKey(challenge, secret string) string {
	sum := md5.Sum([]byte(challenge + secret))
	return hex.EncodeToString(sum[:])
}
