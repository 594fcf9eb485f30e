package access

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"tollgate"

	"golang.org/x/crypto/argon2"
)

// The length of a password. There are no rules about kinds of characters,
// because they make passwords worse: NIST SP 800-63B §5.1.1.2.
const (
	PasswordCharactersMin = 12
	passwordBytesMax      = 1024
)

// The second recommended option of RFC 9106 §4.
const (
	argonPasses    = 3
	argonMemoryKiB = 64 << 10
	argonLanes     = 4
	argonSaltBytes = 16
	argonKeyBytes  = 32
)

// What a stored hash may ask of us at most, so that a damaged row cannot take the machine.
const (
	argonPassesMax    = 16
	argonMemoryKiBMax = 1 << 20
)

// phc is a password hash in the PHC string format: $argon2id$v=19$m=…,t=…,p=…$salt$key.
type phc struct {
	memoryKiB, passes uint32
	lanes             uint8
	salt, key         []byte
}

func (h phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.memoryKiB, h.passes, h.lanes, b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
}

// derive computes the key of a password with h's salt and costs.
func (h phc) derive(password string) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memoryKiB, h.lanes, argonKeyBytes)
}

func parsePHC(s string) (phc, error) {
	var h phc
	fields := strings.Split(s, "$")
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" ||
		fields[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, fmt.Errorf("password hash: want $argon2id$v=%d$…", argon2.Version)
	}
	if n, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &h.memoryKiB, &h.passes, &h.lanes); n != 3 {
		return h, fmt.Errorf("password hash: costs %q: %w", fields[3], err)
	}
	if h.passes < 1 || h.passes > argonPassesMax || h.lanes < 1 || h.memoryKiB > argonMemoryKiBMax {
		return h, fmt.Errorf("password hash: costs %q are out of range", fields[3])
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(fields[4]); err != nil {
		return h, fmt.Errorf("password hash: salt: %w", err)
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(fields[5]); err != nil {
		return h, fmt.Errorf("password hash: key: %w", err)
	}
	if len(h.key) != argonKeyBytes {
		return h, fmt.Errorf("password hash: key of %d bytes, want %d", len(h.key), argonKeyBytes)
	}
	return h, nil
}

// checkPassword refuses what is too short or too long to be a password.
func checkPassword(password string) error {
	if !utf8.ValidString(password) {
		return tollgate.Errorf(tollgate.CodeInvalid, "the password is not UTF-8 text")
	}
	if n := utf8.RuneCountInString(password); n < PasswordCharactersMin {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"the password has %d characters, it needs at least %d", n, PasswordCharactersMin)
	}
	if len(password) > passwordBytesMax {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"the password is longer than %d bytes", passwordBytesMax)
	}
	return nil
}

// hasher makes and verifies password hashes. Who calls it has a place in a queue.
type hasher struct {
	random io.Reader
	nobody phc // verified for names that do not exist, so that they take as long
}

func newHasher(random io.Reader) *hasher {
	return &hasher{
		random: random,
		nobody: phc{
			memoryKiB: argonMemoryKiB, passes: argonPasses, lanes: argonLanes,
			salt: make([]byte, argonSaltBytes), key: make([]byte, argonKeyBytes),
		},
	}
}

// hash returns the PHC string of a new password.
func (h *hasher) hash(password string) (string, error) {
	made := h.nobody
	made.salt = make([]byte, argonSaltBytes)
	if _, err := io.ReadFull(h.random, made.salt); err != nil {
		return "", fmt.Errorf("salt a password: %w", err)
	}
	made.key = made.derive(password)
	return made.String(), nil
}

// verify reports whether password is the one that was hashed. An empty hash
// belongs to nobody, is never right, and takes as long as a wrong password.
func (h *hasher) verify(hash, password string) (bool, error) {
	want := h.nobody
	if hash != "" {
		var err error
		if want, err = parsePHC(hash); err != nil {
			return false, err
		}
	}
	if len(password) > passwordBytesMax {
		return false, nil
	}
	same := subtle.ConstantTimeCompare(want.derive(password), want.key) == 1
	return same && hash != "", nil
}

// HashPassword makes what is stored of a password, a person's or a device's.
// CodeInvalid says why it cannot be one, CodeUnavailable that too many wait.
func (a *Gate) HashPassword(ctx context.Context, password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	leave, err := a.queues.trusted.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return a.hasher.hash(password)
}

// proves reports what verify does of the password of a name, once it is its
// turn in the line. It returns *Throttled if the name or the address has to
// wait, and CodeUnavailable if too many do. The attempt counts as failed, but
// only when it is looked at: call throttle.succeeded when it went well.
func (a *Gate) proves(
	ctx context.Context, line *queue, name, address string, verify func() (bool, error),
) (bool, error) {
	if err := a.throttle.check(name, address, a.now()); err != nil {
		return false, err
	}
	if a.throttle.isKnown(name, address, a.now()) {
		line = a.queues.trusted
	}
	leave, err := line.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if err := a.throttle.attempt(name, address, a.now()); err != nil {
		return false, err
	}
	return verify()
}
