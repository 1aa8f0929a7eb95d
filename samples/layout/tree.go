package main

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// tree is a file tree in memory: path without leading slash → entry. It becomes
// the same tar whatever order it was filled in.
type tree map[string]entry

type entry struct {
	kind    byte // as in a tar header
	mode    int64
	uid     int
	gid     int
	link    string
	content []byte
}

func (t tree) directory(name string, mode int64) {
	t.parents(name)
	t[name] = entry{kind: tar.TypeDir, mode: mode}
}

func (t tree) file(name string, mode int64, content []byte) {
	t.parents(name)
	t[name] = entry{kind: tar.TypeReg, mode: mode, content: content}
}

func (t tree) symlink(name, target string) {
	t.parents(name)
	t[name] = entry{kind: tar.TypeSymlink, mode: 0o777, link: target}
}

func (t tree) program(name, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	t.file(name, 0o755, content)
	return nil
}

func (t tree) parents(name string) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, found := t[dir]; !found {
			t[dir] = entry{kind: tar.TypeDir, mode: 0o755}
		}
	}
}

// writeTar writes the tree sorted by path, every time stamp 0. Hard links come
// last: a reader must have met their target.
func (t tree) writeTar(w io.Writer) error {
	names := make([]string, 0, len(t))
	for name := range t {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		aLink, bLink := t[a].kind == tar.TypeLink, t[b].kind == tar.TypeLink
		if aLink != bLink {
			if aLink {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	out := tar.NewWriter(w)
	for _, name := range names {
		if err := t.writeEntry(out, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Close()
}

func (t tree) writeEntry(out *tar.Writer, name string) error {
	e := t[name]
	header := &tar.Header{
		Typeflag: e.kind, Name: name, Linkname: e.link, Mode: e.mode, Uid: e.uid, Gid: e.gid,
		Size: int64(len(e.content)), ModTime: time.Unix(0, 0),
	}
	if e.kind == tar.TypeDir {
		header.Name += "/"
	}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err := out.Write(e.content)
	return err
}
