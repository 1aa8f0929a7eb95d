import { execFileSync } from "node:child_process";

export interface Measured {
  /** Seconds on the clock. */
  readonly wall: number;
  /** Seconds of processor time, of the program and all it started: what other load on the machine changes least. */
  readonly cpu: number;
  /** Largest process, in MB. */
  readonly peak: number;
}

const wrapper = `
import resource, subprocess, sys, time
start = time.monotonic()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000)
sys.exit(status)
`;

/** Runs a program to its end and measures it. */
export function measure(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Measured {
  const output = execFileSync("python3", ["-c", wrapper, ...argv], {
    encoding: "utf8",
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [wall = 0, cpu = 0, peak = 0] = output.trim().split(" ").map(Number);
  return { wall, cpu, peak };
}

/** Runs `body` several times, each after `prepare`; keeps the best time and the worst peak. */
export function best(times: number, prepare: () => void, body: () => Measured): Measured {
  let result: Measured | undefined;
  for (let count = 0; count < times; count++) {
    prepare();
    const { wall, cpu, peak } = body();
    result = {
      wall: Math.min(result?.wall ?? wall, wall),
      cpu: Math.min(result?.cpu ?? cpu, cpu),
      peak: Math.max(result?.peak ?? 0, peak),
    };
  }
  if (result === undefined) throw new Error("nothing was measured");
  return result;
}

/** As {@link best}, each time with another number. */
export function bestOf(
  times: number,
  body: (run: number) => Measured,
  prepare: () => void = () => undefined,
): Measured {
  let run = 0;
  return best(times, prepare, () => body(run++));
}

/** Programs one after the other, as one. */
export function measureAll(commands: readonly (readonly string[])[]): Measured {
  const quoted = commands.map((argv) => argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" "));
  return measure(["sh", "-c", quoted.join(" && ")]);
}
