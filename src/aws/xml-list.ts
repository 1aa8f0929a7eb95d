/**
 * Reads long lists of small elements out of AWS's XML, some twenty times as quickly as the SDK reads everything. It
 * knows no comments, character data sections, attributes or references: where it meets one, or anything else that it is
 * not sure of, it gives the document up, and the SDK reads it.
 */

/** How an element is read. Elements that are not named are passed over. */
export type XmlField = "flag" | "text" | "time" | "word" | XmlRecord | XmlList;

export interface XmlRecord {
  /** What is read, by the element's name. */
  readonly fields: ReadonlyMap<string, KnownElement>;
}

interface KnownElement {
  /** What the SDK calls it. */
  readonly member: string;
  readonly field: XmlField;
  readonly close: string;
}

export interface XmlList extends XmlRecord {
  /** Name of the elements in the list. */
  readonly item: string;
}

/** The fields of a record: element, the SDK's name of it, how it is read. */
export function xmlFields(
  ...fields: readonly (readonly [element: string, member: string, field: XmlField])[]
): XmlRecord["fields"] {
  return new Map(
    fields.map(([element, member, field]) => [element, { member, field, close: `</${element}>` }]),
  );
}

/** Values of a record by the SDK's names. */
export type XmlValues = Readonly<Record<string, unknown>>;

interface Cursor {
  readonly xml: string;
  at: number;
  /** Values that many records share, each held once. */
  readonly words: Map<string, string>;
  readonly closeTags: Map<string, string>;
}

export interface Cut {
  /** What is left of the document; where a list was stands what was asked for. */
  readonly rest: string;
  readonly lists: readonly (readonly XmlValues[])[];
}

/** Takes every list in elements of a name out of a document; undefined when it is not sure of what it reads. */
export function cutLists(
  xml: string,
  element: string,
  list: XmlList,
  instead: (index: number) => string,
): Cut | undefined {
  if (xml.includes("<!")) return undefined;
  const cursor: Cursor = { xml, at: 0, words: new Map(), closeTags: new Map() };
  const [open, close] = [`<${element}>`, `</${element}>`];
  const rest: string[] = [];
  const lists: (readonly XmlValues[])[] = [];
  for (;;) {
    const start = xml.indexOf(open, cursor.at);
    if (start === -1) break;
    rest.push(xml.slice(cursor.at, start), open, instead(lists.length), close);
    cursor.at = start + open.length;
    const read = readList(cursor, list, close);
    if (read === undefined) return undefined;
    lists.push(read);
  }
  return { rest: rest.join("") + xml.slice(cursor.at), lists };
}

/** Undefined stands for everything that is not expected. */
function readList(cursor: Cursor, list: XmlList, close: string): readonly XmlValues[] | undefined {
  const records: XmlValues[] = [];
  const [open, itemClose] = [`<${list.item}>`, `</${list.item}>`];
  for (;;) {
    skipSpace(cursor);
    if (cursor.xml.startsWith(close, cursor.at)) {
      cursor.at += close.length;
      return records;
    }
    if (!cursor.xml.startsWith(open, cursor.at)) return undefined;
    cursor.at += open.length;
    const record = readRecord(cursor, list, itemClose);
    if (record === undefined) return undefined;
    records.push(record);
  }
}

const [slash, less, space] = [0x2f, 0x3c, 0x20];

function readRecord(cursor: Cursor, { fields }: XmlRecord, close: string): XmlValues | undefined {
  const { xml } = cursor;
  const record: Record<string, unknown> = {};
  for (;;) {
    skipSpace(cursor);
    if (xml.charCodeAt(cursor.at) !== less) return undefined;
    if (xml.charCodeAt(cursor.at + 1) === slash) {
      if (!xml.startsWith(close, cursor.at)) return undefined;
      cursor.at += close.length;
      return record;
    }
    const end = xml.indexOf(">", cursor.at);
    if (end === -1) return undefined;
    const name = xml.slice(cursor.at + 1, end);
    cursor.at = end + 1;
    const known = fields.get(name);
    if (known === undefined) {
      if (!passOver(cursor, fields, name)) return undefined;
      continue;
    }
    const value = readField(cursor, known);
    if (value === undefined || record[known.member] !== undefined) return undefined;
    record[known.member] = value;
  }
}

/**
 * Goes behind an element that nobody reads: behind the first end of its name. Should it hold one of its own name, its own
 * end is met later, where none is expected.
 */
function passOver(cursor: Cursor, fields: XmlRecord["fields"], name: string): boolean {
  const close = closeTag(cursor, name);
  if (close !== undefined) {
    const end = cursor.xml.indexOf(close, cursor.at);
    if (end === -1) return false;
    cursor.at = end + close.length;
    return true;
  }
  const empty = name.slice(0, -1);
  return name.endsWith("/") && isElement.test(empty) && !fields.has(empty);
}

const isElement = /^[A-Za-z][A-Za-z0-9]*$/u;

function readField(cursor: Cursor, { field, close }: KnownElement): unknown {
  if (typeof field !== "string")
    return "item" in field ? readList(cursor, field, close) : readRecord(cursor, field, close);
  const { xml, at } = cursor;
  const end = xml.indexOf("<", at);
  if (end === -1 || !xml.startsWith(close, end)) return undefined;
  const text = xml.slice(at, end);
  if (!isPlain.test(text)) return undefined;
  cursor.at = end + close.length;
  if (field === "flag") return text === "true" ? true : text === "false" ? false : undefined;
  if (field === "time") return isTime.test(text) ? new Date(text) : undefined;
  return field === "text" ? copyOf(text) : wordOf(cursor, text);
}

/** No references, nothing to trim, and the same in any encoding. */
const isPlain = /^[!-%'-~](?:[ -%'-~]*[!-%'-~])?$/u;
const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/u;

/** A part of a string keeps the whole in memory: a page of a thousand instances for the id of one. */
function copyOf(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function wordOf({ words }: Cursor, text: string): string {
  const known = words.get(text);
  if (known !== undefined) return known;
  const word = copyOf(text);
  words.set(word, word);
  return word;
}

function skipSpace(cursor: Cursor): void {
  while (cursor.xml.charCodeAt(cursor.at) <= space) cursor.at++;
}

/** The end of an element that is passed over; none for what is no plain start of one. */
function closeTag({ closeTags }: Cursor, name: string): string | undefined {
  const known = closeTags.get(name);
  if (known !== undefined || !isElement.test(name)) return known;
  const tag = `</${name}>`;
  closeTags.set(copyOf(name), tag);
  return tag;
}
