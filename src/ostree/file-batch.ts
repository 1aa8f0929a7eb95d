import type { ErrorCode } from "../core/error-codes.ts";
import type { FileHeader } from "./object.ts";
import type { StoredObject } from "./file-store.ts";

/** What the thread of a sink is started with. */
export interface FileThreadSetup {
  readonly folders: { readonly objects: string; readonly temporary: string; readonly stage: string };
}

/** A part of a file, or the whole of it, within the buffer of its batch. Parts follow each other. */
export interface Segment {
  /** Number of its header among those of the batch. */
  readonly header: number;
  readonly start: number;
  readonly end: number;
  /** Of the whole file. */
  readonly size: number;
  /** What was not finished before the first part of another file never will be. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** An empty batch tells that staged folders were moved. */
export interface FileBatch {
  readonly buffer: SharedArrayBuffer;
  readonly headers: readonly FileHeader[];
  readonly segments: readonly Segment[];
}

export interface FileAnswer {
  /** One for each segment that was the last of its file. */
  readonly stored?: readonly StoredObject[];
  readonly failure?: {
    readonly code: ErrorCode | undefined;
    readonly message: string;
    readonly hint: string | undefined;
  };
}
