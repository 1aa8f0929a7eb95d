import type { BootName, Check } from "./boot-report.ts";

/** Which containers a deployment must hold, by name. */
export interface ExpectedContainer {
  readonly name: string;
  readonly manifestDigest: string;
}

export interface ExpectedDeployment {
  readonly commit: string;
  readonly containers: readonly ExpectedContainer[];
}

/** Tells which units failed, each with its last lines. */
export const failedUnits = `for unit in $(systemctl list-units --failed --plain --no-legend | cut -d ' ' -f 1); do
  echo "$unit:"; journalctl --boot --no-pager --output=cat --lines=12 --unit="$unit"; done`;

/** What holds for every deployment of ours, whatever runs in it. */
export function hostChecks(boot: BootName, expected: ExpectedDeployment): readonly Check[] {
  return [
    check("booted-deployment", "ostree admin status | grep '^[*]'", { contains: expected.commit }),
    check("usr-read-only", "findmnt --noheadings --output OPTIONS /usr; ! touch /usr/written 2>&1", {
      contains: "Read-only file system",
    }),
    check("root-grown", rootGrown),
    boot === "first" || boot === "ec2"
      ? check("ignition-ran", "cat /etc/.ignition-result.json; cat /proc/cmdline", {
          contains: "ignition.firstboot",
        })
      : check("ignition-ran-once", ignitionOnce),
    check("first-boot-complete", "igneous-host status; ! ls /boot/*.firstboot 2>/dev/null"),
    check("nothing-secret-baked", nothingBaked),
    ...expected.containers.map(({ name, manifestDigest }) =>
      check(`digest-${name}`, "igneous-host status | sed '/^next/q; /^rollback/q'", {
        matches: `^ +${name} +${manifestDigest}$`,
      }),
    ),
  ];
}

/** What must be the same in every boot of one machine: name, machine-id, host keys, users and their keys. */
export const identityScript = `echo "hostname $(hostname)"; echo "machine-id $(cat /etc/machine-id)"
for key in /etc/ssh/ssh_host_*_key.pub; do echo "host-key $(ssh-keygen -lf "$key")"; done
getent passwd | awk -F: '$3 >= 1000 && $3 < 60000 { print "user", $0 }'
for home in /var/home/*; do for keys in "$home"/.ssh/authorized_keys "$home"/.ssh/authorized_keys.d/*; do
  [ ! -f "$keys" ] || echo "keys $keys $(sha256sum < "$keys")"; done; done
echo "marker $(cat /var/lib/igneous-boot-check)"`;

export const writeMarker = `[ -e /var/lib/igneous-boot-check ] || head -c 16 /dev/urandom | sha256sum > /var/lib/igneous-boot-check; sync`;

// The partition ends within 8 MiB of the disk's end, and the file system fills it.
const rootGrown = `device=$(findmnt -n -o SOURCE --target /sysroot | sed 's/\\[.*//'); name=\${device##*/}
disk=$(basename "$(realpath "/sys/class/block/$name/..")")
end=$(( $(cat /sys/class/block/$name/start) + $(cat /sys/class/block/$name/size) ))
size=$(cat /sys/class/block/$disk/size); blocks=$(stat -f -c '%b %S' /sysroot)
echo "disk $disk: $size sectors, root ends at $end; file system: $blocks (blocks, bytes each)"
[ $((size - end)) -lt 16384 ] || exit 1
set -- $blocks; [ $(($1 * $2 / 512 * 100 / $(cat /sys/class/block/$name/size))) -ge 90 ]`;

const ignitionOnce = `cat /proc/cmdline; ! grep -q 'ignition.firstboot' /proc/cmdline || exit 1
runs=$(journalctl --boot --no-pager --output=cat --identifier=ignition | grep -c 'Stage: files')
echo "Ignition wrote files $runs times in this boot"; [ "$runs" = 0 ]`;

const nothingBaked = `found=$(ls -d /usr/etc/machine-id /usr/etc/ssh/ssh_host_* /usr/etc/.ignition-result.json 2>/dev/null
find /usr/etc /usr/lib/igneous -name rootfs -prune -o -type f -size -1024k -print0 |
  xargs -0 grep -l -E -e '-----BEGIN ([A-Z]+ )?PRIVATE KEY-----' 2>/dev/null)
echo "found: $found"; [ -z "$found" ]`;

function check(name: string, command: string, expect?: Check["expect"]): Check {
  return expect === undefined ? { name, command } : { name, command, expect };
}
