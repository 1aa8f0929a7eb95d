package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// pin is one line of packages.lock.
type pin struct{ name, version, sha256, file string }

func readPins(file string) ([]pin, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var pins []pin
	lines := bufio.NewScanner(bytes.NewReader(content))
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != 4 {
			return nil, fmt.Errorf("%s:%d: wanted name, version, sha256 and file, got %q", file, number, line)
		}
		pins = append(pins, pin{fields[0], fields[1], fields[2], fields[3]})
	}
	return pins, lines.Err()
}

// nodeRoot unpacks the pinned packages into one tree. No maintainer script runs:
// the little that they would do for these programs is done here, so that neither
// root nor a chroot is needed and nothing of the building machine gets in.
func nodeRoot(in inputs) (tree, error) {
	pins, err := readPins(in.pins)
	if err != nil {
		return nil, err
	}
	t := tree{}
	for _, p := range pins {
		if err := t.unpack(filepath.Join(in.debs, p.sha256+".deb"), p.name); err != nil {
			return nil, fmt.Errorf("package %s %s: %w", p.name, p.version, err)
		}
	}
	for _, name := range []string{"iptables", "ip6tables"} {
		for _, suffix := range []string{"", "-save", "-restore"} {
			t.symlink("usr/sbin/"+name+suffix, "xtables-nft-multi")
		}
	}
	t.symlink("etc/mtab", "../proc/self/mounts")
	t.directory(programFolder, 0o755)
	if err := commonFiles(t); err != nil {
		return nil, err
	}
	return t, t.checkLibraries()
}

// unpack adds a package's files, and its control fields where scanners of
// images without dpkg look for them.
func (t tree) unpack(deb, name string) error {
	control, err := dpkgDeb("--field", deb)
	if err != nil {
		return err
	}
	t.file("var/lib/dpkg/status.d/"+name, 0o644, control)
	files, err := dpkgDeb("--fsys-tarfile", deb)
	if err != nil {
		return err
	}
	for in := tar.NewReader(bytes.NewReader(files)); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := t.add(header, in); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func (t tree) add(header *tar.Header, content io.Reader) error {
	name := usrPath(header.Name)
	if name == "." || isUnwanted(name) {
		return nil
	}
	e := entry{kind: header.Typeflag, uid: header.Uid, gid: header.Gid, link: header.Linkname}
	// Everything in these containers runs as root: set-id bits could only do harm.
	e.mode = header.Mode & 0o1777
	switch header.Typeflag {
	case tar.TypeDir:
		if previous, found := t[name]; found && previous.kind == tar.TypeSymlink {
			return nil
		}
	case tar.TypeReg:
		var err error
		if e.content, err = io.ReadAll(content); err != nil {
			return err
		}
	case tar.TypeLink:
		e.link = usrPath(header.Linkname)
	case tar.TypeSymlink:
	default:
		return fmt.Errorf("unexpected kind of file %q", header.Typeflag)
	}
	t.parents(name)
	t[name] = e
	return nil
}

// usrPath is the path with /bin, /lib and /sbin resolved to /usr.
func usrPath(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "" {
		return "."
	}
	first, rest, nested := strings.Cut(name, "/")
	if nested && (first == "bin" || first == "sbin" || first == "lib" || first == "lib64") {
		return "usr/" + first + "/" + rest
	}
	return name
}

// unwanted is what no container needs: documentation (licences stay), translations,
// character sets, and files of a service manager, a login or a boot.
var unwanted = regexp.MustCompile(`^(` + strings.Join([]string{
	`etc/(cron|default|dpkg|network|init\.d|logrotate|pam\.d|profile|skel|security|systemd|motd|issue|update-motd)`,
	`usr/(games|include|lib/tmpfiles\.d|lib/mime|src)(/|$)`, `(boot|home|media|mnt|opt|srv)$`,
	`usr/lib/(init|initcpio|pam\.d|systemd|udev|valgrind)(/|$)`,
	`usr/lib/x86_64-linux-gnu/(gconv|perl|perl-base)(/|$)`,
	`usr/sbin/arpd$`,
	`usr/share/(base-files|bash-completion|bug|dict|fish|metainfo|debconf|debianutils|doc-base|gdb|info|initramfs-tools)(/|$)`,
	`usr/share/(lintian|locale|man|menu|pam|pam-configs|perl5|pixmaps|zsh|polkit-1|apport|gcc)(/|$)`,
	`var/(backups|cache|local|lock|log|mail|opt|spool)(/|$)`,
}, `|`) + `)`)

func isUnwanted(name string) bool {
	if rest, isDoc := strings.CutPrefix(name, "usr/share/doc/"); isDoc {
		return strings.Contains(rest, "/") && path.Base(rest) != "copyright"
	}
	return unwanted.MatchString(name)
}

func dpkgDeb(arguments ...string) ([]byte, error) {
	var complaint bytes.Buffer
	command := exec.Command("dpkg-deb", arguments...)
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("dpkg-deb %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(complaint.String()))
	}
	return out, nil
}
