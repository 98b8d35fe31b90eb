package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/rectify-project/rectify/sdk/kept"
)

// The file of an export is a line that says what it is, with its version and the digest of the rest; then the tree as JSON,
// data in base64.
const (
	fileHeader  = "rectify-registry-export 1 "
	maxFileSize = 2*maxTreeBytes + maxTreeKeys*4096
)

// Digest is a digest of everything in the tree, in hexadecimal: trees have the same one where Differs finds nothing.
func (t *Tree) Digest() (string, error) {
	_, digest, err := t.plain().encode()
	return digest, err
}

// plain is the tree without what Windows notes of how access rights came to be.
func (t *Tree) plain() *Tree {
	p := &Tree{Name: t.Name, Form: t.Form, Values: t.Values}
	p.Form.Security = flags.Replace(t.Form.Security)
	for _, k := range t.Keys {
		p.Keys = append(p.Keys, k.plain())
	}
	return p
}

func (t *Tree) encode() (data []byte, digest string, err error) {
	data, err = json.Marshal(t)
	sum := sha256.Sum256(data)
	return data, hex.EncodeToString(sum[:]), err
}

// Save writes an export into a file. When it returns the file is on the disk, whole; a crash before leaves what had been
// there.
func Save(file string, t *Tree) error {
	data, digest, err := t.encode()
	if err != nil {
		return err
	}
	return kept.WriteFile(file, append([]byte(fileHeader+digest+"\n"), data...))
}

// Load reads what Save wrote. The error wraps fs.ErrNotExist where there is no such file, and tells of one that is not
// what was written.
func Load(file string) (*Tree, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFileSize {
		return nil, fmt.Errorf("%s has %d bytes, expected at most %d", file, info.Size(), maxFileSize)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	t, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s is no export of a registry key that this version wrote: %w", file, err)
	}
	return t, nil
}

func parse(raw []byte) (*Tree, error) {
	line, data, ok := bytes.Cut(raw, []byte("\n"))
	digest, isExport := bytes.CutPrefix(line, []byte(fileHeader))
	if !ok || !isExport {
		return nil, fmt.Errorf("it begins with %.40q, expected %q", line, fileHeader)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != string(digest) {
		return nil, fmt.Errorf("its digest is %x, expected %.64s: it was changed", sum, digest)
	}
	var t Tree
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, err
	}
	if _, err := place(t.Name); err != nil {
		return nil, err
	}
	return &t, t.check()
}

// check refuses a tree whose names lead elsewhere.
func (t *Tree) check() error {
	for _, k := range t.Keys {
		if k == nil || k.Name == "" || strings.ContainsAny(k.Name, "\\\x00") {
			return fmt.Errorf("a key below %q has no name that a key can have", t.Name)
		}
		if err := k.check(); err != nil {
			return err
		}
	}
	return nil
}
