import type { Check } from "./boot-report.ts";

/**
 * The checks of a booted machine as a program for /bin/sh, for places where nobody can ask the machine from outside. It
 * waits until systemd is done, says what each check said, and exits with 1 when any of them failed.
 */
export function renderCheckScript(checks: readonly Check[]): string {
  return `${head}${checks.map(call).join("\n")}\nexit "$failed"\n`;
}

const head = `#!/bin/sh
# Checks of a booted igneous image. Exit status: 0 when all passed, 1 otherwise.
export LC_ALL=C
failed=0

# check NAME EXIT CONTAINS MATCHES COMMAND; an empty CONTAINS or MATCHES asks for nothing.
check() {
    said=$(sh -c "$5" 2>&1) && status=0 || status=$?
    wanted=
    [ "$status" = "$2" ] || wanted="exit status $2, not $status"
    case $said in *"$3"*) ;; *) wanted="an output that contains '$3'" ;; esac
    if [ -n "$4" ] && ! printf '%s\\n' "$said" | grep -Pq -e "$4"; then wanted="an output that matches /$4/"; fi
    if [ -z "$wanted" ]; then echo "passed $1"; return; fi
    failed=1
    printf 'FAILED %s: wanted %s; the machine said:\\n%s\\n' "$1" "$wanted" "$said"
}

state=$(systemctl is-system-running --wait) || :
[ "$state" = running ] || { echo "FAILED systemd: $state"; systemctl list-units --failed --plain --no-legend; failed=1; }
`;

function call({ name, command, expect }: Check): string {
  const { exit = 0, contains = "", matches = "" } = expect ?? {};
  return `check ${[name, String(exit), contains, matches, command].map(quote).join(" ")}`;
}

/** A word of sh that is read back as it is. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
