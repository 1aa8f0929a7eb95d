import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { templateVariables } from "../../src/butane/template-names.ts";
import { renderTemplate, renderTemplateMapped } from "../../src/butane/template.ts";
import { IgneousError } from "../../src/core/errors.ts";

const render = (source: string, variables: Record<string, unknown> = {}) =>
  renderTemplate(source, { file: "node.bu.hbs", variables });

const problemOf = (source: string, variables: Record<string, unknown> = {}) => {
  try {
    render(source, variables);
  } catch (error) {
    if (error instanceof IgneousError) return error.report?.diagnostics[0];
    throw error;
  }
  return undefined;
};

describe("template", () => {
  it("writes values as they are, without escaping", () => {
    expect(render("a: {{x}}", { x: "<&\"'>" })).toBe("a: <&\"'>");
  });

  it.each([
    ["a\nb: {{gone}}", "'gone' has no value", 2, 6],
    ["a\nb: {{yaml gone}}", "variable 'gone' has no value", 2, 4],
    ["a\nb: {{x.y.z}}", "'z' has no value", 2, 6],
    ["{{#if gone}}x{{/if}}", "variable 'gone' has no value", 1, 1],
    ["{{constructor}}", "'constructor' has no value", 1, 3],
    ["a\n\n{{#if}", "template syntax", 3, 1],
  ])("refuses %j at its line", (source, message, line, column) => {
    const problem = problemOf(source, { x: { y: {} } });
    expect(problem?.message).toContain(message);
    expect(problem?.position).toEqual({ line, column });
  });

  it("says what to do about a variable, but not about a field of a list's item", () => {
    const hintOf = (source: string, variables: Record<string, unknown> = {}) => {
      try {
        renderTemplate(source, { file: "x", variables, adviseMissing: (name) => `set ${name}` });
      } catch (error) {
        return error instanceof IgneousError ? error.report?.diagnostics[0]?.hint : error;
      }
      return "rendered";
    };
    expect(hintOf("{{gone}}")).toBe("set gone");
    expect(hintOf("a\n  {{#if gone}}{{/if}}")).toBe("set gone");
    expect(hintOf("{{yaml gone}}")).toBe("set gone");
    expect(hintOf("{{#each list}}{{../gone}}{{/each}}", { list: [1] })).toBe("set gone");
    expect(hintOf("{{#each list}}{{gone}}{{/each}}", { list: [{}] })).toBeUndefined();
    expect(hintOf("{{x.gone}}", { x: {} })).toBeUndefined();
  });

  it("knows the variables that it can ask for", () => {
    const source =
      "{{a}}{{yaml b}}{{#if c}}{{d}}{{else}}{{e}}{{/if}}{{#each f}}{{this}}{{../g}}{{@root.h}}{{@index}}{{/each}}";
    const found = templateVariables(source);
    expect([..."abcdefgh"].filter((name) => found?.has(name) !== true)).toEqual([]);
    expect(found?.has("yaml")).toBe(false);
    expect(templateVariables("{{lookup this name}}")).toBeUndefined();
    expect(templateVariables("{{#if}")).toBeUndefined();
  });

  it("keeps each value inside the language it is written to", () => {
    const nasty = 'it\'s $50% ${x} "q" \\';
    expect(render("{{shell v}}", { v: nasty })).toBe("'it'\\''s $50% ${x} \"q\" \\'");
    expect(render("{{hcl v}}", { v: nasty })).toBe('"it\'s $50% $${x} \\"q\\" \\\\"');
    expect(render("{{systemd v}}", { v: nasty })).toBe('"it\'s $$50%% $${x} \\"q\\" \\\\"');
    expect(problemOf("a\n{{systemd v}}", { v: "a\nb" })?.position).toEqual({ line: 2, column: 1 });
    expect(problemOf("{{shell v}}", { v: {} })?.message).toContain("needs a string");
  });

  it("writes any string so that YAML and JSON read it back", async () => {
    const { parse } = await import("yaml");
    assert(
      property(string({ unit: "grapheme" }), (text) => {
        expect(parse(render("a: {{yaml v}}", { v: text })).a).toBe(text);
        expect(JSON.parse(render("{{json v}}", { v: text }))).toBe(text);
      }),
    );
  });

  it("remembers the line of the template that each line came from", () => {
    const source = "top\n{{#each list}}\n- {{this}}\n{{/each}}\nend: {{text}}\nlast\n";
    const rendered = renderTemplateMapped(source, { file: "x", variables: { list: [1, 2], text: "a\nb" } });
    expect(rendered.text).toBe("top\n- 1\n- 2\nend: a\nb\nlast\n");
    expect([1, 2, 3, 4, 5, 6].map(rendered.templateLine)).toEqual([1, 3, 3, 5, 5, 6]);
  });
});
