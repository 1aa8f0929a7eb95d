/**
 * `npm run build`: the program in few files, since Node takes longer to find and read a file than to compile it. What most
 * commands never need (the AWS SDK, zx) stays in node_modules.
 */
import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

/** undici's entry also loads fetch, cookies and sockets, and these load Node's own undici: half of its start, and never used here. */
const onlyRequests: Plugin = {
  name: "only undici's requests",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^\.\/lib\/web\// }, ({ path, importer }) =>
      importer.endsWith("/undici/index.js") ? { path, namespace: "unused" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "unused" }, () => ({
      contents: "module.exports = new Proxy({}, { get: () => class {} });",
      loader: "js",
    }));
  },
};

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
  plugins: [onlyRequests],
  // For the bundled CommonJS modules that require a module of Node.
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
  },
  logLevel: "warning",
});
await chmod(join(dist, "main.js"), 0o755);
