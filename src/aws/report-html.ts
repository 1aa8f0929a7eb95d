/** Pieces of a report's page. Everything that AWS or a person wrote goes through {@link text}. */

export function text(value: string | number): string {
  return String(value)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

export function facts(rows: readonly (readonly [string, string | undefined])[]): string {
  const items = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`<dt>${text(name)}</dt><dd>${text(value)}</dd>`],
  );
  return `<dl>${items.join("")}</dl>`;
}

export function list(title: string, items: readonly string[]): string {
  if (items.length === 0) return "";
  return `<section><h2>${text(title)}</h2><ul>${items.map((item) => `<li>${text(item)}</li>`).join("")}</ul></section>`;
}

/** A table that scrolls by itself where it is wider than the screen; without rows, nothing. */
export function table(
  title: string,
  heads: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  if (rows.length === 0) return "";
  const cells = (row: readonly (string | number)[]): string =>
    row.map((cell) => `<td>${text(cell)}</td>`).join("");
  const head = heads.map((name) => `<th>${text(name)}</th>`).join("");
  const body = rows.map((row) => `<tr>${cells(row)}</tr>`).join("\n");
  return `<section><h2>${text(title)}</h2><div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div></section>`;
}

/** A whole page with nothing to load from elsewhere; for a phone as well, in light and dark. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<style>${style}</style>
<main>
${body}
</main>
</html>
`;
}

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--line:#d9dee4;--page:#fff;--good:#18794e;--bad:#b42318;--open:#8a5a00;--fill:#3b6fd4;--old:#a9b2bd}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a0a8b3;--line:#333a43;--page:#14171b;--good:#5fd39b;--bad:#ff8a7a;--open:#f2c04b;--fill:#7ba2f2;--old:#5a6470}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:52rem;margin:0 auto;padding:1.25rem 1rem 4rem}h1{font-size:1.5rem;line-height:1.25;margin:.2rem 0 1rem;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:2rem 0 .5rem}.kicker{color:var(--soft);margin:0}.good{color:var(--good)}.bad{color:var(--bad)}.open{color:var(--open)}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.25rem 1rem;margin:1rem 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
ul{padding-left:1.2rem}li{overflow-wrap:anywhere}table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:500}.num{white-space:nowrap;font-variant-numeric:tabular-nums;color:var(--soft)}.wide{overflow-x:auto}
.bar{height:6px;background:var(--line);border-radius:3px;margin:.3rem 0}.bar i{display:block;height:100%;background:var(--fill);border-radius:3px}small{color:var(--soft);display:block;overflow-wrap:anywhere}
.lives{list-style:none;padding:0;margin:0}.lives li{padding:.35rem 0;border-bottom:1px solid var(--line)}.lives li>div:first-child{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;font-size:.9rem}
.lives span{color:var(--soft);white-space:nowrap;font-variant-numeric:tabular-nums}.life{position:relative;height:8px;background:var(--line);border-radius:4px;margin-top:.25rem;overflow:hidden}
.life i{position:absolute;top:0;bottom:0;background:var(--fill);border-radius:4px}.life.old i{background:var(--old)}.life.bad i{background:var(--bad)}`;
