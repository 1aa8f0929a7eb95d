import type { Argv } from "../host/exec.ts";

interface ToolOptions {
  readonly binds: readonly {
    readonly source: string;
    readonly target: string;
    readonly readOnly?: boolean;
  }[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program of the locked tools as (mapped) root, where it sees only the binds, and returns what it printed. */
export type RunTool = (argv: Argv, options: ToolOptions) => Promise<string>;
