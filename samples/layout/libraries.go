package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"path"
	"slices"
	"strings"
)

// checkLibraries refuses a tree in which a program asks for a shared library that
// is not there: it is how a package that the list of packages lacks shows itself.
func (t tree) checkLibraries() error {
	present := map[string]bool{}
	for name := range t {
		if strings.HasPrefix(name, "usr/lib") {
			present[path.Base(name)] = true
		}
	}
	var missing []string
	for name, e := range t {
		if e.kind != tar.TypeReg || !bytes.HasPrefix(e.content, []byte(elf.ELFMAG)) {
			continue
		}
		libraries, err := neededLibraries(e.content)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, library := range libraries {
			if !present[library] {
				missing = append(missing, fmt.Sprintf("%s (wanted by %s)", library, name))
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("shared libraries are missing: %s; add their packages to samples/debian/packages.txt, "+
		"then run scripts/sample-images.sh --update-debian", strings.Join(missing, ", "))
}

func neededLibraries(content []byte) ([]string, error) {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return file.ImportedLibraries()
}
