/**
 * `npm run build`: the program in few files, since Node takes longer to find and read a file than to compile it. What most
 * commands never need (the AWS SDK, zx) stays in node_modules.
 */
import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
await rm(dist, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  // The thread is started from the file beside the one that starts it.
  entryPoints: { main: "src/main.ts", "parts/file-thread": "src/ostree/file-thread.ts" },
  outdir: "dist",
  chunkNames: "parts/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  external: ["@aws-sdk/*", "zx"],
  // For the bundled CommonJS modules that require a module of Node.
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
  },
  logLevel: "warning",
});
await chmod(join(dist, "main.js"), 0o755);
