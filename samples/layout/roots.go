package main

import (
	"bytes"
	"encoding/pem"
	"errors"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// rootCertificates is Mozilla's list as the Go project publishes it. It comes from
// a pinned Go module and not from Debian, whose archive keeps a version for months
// only. Roots that Mozilla trusts under a constraint are left out: a PEM file
// cannot say the constraint.
func rootCertificates() ([]byte, error) {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	if out.Len() == 0 {
		return nil, errors.New("the bundle of root certificates is empty")
	}
	return out.Bytes(), nil
}
