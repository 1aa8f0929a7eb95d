package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sys/unix"
)

const refName = "org.opencontainers.image.ref.name"

// platform is what the programs are built for.
var platform = v1.Platform{OS: "linux", Architecture: "amd64"}

func assemble(i image, blobs map[layerName]*blob) (v1.Image, error) {
	config := i.config
	config.Labels = map[string]string{
		"org.opencontainers.image.source":  i.source,
		"org.opencontainers.image.title":   i.repository,
		"org.opencontainers.image.version": i.tag,
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	configured, err := mutate.ConfigFile(base, &v1.ConfigFile{
		Architecture: platform.Architecture, OS: platform.OS, Created: v1.Time{Time: i.released}, Config: config,
		RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	additions := make([]mutate.Addendum, 0, len(i.layers))
	for _, name := range i.layers {
		additions = append(additions, mutate.Addendum{
			Layer:     blobs[name],
			MediaType: types.OCILayer,
			History:   v1.History{Created: v1.Time{Time: i.released}, CreatedBy: "igneous samples: layer " + string(name)},
		})
	}
	return mutate.Append(configured, additions...)
}

// writeLayout makes the image's layout beside its place and swaps it in, so that
// the place never holds half a layout.
func writeLayout(i image, img v1.Image, blobs map[layerName]*blob, out, work string) error {
	temporary := filepath.Join(work, "layout")
	if err := os.RemoveAll(temporary); err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	target, err := layout.Write(temporary, empty.Index)
	if err != nil {
		return err
	}
	folder := filepath.Join(temporary, "blobs", "sha256")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range i.layers {
		if err := os.Link(blobs[name].file, filepath.Join(folder, blobs[name].digest.Hex)); err != nil {
			return err
		}
	}
	err = target.AppendImage(img, layout.WithPlatform(platform), layout.WithAnnotations(map[string]string{refName: i.tag}))
	if err != nil {
		return err
	}
	return swapIn(temporary, filepath.Join(out, i.repository))
}

// swapIn puts a directory at its place in one step, whether the place is taken or not.
func swapIn(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	err := os.Rename(from, to)
	if err == nil || !errors.Is(err, fs.ErrExist) && !errors.Is(err, unix.ENOTEMPTY) {
		return err
	}
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_EXCHANGE)
}
