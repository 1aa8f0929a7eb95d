import { join } from "node:path";
import { IgneousError } from "../core/errors.ts";
import { parseJson, prettyJson } from "../core/json.ts";
import { findText, writeAtomic } from "../host/files.ts";

/** What a publish did so far. Each id is here, on disk, before the next call is made. */
export interface JournalState {
  readonly schemaVersion: 1;
  readonly buildId: string;
  readonly diskSha256: string;
  /** Grows when a snapshot has to be started anew; part of the client token. */
  readonly attempt: number;
  readonly snapshot?: JournalSnapshot;
  readonly images: Readonly<Record<string, JournalImage>>;
  /** Region → how many copies failed there; part of the next client token. */
  readonly copyAttempts?: Readonly<Record<string, number>>;
}

/** The snapshot in the home region. Its parameters are written before it is started, so that a repeated call is the same call. */
export interface JournalSnapshot {
  readonly region: string;
  readonly encrypted: boolean;
  readonly kmsKey?: string;
  readonly parent?: { readonly snapshotId: string; readonly buildId: string };
  readonly snapshotId?: string;
  readonly account?: string;
  readonly sent?: number;
  readonly completed?: boolean;
}

interface JournalImage {
  readonly amiId: string;
}

export interface Journal {
  readonly state: () => JournalState;
  /** Changes the state and resolves when it is on disk. Changes are written in the order in which they were made. */
  readonly update: (change: (state: JournalState) => JournalState) => Promise<void>;
}

/** Opens the journal of a build, or begins one. A journal of another disk is refused. */
export async function openJournal(folder: string, buildId: string, diskSha256: string): Promise<Journal> {
  const path = join(folder, "publish.json");
  const text = await findText(path);
  let state: JournalState =
    text === undefined
      ? { schemaVersion: 1, buildId, diskSha256, attempt: 0, images: {} }
      : parseJournal(path, text);
  if (state.buildId !== buildId || state.diskSha256 !== diskSha256) {
    throw new IgneousError(
      "input-invalid",
      `${path} is the journal of another disk: build ${state.buildId}`,
      {
        hint: `run 'igneous gc' to remove what that disk left in AWS, then delete ${path}`,
      },
    );
  }
  let written: Promise<void> = Promise.resolve();
  return {
    state: () => state,
    update: (change) => {
      state = change(state);
      const snapshot = prettyJson(JSON.parse(JSON.stringify(state)));
      written = written.then(() => writeAtomic(path, snapshot));
      return written;
    },
  };
}

/** Files beside the journal that belong to one snapshot. */
export function sentLogPath(folder: string, snapshotId: string): string {
  return join(folder, `publish-${snapshotId}.sent`);
}

function parseJournal(path: string, text: string): JournalState {
  const broken = (cause?: unknown): IgneousError =>
    new IgneousError("input-invalid", `${path} cannot be read as a journal of schemaVersion 1`, {
      hint: `delete ${path}; igneous finds what it made by its tags`,
      cause,
    });
  return parseJson(text, isJournal, broken);
}

function isJournal(value: unknown): value is JournalState {
  if (typeof value !== "object" || value === null) return false;
  const state = value as Readonly<Record<string, unknown>>;
  const texts = [state["buildId"], state["diskSha256"]];
  return (
    state["schemaVersion"] === 1 &&
    texts.every((text) => typeof text === "string") &&
    typeof state["attempt"] === "number" &&
    typeof state["images"] === "object" &&
    state["images"] !== null
  );
}
