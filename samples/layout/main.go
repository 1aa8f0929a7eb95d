// Layout writes the sample images as OCI layouts, from programs that were built
// and packages that were fetched before. It prints "digest  repository:tag" for
// each image.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

func main() {
	var in inputs
	flag.StringVar(&in.programs, "programs", "", "directory of the built programs")
	flag.StringVar(&in.debs, "debs", "", "directory of the packages, each called SHA256.deb")
	flag.StringVar(&in.pins, "pins", "", "file that lists the packages")
	out := flag.String("out", "", "directory to write the layouts to")
	work := flag.String("work", "", "directory for unfinished files, on the same filesystem as -out")
	flag.Parse()
	if err := run(in, *out, *work); err != nil {
		fmt.Fprintln(os.Stderr, "layout:", err)
		os.Exit(1)
	}
}

func run(in inputs, out, work string) error {
	folder := filepath.Join(work, "blobs")
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	blobs, err := makeLayers(in, folder)
	if err != nil {
		return err
	}
	for _, i := range images() {
		img, err := assemble(i, blobs)
		if err != nil {
			return fmt.Errorf("%s: %w", i.repository, err)
		}
		if err := writeLayout(i, img, blobs, out, work); err != nil {
			return fmt.Errorf("%s: %w", i.repository, err)
		}
		digest, err := img.Digest()
		if err != nil {
			return fmt.Errorf("%s: %w", i.repository, err)
		}
		fmt.Printf("%s  %s:%s\n", digest, i.repository, i.tag)
	}
	return nil
}

// makeLayers makes each layer that an image names once, all at the same time.
func makeLayers(in inputs, folder string) (map[layerName]*blob, error) {
	names := map[layerName]bool{}
	for _, i := range images() {
		for _, name := range i.layers {
			names[name] = true
		}
	}
	var (
		blobs = map[layerName]*blob{}
		guard sync.Mutex
		group sync.WaitGroup
		first error
	)
	for name := range names {
		group.Go(func() {
			b, err := makeLayer(in, folder, name)
			guard.Lock()
			defer guard.Unlock()
			if err != nil && first == nil {
				first = fmt.Errorf("layer %s: %w", name, err)
			}
			blobs[name] = b
		})
	}
	group.Wait()
	return blobs, first
}

func makeLayer(in inputs, folder string, name layerName) (*blob, error) {
	t, err := layerTree(in, name)
	if err != nil {
		return nil, err
	}
	return writeBlob(t, folder, string(name))
}
