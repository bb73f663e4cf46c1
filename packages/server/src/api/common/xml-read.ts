/**
 * XML that clients send, read with a kept library and then with a thin reader of ours. No DTD, no entity but the five
 * predefined and numeric ones, a limit on size and depth, exactly one root. Whatever is not as the reader asks is 400
 * MalformedXML, as S3 answers documents that break its schema; namespaces are accepted with and without (spec A.6).
 */
import { createRequire } from "node:module";
import type * as Library from "fast-xml-parser";
import { fail } from "../../base/errors.ts";
import {
  XML_BODY_BYTES_MAX,
  XML_DEPTH_MAX,
  XML_ENTITIES_MAX,
  XML_MARKS_MAX,
  XML_TAG_BYTES_MAX,
} from "../../base/limits.ts";

export interface XmlElement {
  readonly name: string;
  /** Character data of a leaf, entities decoded, white space kept; "" for an element with children. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Loaded with the first document: few requests have one. */
let reader: ReturnType<typeof openReader> | undefined;
const load = createRequire(import.meta.url);
function openReader(): { parse(text: string): unknown; isValid(text: string): boolean } {
  const { XMLParser, XMLValidator } = load("fast-xml-parser") as typeof Library;
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: true,
    parseTagValue: false,
    trimValues: false,
    processEntities: false,
    removeNSPrefix: true,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: XML_DEPTH_MAX,
    cdataPropName: "#cdata",
  });
  return {
    parse: (text): unknown => parser.parse(text),
    isValid: (text) => XMLValidator.validate(text) === true,
  };
}
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const malformed = (cause?: unknown): never => fail("MalformedXML", cause === undefined ? {} : { cause });

/**
 * Parses a document whose root must be `root`. Throws MalformedXML, or MaxMessageLengthExceeded beyond the limit.
 * `marksMax`: for documents that may have more tags than others.
 */
export function parseXml(bytes: Uint8Array, root: string, marksMax = XML_MARKS_MAX): XmlElement {
  if (bytes.length > XML_BODY_BYTES_MAX) fail("MaxMessageLengthExceeded");
  if (!isCheap(bytes, marksMax)) malformed();
  let tree: unknown;
  try {
    const text = UTF8.decode(bytes);
    // A DTD is refused outright, before any parser sees it: nothing can be declared, so nothing can expand.
    if (text.includes("<!DOCTYPE") || text.includes("<!ENTITY")) malformed();
    // Text after the root is lost on the library without a word.
    if (!text.trimEnd().endsWith(">")) malformed();
    reader ??= openReader();
    if (!reader.isValid(text)) malformed();
    tree = reader.parse(text);
  } catch (cause) {
    return malformed(cause);
  }
  const roots = elements(tree).filter((e) => e.name !== "");
  const only = roots[0];
  if (only === undefined || roots.length !== 1 || only.name !== root) return malformed();
  return only;
}

/**
 * Tags, attributes and instructions cost a hundred times what text does, and long ones more than their length: they are
 * counted before anything is parsed.
 */
function isCheap(bytes: Uint8Array, marksMax: number): boolean {
  let marks = 0;
  let entities = 0;
  /** Where the tag began, or -1 in text, comments and CDATA. */
  let open = -1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === LESS_THAN) {
      marks++;
      open = bytes[i + 1] === EXCLAMATION ? -1 : i;
    } else if (byte === AMPERSAND) entities++;
    else if (open >= 0) {
      if (byte === GREATER_THAN) open = -1;
      else if (i - open >= XML_TAG_BYTES_MAX) return false;
      else if (byte === undefined || byte <= SPACE || byte === QUESTION) marks++;
    }
  }
  return marks <= marksMax && entities <= XML_ENTITIES_MAX;
}
const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;
const AMPERSAND = 0x26;
const EXCLAMATION = 0x21;
const QUESTION = 0x3f;
const SPACE = 0x20;

/** The library's ordered form: an array of one-key objects, `{ tag: [children] }`, `{ "#text": "…" }`. */
function elements(nodes: unknown): XmlElement[] {
  if (!Array.isArray(nodes)) return malformed();
  const found: XmlElement[] = [];
  let text = "";
  for (const node of nodes) {
    for (const [name, value] of fieldsOf(node)) {
      if (name === "#text") text += decodeEntities(String(value));
      else if (name === "#cdata") text += cdata(value);
      else found.push(element(name, value));
    }
  }
  // Text without a name stands for the character data of the parent; see `element`.
  if (text !== "") found.push({ name: "", text, children: [] });
  return found;
}

function fieldsOf(node: unknown): readonly (readonly [string, unknown])[] {
  if (typeof node !== "object" || node === null) return malformed();
  const fields: Readonly<Record<string, unknown>> = { ...node };
  return Object.entries(fields);
}

function element(name: string, value: unknown): XmlElement {
  const parts = elements(value);
  const text = parts.find((p) => p.name === "")?.text ?? "";
  const children = parts.filter((p) => p.name !== "");
  if (children.length > 0 && text.trim() !== "") return malformed();
  return { name, text: children.length > 0 ? "" : text, children };
}

function cdata(value: unknown): string {
  if (!Array.isArray(value)) return malformed();
  return value.map((v: unknown) => rawText(v)).join("");
}
function rawText(node: unknown): string {
  if (typeof node !== "object" || node === null || !("#text" in node)) return malformed();
  return String(node["#text"]);
}

const NAMED = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);
const ENTITY = /&([^;&]{0,12});?/g;

function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(ENTITY, (whole, name: string) => {
    if (!whole.endsWith(";")) return malformed();
    return NAMED.get(name) ?? numericEntity(name);
  });
}

/** Control characters are no XML, but S3 reads and writes them as references, and keys may hold them. */
function numericEntity(name: string): string {
  const match = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (match === null) return malformed();
  const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return malformed();
  return String.fromCodePoint(code);
}

// ---------------------------------------------------------------- the reader

/** The children may only have these names; S3's schema knows no others. */
export function allow(e: XmlElement, ...names: readonly string[]): void {
  for (const child of e.children) if (!names.includes(child.name)) malformed();
}

export function many(e: XmlElement, name: string): readonly XmlElement[] {
  return e.children.filter((c) => c.name === name);
}

/** The child of that name, or `undefined`; twice is an error. */
export function maybe(e: XmlElement, name: string): XmlElement | undefined {
  const found = many(e, name);
  return found.length > 1 ? malformed() : found[0];
}

export function one(e: XmlElement, name: string): XmlElement {
  return maybe(e, name) ?? malformed();
}

/** Character data of a leaf, as it stands. */
export function textOf(e: XmlElement): string {
  return e.children.length > 0 ? malformed() : e.text;
}

export function maybeText(e: XmlElement, name: string): string | undefined {
  const child = maybe(e, name);
  return child === undefined ? undefined : textOf(child);
}

export function booleanOf(text: string): boolean {
  const word = text.trim();
  if (word === "true") return true;
  return word === "false" ? false : malformed();
}

/** A non-negative integer of at most `digits` digits. */
export function integerOf(text: string, digits = 15): number {
  const word = text.trim();
  if (!/^[0-9]+$/.test(word) || word.length > digits) return malformed();
  return Number(word);
}
