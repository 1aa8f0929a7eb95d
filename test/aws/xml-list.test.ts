import { describe, expect, it } from "vitest";
import { type Cut, cutLists, xmlFields } from "../../src/aws/xml-list.ts";

const list = {
  item: "item",
  fields: xmlFields(
    ["id", "Id", "text"],
    ["kind", "Kind", "word"],
    ["isOn", "IsOn", "flag"],
    ["at", "At", "time"],
    ["state", "State", { fields: xmlFields(["name", "Name", "word"]) }],
    ["parts", "Parts", { item: "item", fields: xmlFields(["id", "Id", "text"]) }],
  ),
};

const cut = (xml: string): Cut | undefined => cutLists(xml, "set", list, (index) => `<n>${index}</n>`);
const one = (inside: string): unknown => cut(`<set><item>${inside}</item></set>`)?.lists[0]?.[0];

describe("a list in XML", () => {
  it("is read, and leaves what was asked for in its place", () => {
    const xml =
      "<?xml version='1.0'?>\n<a><b>Grüße &amp; <set>\n  <item>\n    <id>i-1</id>\n <kind>m7i.large</kind><isOn>true</isOn>" +
      "<at>2026-01-02T03:04:05.678Z</at><state><code>16</code><name>running</name></state></item>" +
      "<item><id>i-2</id><parts><item><id>p</id></item></parts></item></set></b><set></set></a>";
    expect(cut(xml)).toEqual({
      rest: "<?xml version='1.0'?>\n<a><b>Grüße &amp; <set><n>0</n></set></b><set><n>1</n></set></a>",
      lists: [
        [
          {
            Id: "i-1",
            Kind: "m7i.large",
            IsOn: true,
            At: new Date("2026-01-02T03:04:05.678Z"),
            State: { Name: "running" },
          },
          { Id: "i-2", Parts: [{ Id: "p" }] },
        ],
        [],
      ],
    });
  });

  it("is passed over where nobody reads it, with what has the name of something that is read", () => {
    expect(one("<nets><item><id>no</id></item></nets><empty/><id>yes</id><tags></tags>")).toEqual({
      Id: "yes",
    });
  });

  it.each([
    ["a comment", "<!-- <id>i-2</id> --><id>i-1</id>"],
    ["a character data section", "<id><![CDATA[i-1]]></id>"],
    ["a reference", "<id>a&amp;b</id>"],
    ["an attribute", '<id kind="x">i-1</id>'],
    ["an attribute of what is passed over", '<other kind="x"></other><id>i-1</id>'],
    ["an empty element that is read", "<id/>"],
    ["an empty value", "<id></id>"],
    ["space around a value", "<id> i-1</id>"],
    ["letters that are more than a byte", "<id>ü</id>"],
    ["the same element twice", "<id>i-1</id><id>i-2</id>"],
    ["an element that holds one of its own name", "<net><net></net><id>i-9</id></net><id>i-1</id>"],
    ["the same, with what looks like a field behind it", "<net><net/><net></net><kind>x</kind></net>"],
    ["text between elements", "<id>i-1</id>text"],
    ["an element in a value", "<id>i-1<b></b></id>"],
    ["another end", "<id>i-1</kind>"],
    ["no end", "<other><id>i-1</id>"],
    ["a flag that is neither", "<isOn>yes</isOn>"],
    ["a time without its zone", "<at>2026-01-02T03:04:05</at>"],
    ["an instruction", "<?what ?><id>i-1</id>"],
  ])("is left to the SDK when it has %s", (_what, inside) => {
    expect(cut(`<set><item>${inside}</item></set>`)).toBeUndefined();
  });

  it("is left to the SDK wherever the document breaks off", () => {
    const whole = "<a><set><item><id>i-1</id><state><name>x</name></state><other>y</other></item></set></a>";
    const from = whole.indexOf("<set>") + 5;
    const to = whole.indexOf("</set>") + 6;
    for (let end = from; end < to; end++)
      expect(cut(whole.slice(0, end)), whole.slice(0, end)).toBeUndefined();
    expect(cut(whole)).toBeDefined();
  });
});
