import { readdir, readFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { IgneousError } from "../../src/core/errors.ts";
import { findLock, readLock, withProject, writeLock } from "../../src/lock/file.ts";
import { temporaryFolder, testContext } from "../tools.ts";
import { sampleLock } from "./sample-lock.ts";

describe("the lock file", () => {
  it("is written once and left alone when nothing changed", async () => {
    const folder = await temporaryFolder();
    expect(await writeLock(folder, sampleLock)).toBe(true);
    const path = join(folder, "images.lock.json");
    await utimes(path, 1, 1);
    expect(await writeLock(folder, sampleLock)).toBe(false);
    expect((await stat(path)).mtimeMs).toBe(1000);
  });

  it("leaves nothing but itself in the folder", async () => {
    const folder = await temporaryFolder();
    await writeLock(folder, sampleLock);
    await writeLock(folder, { ...sampleLock, builds: [] });
    expect(await readdir(folder)).toEqual(["images.lock.json"]);
    expect(await readFile(join(folder, "images.lock.json"), "utf8")).toContain('"builds": []');
  });

  it("is undefined where there is none, and readLock says how to make one", async () => {
    const folder = await temporaryFolder();
    expect(await findLock(folder)).toBeUndefined();
    const failure = await readLock(folder).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "lock-stale", hint: "run: igneous lock" });
  });

  it("is held by one process at a time, and the second is told by whom", async () => {
    const folder = await temporaryFolder();
    const context = testContext();
    const refused = await withProject(context, folder, () =>
      withProject(context, folder, () => Promise.resolve("both")).catch((error: unknown) => error),
    );
    expect(refused).toBeInstanceOf(IgneousError);
    expect(refused).toMatchObject({ code: "lock-held" });
    expect(String(refused)).toContain(`process ${process.pid}`);
    expect(await withProject(context, folder, () => Promise.resolve("free again"))).toBe("free again");
  });
});
