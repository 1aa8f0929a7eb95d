/** The thread that hashes and writes file objects; {@link openThreadedSink} feeds it. */
import { IgneousError } from "../core/errors.ts";
import { fileExists } from "../host/object-files.ts";
import { answerMessages } from "../host/threads.ts";
import { encodeHeader, openFileStore, type OpenObject, type Placement } from "./file-store.ts";
import type { FileAnswer, FileBatch, FileThreadSetup } from "./file-batch.ts";

answerMessages((data) => {
  const { folders } = data as FileThreadSetup;
  const placements = new Map<string, Placement>();
  const store = openFileStore(folders, (prefix) => {
    let placement = placements.get(prefix);
    if (placement === undefined) {
      placement = fileExists(`${folders.objects}/${prefix}`) ? "in-place" : "staged";
      placements.set(prefix, placement);
    }
    return placement;
  });
  let open: OpenObject | undefined;

  const work = ({ buffer, headers, segments }: FileBatch): FileAnswer => {
    // What was staged has been moved since, when a layer ended.
    if (segments.length === 0) placements.clear();
    const encodedHeaders = headers.map(encodeHeader);
    const stored = [];
    for (const { header, start, end, size, isFirst, isLast } of segments) {
      const encoded = encodedHeaders[header];
      if (encoded === undefined) throw new Error("a segment has no header");
      const content = new Uint8Array(buffer, start, end - start);
      if (isFirst) {
        open?.abandon();
        open = undefined;
      }
      if (isFirst && isLast) {
        stored.push(store.put(encoded, content));
        continue;
      }
      open ??= store.open(encoded, size);
      open.write(content);
      if (!isLast) continue;
      stored.push(open.finish());
      open = undefined;
    }
    return { stored };
  };

  return (message) => {
    try {
      return work(message as FileBatch);
    } catch (error) {
      return { failure: plain(error) };
    }
  };
});

/** Errors lose their class between threads. */
function plain(error: unknown): NonNullable<FileAnswer["failure"]> {
  if (error instanceof IgneousError) {
    const { code, message, hint } = error;
    return { code, message, hint };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: undefined, message, hint: undefined };
}
