/** A command of the booted node and what it must say; the same shape as in the spec. */
export interface Check {
  readonly name: string;
  /** Run by sh as root. */
  readonly command: string;
  readonly expect?:
    | {
        readonly exit?: number | undefined;
        readonly contains?: string | undefined;
        /** A regular expression. */
        readonly matches?: string | undefined;
      }
    | undefined;
  /** Seconds, on hardware, in which a wrong answer is asked for again: for a service that needs a while. 0 when not given. */
  readonly wait?: number | undefined;
}

/** Something that must outlive a reboot: written in the first boot, read in each later one. */
export interface StateCheck {
  readonly name: string;
  readonly write: string;
  readonly read: Check;
}

/** `ec2`: a first boot of another machine, which looks like an EC2 instance. */
export type BootName = "first" | "second" | "rollback" | "ec2";

export type CheckResult = {
  readonly boot: BootName;
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** What the machine said, shortened. */
  readonly evidence: string;
  /** What was wanted, when it failed. */
  readonly wanted?: string;
};

export type BootSummary = {
  readonly boot: BootName;
  readonly commit: string;
  /** Seconds from the start of this boot to the first login, and to systemd's "running". */
  readonly login: number;
  readonly running: number;
};

export type BootReport = {
  readonly schemaVersion: 1;
  readonly passed: boolean;
  readonly accelerator: "kvm" | "tcg";
  /** How much slower than hardware the machine was; every time limit was multiplied with it. */
  readonly slowness: number;
  /** Kernel panics of the emulated machine that were answered with a reset. */
  readonly panics: number;
  readonly boots: readonly BootSummary[];
  readonly checks: readonly CheckResult[];
};

/** What was wanted, when the answer is not it. */
export function findMismatch(check: Check, exit: number, output: string): string | undefined {
  const { exit: wantedExit = 0, contains, matches } = check.expect ?? {};
  if (exit !== wantedExit) return `exit status ${wantedExit}, not ${exit}`;
  if (contains !== undefined && !output.includes(contains)) return `an output that contains '${contains}'`;
  if (matches !== undefined && !new RegExp(matches, "mu").test(output))
    return `an output that matches /${matches}/`;
  return undefined;
}

/** The failed checks as a person reads them. */
export function renderFailures(report: BootReport): string {
  const failed = report.checks.filter(({ passed }) => !passed);
  return failed
    .map(({ boot, name, wanted, evidence }) => {
      const said = evidence.split("\n").map((line) => `    ${line}`);
      return `${boot} boot: ${name}: wanted ${wanted ?? "success"}; the machine said:\n${said.join("\n")}`;
    })
    .join("\n");
}

const evidenceLimit = 4000;

/** The end of an output counts most. */
export function shorten(text: string): string {
  const plain = text.trimEnd();
  return plain.length <= evidenceLimit ? plain : `…${plain.slice(-evidenceLimit)}`;
}
