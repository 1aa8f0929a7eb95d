import type { Context, Emit } from "../core/context.ts";

/** The outside world of the command line, given by main, so that a test can be the terminal. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly isTerminal: boolean;
  readonly colour: boolean;
  readonly columns: () => number;
  /** The size of the terminal that stdout is; undefined when it is none. */
  readonly screen: () => { readonly columns: number; readonly rows: number } | undefined;
  readonly every: (ms: number, tick: () => void) => () => void;
  /** Takes the keys of the terminal, Ctrl-C too, until the returned function is called; undefined where nobody can type. */
  readonly takeKeys?: ((onKeys: (bytes: Uint8Array) => void) => () => void) | undefined;
  readonly cwd: string;
  readonly createContext: (emit: Emit) => Context;
  /** Asks the person at the terminal; undefined when there is none. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  readonly setExitCode: (code: number) => void;
}

/** Options that every command has. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}
