import { readFileSync, writeFileSync } from "node:fs";
import { errorCodes } from "../src/core/error-codes.ts";

/** Writes the tables of README that are made from code. Run: npm run readme */

const start = "<!-- errors: made by npm run readme -->";
const end = "<!-- /errors -->";

/** README's table of errors, from the one table in the code. */
export function renderErrorsTable(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${meaning} |`,
  );
  return ["| error | exit | meaning |", "|---|---|---|", ...rows].join("\n");
}

/** The text with its errors table made anew. */
export function withErrorsTable(readme: string): string {
  const from = readme.indexOf(start);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md lacks ${start} … ${end}`);
  return `${readme.slice(0, from + start.length)}\n${renderErrorsTable()}\n${readme.slice(to)}`;
}

if (process.argv[1]?.endsWith("readme-tables.ts") === true) {
  writeFileSync("README.md", withErrorsTable(readFileSync("README.md", "utf8")));
}
