import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkNamespaces, checkSubordinateIds } from "../../src/host/namespace.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const user = { username: "ann", uid: 1000 };

async function idFile(text: string): Promise<string> {
  const file = join(await temporaryFolder(), "subuid");
  await writeFile(file, text);
  return file;
}

describe("checkSubordinateIds", () => {
  it("accepts a range of 65536 ids that is given to the user's name or number", async () => {
    await checkSubordinateIds(user, [await idFile("bob:100000:65536\nann:165536:65536\n")]);
    await checkSubordinateIds(user, [await idFile("1000:165536:70000\n")]);
  });

  it("refuses no range, a short one and that of another user, with the command that cures it", async () => {
    for (const text of ["", "ann:100000:1000\n", "joann:100000:65536\nbob:100000:65536\n"]) {
      const files = [await idFile("ann:1:65536\n"), await idFile(text)];
      await expect(checkSubordinateIds(user, files)).rejects.toMatchObject({
        code: "namespaces-refused",
        hint: expect.stringContaining("usermod --add-subuids"),
      });
    }
    await expect(checkSubordinateIds(user, ["/nonexistent/subuid"])).rejects.toMatchObject({
      code: "namespaces-refused",
    });
  });
});

describe("checkNamespaces", () => {
  it("accepts the user that runs the tests", async () => {
    await expect(checkNamespaces(testContext())).resolves.toBeUndefined();
  });
});
