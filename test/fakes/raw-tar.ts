/** Tar headers byte by byte, for archives that no tar program would write. */

export interface RawHeader {
  readonly name?: string | Buffer;
  readonly type?: string;
  readonly link?: string;
  readonly size?: number;
  readonly mode?: string;
  /** What the size field says, when it is not the size. */
  readonly sizeField?: string | Buffer;
  readonly checksum?: string;
  readonly magic?: string;
  readonly prefix?: string;
}

export function rawHeader(header: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(header.name ?? "file").copy(block, 0, 0, 100);
  block.write(header.mode ?? "0000644\0", 100, "latin1");
  block.write("0000000\0", 108, "latin1");
  block.write("0000000\0", 116, "latin1");
  const size = header.sizeField ?? `${(header.size ?? 0).toString(8).padStart(11, "0")}\0`;
  Buffer.from(size).copy(block, 124, 0, 12);
  block.write("00000000000\0", 136, "latin1");
  block.write(header.type ?? "0", 156, "latin1");
  block.write(header.link ?? "", 157, 100, "utf8");
  block.write(header.magic ?? "ustar\x0000", 257, "latin1");
  block.write(header.prefix ?? "", 345, 155, "utf8");
  block.write("        ", 148, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(header.checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

export function rawEntry(header: RawHeader, content: string | Buffer = ""): Buffer {
  const body = Buffer.from(content);
  return Buffer.concat([rawHeader({ size: body.length, ...header }), body, Buffer.alloc(-body.length & 511)]);
}

export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export function paxEntry(records: readonly Buffer[], type = "x"): Buffer {
  return rawEntry({ name: "PaxHeaders/x", type }, Buffer.concat(records));
}

export function rawTar(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}
