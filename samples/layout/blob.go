package main

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// blob is a finished layer in a file. It is a v1.Layer.
type blob struct {
	file   string
	digest v1.Hash
	diffID v1.Hash
	size   int64
}

// writeBlob makes the layer's tar, compressed by this toolchain's own gzip: the
// bytes depend on the Go version alone, not on a program of the host.
func writeBlob(t tree, folder, name string) (_ *blob, err error) {
	temporary := filepath.Join(folder, name+".partial")
	out, err := os.Create(temporary)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	compressed, uncompressed := sha256.New(), sha256.New()
	counter := &counter{}
	packer := gzip.NewWriter(io.MultiWriter(out, compressed, counter))
	if err := t.writeTar(io.MultiWriter(packer, uncompressed)); err != nil {
		return nil, err
	}
	if err := packer.Close(); err != nil {
		return nil, err
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	b := &blob{digest: sum(compressed), diffID: sum(uncompressed), size: counter.bytes}
	b.file = filepath.Join(folder, b.digest.Hex)
	return b, os.Rename(temporary, b.file)
}

type counter struct{ bytes int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return len(p), nil
}

func sum(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}

func (b *blob) Digest() (v1.Hash, error) { return b.digest, nil }

func (b *blob) DiffID() (v1.Hash, error) { return b.diffID, nil }

func (b *blob) Size() (int64, error) { return b.size, nil }

func (b *blob) MediaType() (types.MediaType, error) { return types.OCILayer, nil }

func (b *blob) Compressed() (io.ReadCloser, error) { return os.Open(b.file) }

func (b *blob) Uncompressed() (io.ReadCloser, error) {
	file, err := os.Open(b.file)
	if err != nil {
		return nil, err
	}
	return gzip.NewReader(file)
}
