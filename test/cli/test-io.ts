import type { Io } from "../../src/cli/io.ts";
import { testContext } from "../tools.ts";

export interface TestIo {
  readonly io: Io;
  readonly seen: { stdout: string; stderr: string; exit: number | undefined };
}

/** A command line's outside world that remembers what was printed. */
export function testIo(overrides: Partial<Io> = {}): TestIo {
  const seen: TestIo["seen"] = { stdout: "", stderr: "", exit: undefined };
  const io: Io = {
    stdout: (text) => (seen.stdout += text),
    stderr: (text) => (seen.stderr += text),
    isTerminal: false,
    colour: false,
    columns: () => 60,
    screen: () => undefined,
    every: () => () => undefined,
    cwd: process.cwd(),
    createContext: (emit) => ({ ...testContext(), emit }),
    setExitCode: (code) => (seen.exit = code),
    ...overrides,
  };
  return { io, seen };
}
