import { defineConfig } from "vitest/config";

/** Tests that talk to whole services over HTTP (AWS as moto and our simulator have it): part of `npm run check`, too slow for `npm test`. */
const contract = [
  "test/aws/**/*.test.ts",
  "test/cli/*bad-days.test.ts",
  "test/cli/ci-example.test.ts",
  "test/cli/publish*.test.ts",
  "test/cli/rollout*.test.ts",
  "test/commands/fleet-watch.test.ts",
  "test/node/igneous-join-moto.test.ts",
  "test/ostree/static-publish.test.ts",
  "test/packer/**/*.test.ts",
];

export default defineConfig({
  test: {
    // Vitest leaves one core free; the tests wait for programs and servers as often as they compute.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", ...contract],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "contract",
          include: contract,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.e2e.ts"],
          testTimeout: 3_000_000,
          hookTimeout: 3_000_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
