package main

import "fmt"

// inputs is where the layers' content is found.
type inputs struct {
	programs string // directory of the built programs
	debs     string // directory of the packages, each called SHA256.deb
	pins     string // the file that lists the packages
}

// layerTree makes the file tree of one layer.
func layerTree(in inputs, name layerName) (tree, error) {
	switch name {
	case layerStatic:
		return staticRoot()
	case layerNode:
		return nodeRoot(in)
	case layerKubernetes:
		return programs(in, programFolder, "kube")
	case layerEtcd:
		return programs(in, programFolder, "etcd", "etcdctl", "etcdutl")
	case layerGeth:
		return programs(in, programFolder, "geth")
	case layerPause:
		t, err := programs(in, "", "pause")
		if err != nil {
			return nil, err
		}
		mountPoints(t)
		return t, nil
	}
	names, found := kubeNames[string(name)]
	if !found {
		return nil, fmt.Errorf("no layer is called %q", name)
	}
	t := tree{}
	for _, program := range names {
		t.symlink(programFolder+"/"+program, "kube")
	}
	return t, nil
}

func programs(in inputs, folder string, names ...string) (tree, error) {
	t := tree{}
	for _, name := range names {
		target := name
		if folder != "" {
			target = folder + "/" + name
		}
		if err := t.program(target, in.programs+"/"+name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// mountPoints makes what a runtime mounts over: a read-only root cannot get it later.
func mountPoints(t tree) {
	for _, name := range []string{"dev", "proc", "run", "sys"} {
		t.directory(name, 0o755)
	}
	t.directory("tmp", 0o1777)
	t.file("etc/hosts", 0o644, []byte("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"))
	t.file("etc/resolv.conf", 0o644, nil)
}

// commonFiles makes what both roots have besides mount points.
func commonFiles(t tree) error {
	mountPoints(t)
	t.directory("root", 0o700)
	t.directory("var/lib", 0o755)
	t.directory("var/tmp", 0o1777)
	t.symlink("var/run", "/run")
	t.file("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"))
	t.file("etc/group", 0o644, []byte("root:x:0:\ntty:x:5:\ndisk:x:6:\nnogroup:x:65534:\n"))
	t.file("etc/nsswitch.conf", 0o644, []byte("passwd: files\ngroup: files\nhosts: files dns\n"))
	certificates, err := rootCertificates()
	if err != nil {
		return err
	}
	t.file("etc/ssl/certs/ca-certificates.crt", 0o644, certificates)
	return nil
}

func staticRoot() (tree, error) {
	t := tree{}
	t.directory(programFolder, 0o755)
	return t, commonFiles(t)
}
