import { createCipheriv } from "node:crypto";
import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipLayer, imageOf, tarOf, writeLayout } from "../test/fakes/oci-image.ts";

export interface Case {
  readonly name: string;
  /** OCI layouts with one image each, and the name of their repository in the registry. */
  readonly images: readonly { readonly layout: string; readonly repository: string }[];
}

/** The sample images (`BENCH_IMAGES` names their folder, else .igneous/images), one large layer, and many small files. */
export async function writeCases(folder: string): Promise<readonly Case[]> {
  const large = Array.from({ length: 8 }, (_, index) => ({
    name: `large${index}`,
    content: halfRandom(100_000_000, index),
  }));
  await writeLayout(join(folder, "large"), { v1: imageOf([gzipLayer(await tarOf(large))]) });
  const small = Array.from({ length: 20_000 }, (_, index) => ({
    name: `d${index % 200}/f${index}`,
    content: halfRandom(2000 + (index % 5000), index % 251),
  }));
  await writeLayout(join(folder, "small"), { v1: imageOf([gzipLayer(await tarOf(small))]) });
  const one = (name: string) => [{ layout: join(folder, name), repository: `bench/${name}` }];
  return [
    ...sampleCase(folder),
    { name: "one layer of 800 MB", images: one("large") },
    { name: "20,000 small files", images: one("small") },
  ];
}

/** Half of the bytes compress, as programs do. */
function halfRandom(size: number, seed: number): Buffer {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16));
  const data = cipher.update(Buffer.alloc(size));
  for (let start = 0; start < size; start += 8192) data.fill("text ", start, Math.min(size, start + 4096));
  return data;
}

function sampleCase(folder: string): readonly Case[] {
  const images = process.env["BENCH_IMAGES"] ?? ".igneous/images";
  if (!existsSync(images)) return [];
  const found = readdirSync(images, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith("oci-layout"),
  );
  const names = found.map((path) => path.replace(/\/?oci-layout$/u, "")).sort();
  const to = (name: string): string => join(folder, "samples", name);
  for (const name of names) cpSync(join(images, name), to(name), { recursive: true });
  return [
    {
      name: `${names.length} sample images`,
      images: names.map((name) => ({ layout: to(name), repository: name })),
    },
  ];
}
