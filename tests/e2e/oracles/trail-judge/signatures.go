package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// verifiers are the log's keys: those that -vkey names, or those of DIR/log.vkey.
func verifiers(o options, dir string) ([]note.Verifier, error) {
	places := o.vkeys
	if len(places) == 0 && dir != "" {
		places = list{filepath.Join(dir, "log.vkey")}
	}
	if len(places) == 0 {
		return nil, usageError{errors.New("-vkey is needed")}
	}
	var found []note.Verifier
	for _, place := range places {
		text := place
		if data, err := os.ReadFile(place); err == nil {
			text = string(data)
		}
		for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
			verifier, err := note.NewVerifier(strings.TrimSpace(line))
			if err != nil {
				return nil, usageError{fmt.Errorf("verifier key %q: %w", line, err)}
			}
			found = append(found, verifier)
		}
	}
	return found, nil
}

func noteCommand(j *judge, place string, o options) error {
	data, err := readInput(place)
	if err != nil {
		return err
	}
	keys, err := verifiers(o, "")
	if err != nil {
		return err
	}
	_, err = note.Open(data, note.VerifierList(keys...))
	j.say("note", err)
	return nil
}

// openCheckpoint accepts a checkpoint that one of the keys has signed for the origin.
func openCheckpoint(data []byte, origin string, keys []note.Verifier, others ...note.Verifier) (*log.Checkpoint, *note.Note, error) {
	var last error
	for _, key := range keys {
		name := origin
		if name == "" {
			name = key.Name()
		}
		checkpoint, _, opened, err := log.ParseCheckpoint(data, name, key, others...)
		if err == nil {
			return checkpoint, opened, nil
		}
		last = err
	}
	return nil, nil, last
}

func checkpointCommand(j *judge, place string, o options) error {
	data, err := readInput(place)
	if err != nil {
		return err
	}
	keys, err := verifiers(o, "")
	if err != nil {
		return err
	}
	var witnesses []note.Verifier
	for _, key := range o.witnesses {
		verifier, err := fnote.NewVerifierForCosignatureV1(key)
		if err != nil {
			return usageError{fmt.Errorf("witness key %q: %w", key, err)}
		}
		witnesses = append(witnesses, verifier)
	}
	checkpoint, opened, err := openCheckpoint(data, o.origin, keys, witnesses...)
	if err == nil && len(checkpoint.Hash) != sha256.Size {
		err = fmt.Errorf("a root of %d bytes", len(checkpoint.Hash))
	}
	j.say("checkpoint", err)
	if err != nil {
		return nil
	}
	for _, witness := range witnesses {
		j.say("cosignature "+witness.Name(), cosigned(opened, witness))
	}
	return nil
}

// cosigned says whether an opened note has a verified line of this witness: Open ignores lines of keys it lacks.
func cosigned(opened *note.Note, witness note.Verifier) error {
	for _, signature := range opened.Sigs {
		if signature.Name == witness.Name() && signature.Hash == witness.KeyHash() {
			_, err := fnote.CoSigV1Timestamp(signature)
			return err
		}
	}
	return errors.New("no such cosignature")
}

type namedKey struct {
	KeyID string `json:"keyid"`
	PEM   string `json:"pem"`
}

type dsseQuestion struct {
	Envelope  dsse.Envelope `json:"envelope"`
	Keys      []namedKey    `json:"keys"`
	Threshold int           `json:"threshold"`
}

// keyVerifier gives a key the id that its signer uses.
type keyVerifier struct {
	id     string
	public crypto.PublicKey
}

func (k keyVerifier) KeyID() (string, error)   { return k.id, nil }
func (k keyVerifier) Public() crypto.PublicKey { return k.public }

func (k keyVerifier) Verify(_ context.Context, data, signature []byte) error {
	switch public := k.public.(type) {
	case ed25519.PublicKey:
		if ed25519.Verify(public, data, signature) {
			return nil
		}
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(data)
		if ecdsa.VerifyASN1(public, digest[:], signature) {
			return nil
		}
	}
	return errors.New("signature does not match")
}

func dsseCommand(j *judge, place string, _ options) error {
	data, err := readInput(place)
	if err != nil {
		return err
	}
	question := dsseQuestion{Threshold: 1}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&question); err != nil {
		return usageError{fmt.Errorf("dsse: %w", err)}
	}
	var keys []dsse.Verifier
	for _, key := range question.Keys {
		block, _ := pem.Decode([]byte(key.PEM))
		if block == nil {
			return usageError{fmt.Errorf("key %s is not PEM", key.KeyID)}
		}
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return usageError{fmt.Errorf("key %s: %w", key.KeyID, err)}
		}
		keys = append(keys, keyVerifier{key.KeyID, public})
	}
	verifier, err := dsse.NewMultiEnvelopeVerifier(question.Threshold, keys...)
	if err != nil {
		return usageError{err}
	}
	_, err = verifier.Verify(context.Background(), &question.Envelope)
	j.say("dsse", err)
	return nil
}
