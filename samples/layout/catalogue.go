package main

import (
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// image is one OCI image: what it is called, what it is made of, how it starts.
type image struct {
	repository string // also the layout's directory below the output directory
	tag        string
	source     string // where the program's own source is kept
	released   time.Time
	layers     []layerName
	config     v1.Config
}

// layerName names one of the layers that layerTrees makes. Images that name the
// same layer share its blob.
type layerName string

const (
	layerStatic     layerName = "static"     // root of a static program
	layerNode       layerName = "node"       // root with the Debian programs that a node's agents call
	layerKubernetes layerName = "kubernetes" // every Kubernetes program in one executable
	layerEtcd       layerName = "etcd"       // etcd, etcdctl, etcdutl
	layerGeth       layerName = "geth"       // geth
	layerPause      layerName = "pause"      // pause, with the little root that it needs
)

const (
	searchPath    = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	kubeTag       = "v1.34.1"
	kubeSource    = "https://github.com/kubernetes/kubernetes"
	etcdSource    = "https://github.com/etcd-io/etcd"
	gethSource    = "https://github.com/ethereum/go-ethereum"
	programFolder = "usr/local/bin"
)

// Times are those of the released modules, so that `created` says something true
// and never changes.
var (
	kubeReleased = time.Date(2025, time.September, 9, 19, 37, 19, 0, time.UTC)
	etcdReleased = time.Date(2025, time.September, 19, 19, 32, 8, 0, time.UTC)
	gethReleased = time.Date(2025, time.November, 4, 12, 16, 30, 0, time.UTC)
)

// kubeNames says which names each Kubernetes image calls the shared executable by.
var kubeNames = map[string][]string{
	"kube-apiserver":          {"kube-apiserver", "kubectl"},
	"kube-controller-manager": {"kube-controller-manager"},
	"kube-scheduler":          {"kube-scheduler"},
	"kube-proxy":              {"kube-proxy"},
	"kubelet":                 {"kubelet"},
}

func images() []image {
	return []image{
		kubeImage("kube-apiserver", layerStatic),
		kubeImage("kube-controller-manager", layerStatic),
		kubeImage("kube-proxy", layerNode),
		kubeImage("kube-scheduler", layerStatic),
		kubeImage("kubelet", layerNode),
		{
			repository: "etcd", tag: "3.6.5-0", source: etcdSource, released: etcdReleased,
			layers: []layerName{layerStatic, layerEtcd},
			config: v1.Config{Entrypoint: []string{"/usr/local/bin/etcd"}, Env: []string{searchPath}, WorkingDir: "/"},
		},
		{
			repository: "ethereum/client-go", tag: "v1.16.7", source: gethSource, released: gethReleased,
			layers: []layerName{layerStatic, layerGeth},
			config: v1.Config{
				Entrypoint: []string{"/usr/local/bin/geth"}, Env: []string{searchPath}, WorkingDir: "/",
				ExposedPorts: map[string]struct{}{"8545": {}, "8546": {}, "30303": {}, "30303/udp": {}},
			},
		},
		{
			repository: "pause", tag: "3.10", source: kubeSource, released: kubeReleased,
			layers: []layerName{layerPause},
			config: v1.Config{Entrypoint: []string{"/pause"}, Env: []string{searchPath}, WorkingDir: "/", User: "65535:65535"},
		},
	}
}

func kubeImage(name string, root layerName) image {
	return image{
		repository: name, tag: kubeTag, source: kubeSource, released: kubeReleased,
		layers: []layerName{root, layerKubernetes, layerName(name)},
		config: v1.Config{Entrypoint: []string{"/" + programFolder + "/" + name}, Env: []string{searchPath}, WorkingDir: "/"},
	}
}
