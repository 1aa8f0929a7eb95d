package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"
)

func names(t *testing.T, content []byte) []string {
	t.Helper()
	var found []string
	for in := tar.NewReader(bytes.NewReader(content)); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.ModTime.Unix() != 0 {
			t.Errorf("%s has time %s", header.Name, header.ModTime)
		}
		found = append(found, header.Name)
	}
}

func written(t *testing.T, files tree) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := files.writeTar(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTarHasParentsFirstAndHardLinksLast(t *testing.T) {
	files := tree{}
	files.file("usr/bin/z", 0o755, []byte("z"))
	files["a"] = entry{kind: tar.TypeLink, link: "usr/bin/z"}
	files.symlink("usr/bin/b", "z")
	want := []string{"usr/", "usr/bin/", "usr/bin/b", "usr/bin/z", "a"}
	if got := names(t, written(t, files)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTarDoesNotDependOnTheOrderOfFilling(t *testing.T) {
	one, other := tree{}, tree{}
	for _, name := range []string{"b/c", "a", "b/a"} {
		one.file(name, 0o644, []byte(name))
	}
	for _, name := range slices.Sorted(maps.Keys(one)) {
		other[name] = one[name]
	}
	if !bytes.Equal(written(t, one), written(t, other)) {
		t.Error("the same tree gave two tars")
	}
}

func TestPackagesLandInTheMergedUsrWithoutSetID(t *testing.T) {
	files := tree{}
	files.symlink("bin", "usr/bin")
	for _, header := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "./bin/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "./bin/mount", Mode: 0o4755},
		{Typeflag: tar.TypeReg, Name: "./usr/share/doc/mount/README", Mode: 0o644},
		{Typeflag: tar.TypeReg, Name: "./usr/share/doc/mount/copyright", Mode: 0o644},
		{Typeflag: tar.TypeReg, Name: "./usr/share/man/man8/mount.8.gz", Mode: 0o644},
	} {
		if err := files.add(header, bytes.NewReader(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if files["bin"].kind != tar.TypeSymlink || files["usr/bin/mount"].mode != 0o755 {
		t.Errorf("bin is %+v, mount is %+v", files["bin"], files["usr/bin/mount"])
	}
	for name, want := range map[string]bool{
		"usr/share/doc/mount/README": false, "usr/share/doc/mount/copyright": true, "usr/share/man/man8/mount.8.gz": false,
	} {
		if _, found := files[name]; found != want {
			t.Errorf("%s: found %v, want %v", name, found, want)
		}
	}
}

func TestAProgramWhoseLibraryIsMissingIsRefused(t *testing.T) {
	files := tree{}
	if err := files.program("usr/bin/true", "/usr/bin/true"); err != nil {
		t.Fatal(err)
	}
	if err := files.checkLibraries(); err == nil {
		t.Error("a program without its C library was taken")
	}
}
