import type { TarContent } from "./tar-entry.ts";

/** Cuts a stream that arrives in chunks of any size into the pieces that a parser asks for. */
export interface ByteFeed {
  readonly push: (chunk: Buffer) => void;
  /** Hands over exactly `size` bytes in one piece. */
  readonly gather: (size: number, onBytes: (bytes: Buffer) => void) => void;
  /** Hands `size` bytes to `content` as they come, uncopied, and ends it. */
  readonly pass: (size: number, content: TarContent | undefined, onEnd: () => void) => void;
  /** Drops everything from here on. */
  readonly stop: () => void;
  /** True when nothing of the piece that was asked for has arrived. */
  readonly isAtStart: () => boolean;
}

interface Piece {
  left: number;
  isStarted: boolean;
  readonly take: (bytes: Buffer) => void;
  readonly onEnd: () => void;
}

export function createByteFeed(): ByteFeed {
  let piece: Piece | undefined;

  /** A piece that is complete asks for the next one, which may be empty and so complete at once. */
  const endPieces = (): void => {
    while (piece?.left === 0) {
      const { onEnd } = piece;
      piece = undefined;
      onEnd();
    }
  };

  return {
    push(chunk) {
      for (let at = 0; at < chunk.length; ) {
        if (piece === undefined) return;
        const bytes = chunk.subarray(at, at + piece.left);
        at += bytes.length;
        piece.left -= bytes.length;
        piece.isStarted = true;
        piece.take(bytes);
        endPieces();
      }
    },
    gather(size, onBytes) {
      const parts: Buffer[] = [];
      const onEnd = (): void =>
        onBytes(parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts));
      piece = { left: size, isStarted: false, take: (bytes) => void parts.push(bytes), onEnd };
    },
    pass(size, content, onEnd) {
      const end = (): void => {
        content?.end();
        onEnd();
      };
      piece = { left: size, isStarted: false, take: (bytes) => content?.write(bytes), onEnd: end };
    },
    stop() {
      piece = undefined;
    },
    isAtStart: () => piece?.isStarted !== true,
  };
}
