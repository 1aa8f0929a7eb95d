import { describe, expect, it } from "vitest";
import { nativeNode } from "./native-node.ts";

const tools = `
set -eu
api=/usr/libexec/igneous/igneous-api
kubectl="/usr/lib/igneous/containers/kube-apiserver/rootfs/usr/local/bin/kubectl --kubeconfig=/var/lib/igneous/pki/admin/kubeconfig"
etcdctl="/usr/lib/igneous/containers/etcd/rootfs/usr/local/bin/etcdctl --endpoints=https://127.0.0.1:2379 \
  --cacert=/var/lib/igneous/pki/admin/etcd-ca.crt --cert=/var/lib/igneous/pki/admin/etcd-client.crt --key=/var/lib/igneous/pki/admin/etcd-client.key"
block() { curl -s -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}' http://127.0.0.1:8545 | jq -r .result; }
status() { curl -s -k -o /dev/null -w '%{http_code}' "https://127.0.0.1:6443$1"; }
failed=$(systemctl list-units --failed --plain --no-legend 'etcd*' 'kube*' 'geth*' 'igneous*')
[ -z "$failed" ] || { echo "$failed"; journalctl --no-pager -o cat -n 50; exit 1; }
head -1 /run/igneous/health
`;

describe("a node of the sample images on this machine's own systemd", () => {
  it("runs a control plane and geth from their units, and keeps its state over a reboot", async () => {
    const node = await nativeNode(["control-plane", "worker"]);
    const first = await node.boot(`${tools}
      for unit in etcd kube-apiserver kube-controller-manager kube-scheduler geth; do
        echo "$unit $(systemctl is-active $unit) $(systemctl show --property=NRestarts --value $unit)"
      done
      $kubectl get --raw /readyz && echo
      $etcdctl endpoint health
      echo "anonymous: $(status /readyz) $(status /api) $(status /version)"
      $kubectl create secret generic marker --from-literal=word=unreadable >/dev/null
      $etcdctl get /registry/secrets/default/marker --print-value-only | grep -a -o '^k8s:enc:secretbox:v1:key1'
      ! $etcdctl get /registry/secrets/default/marker --print-value-only | grep -a unreadable
      $kubectl get clusterrolebindings -o name | grep -c igneous:
      /usr/libexec/igneous/igneous-token 1 | sed -n 's/^\\(IGNEOUS_[A-Z_]*\\)=.*/\\1/p'
      one=$(block); sleep 12; two=$(block); [ $((two)) -gt $((one)) ] && echo "blocks rise"
      for process in etcd geth; do
        pid=$(pgrep -x $process); grep -E '^(Uid|CapBnd|NoNewPrivs|Seccomp):' /proc/$pid/status | tr -s '\\t\\n' '  ' | sed 's/ $//'; echo
      done
      systemctl kill --signal=KILL etcd
      tries=0; until $kubectl get --raw /readyz >/dev/null 2>&1 && systemctl is-active --quiet etcd; do
        tries=$((tries + 1)); [ $tries -lt 60 ]; sleep 1; done
      echo "back after etcd was killed"
      block >/var/lib/igneous/block
      systemctl stop geth; journalctl -u geth -o cat --no-pager | grep -c 'Deactivated successfully'
    `);
    expect(
      first.log
        .replace(/: successfully committed.*/u, "")
        .trim()
        .split("\n"),
    ).toEqual([
      "healthy",
      "etcd active 0",
      "kube-apiserver active 0",
      "kube-controller-manager active 0",
      "kube-scheduler active 0",
      "geth active 0",
      "ok",
      "https://127.0.0.1:2379 is healthy",
      "anonymous: 200 401 401",
      "k8s:enc:secretbox:v1:key1",
      "5",
      "IGNEOUS_API_SERVER",
      "IGNEOUS_BOOTSTRAP_TOKEN",
      "blocks rise",
      "Uid: 940 940 940 940 CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2",
      "Uid: 944 944 944 944 CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2",
      "back after etcd was killed",
      "1",
    ]);
    expect(first.exit).toBe(0);
    const second = await node.boot(`${tools}
      $kubectl get secret marker -o jsonpath='{.data.word}' | base64 -d; echo
      now=$(block); [ $((now)) -ge $(($(cat /var/lib/igneous/block))) ] && echo "the chain goes on"
    `);
    expect(second.log).toBe("healthy\nunreadable\nthe chain goes on\n");
  });
});
