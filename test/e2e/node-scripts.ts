/** Scripts for a node's shell; each succeeds when what it is named for is so. */

/** The node's lease must be of this boot: a cluster remembers the boot before for a while. */
export const clusterIsReady = `
set -eu
kubectl get --raw /readyz >/dev/null
name=$(kubectl get node -o jsonpath='{.items[0].metadata.name}')
[ "$(kubectl get node "$name" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True ]
renewed=$(kubectl get lease -n kube-node-lease "$name" -o jsonpath='{.spec.renewTime}')
[ "$(date -d "$renewed" +%s)" -gt "$(awk '$1 == "btime" { print $2 }' /proc/stat)" ]
`;

/** A pod from a preloaded image that serves HTTP, and a Service in front of it. */
export const workload = `
kubectl get serviceaccount default >/dev/null &&
kubectl apply -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  containers:
    - name: web
      image: registry.k8s.io/etcd:3.6.5-0
      imagePullPolicy: Never
      command: [etcd, --data-dir=/data, --listen-client-urls=http://0.0.0.0:2379, --advertise-client-urls=http://127.0.0.1:2379]
      volumeMounts: [{ name: data, mountPath: /data }]
  volumes: [{ name: data, emptyDir: {} }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 2379 }] }
YAML
`;

export const podRuns = `[ "$(kubectl get pod web -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True ]`;

export const serviceAnswers =
  "curl --silent --fail --max-time 20 http://$(kubectl get service web -o jsonpath='{.spec.clusterIP}')/health";

export const etcdctl =
  "crun --root=/run/crun exec etcd etcdctl --cacert=/pki/ca.crt --cert=/pki/server.crt --key=/pki/server.key";

/** The number of geth's newest block, as a decimal number. */
export const block = `printf '%d\\n' "$(curl --silent --max-time 20 --header 'Content-Type: application/json' --data '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}' http://127.0.0.1:8545 | jq --raw-output .result)"`;
