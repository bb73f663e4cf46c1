import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../../base/errors.ts";
import { XML_BODY_BYTES_MAX, XML_PARTS_MARKS_MAX } from "../../base/limits.ts";
import { cpuMs } from "../../policy/testing.ts";
import {
  allow,
  booleanOf,
  integerOf,
  many,
  maybe,
  one,
  parseXml,
  textOf,
  type XmlElement,
} from "./xml-read.ts";
import { escapeXml, s3Document, tag, wrap } from "./xml-write.ts";

const parse = (text: string, root = "A"): XmlElement => parseXml(Buffer.from(text), root);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
  return "no error";
}

test("hostile documents are MalformedXML, fast", () => {
  const lol = (n: number): string =>
    n === 0 ? '<!ENTITY l0 "lol">' : `${lol(n - 1)}<!ENTITY l${n} "${`&l${n - 1};`.repeat(10)}">`;
  const documents: Record<string, string> = {
    "billion laughs": `<?xml version="1.0"?><!DOCTYPE A [${lol(9)}]><A>&l9;</A>`,
    "external entity": '<!DOCTYPE A [<!ENTITY x SYSTEM "file:///etc/passwd">]><A>&x;</A>',
    "lower-case doctype": "<!doctype A><A/>",
    "undeclared entity": "<A>&nbsp;</A>",
    "bare ampersand": "<A>a & b</A>",
    "entity without end": "<A>&amp</A>",
    "surrogate reference": "<A>&#xD800;</A>",
    "reference beyond Unicode": "<A>&#x110000;</A>",
    "deep nesting": `${"<A>".repeat(100_000)}${"</A>".repeat(100_000)}`,
    "depth just beyond": `${"<A>".repeat(40)}${"</A>".repeat(40)}`,
    "two roots": "<A/><A/>",
    "text beside the root": "<A/>x",
    "wrong root": "<B/>",
    "no root": "",
    "only a declaration": '<?xml version="1.0"?>',
    "not closed": "<A><B>",
    "crossed tags": "<A><B></A></B>",
    "mixed content": "<A>text<B/></A>",
    "unsafe name": "<A><constructor>1</constructor></A>",
    "prototype name": "<A><__proto__>1</__proto__></A>",
    "not UTF-8": "\xff",
    "plain text": "hello",
    json: '{"A":1}',
  };
  const started = cpuMs();
  for (const [name, text] of Object.entries(documents)) {
    const bytes = Buffer.from(text, name === "not UTF-8" ? "latin1" : "utf8");
    assert.equal(
      codeOf(() => parseXml(bytes, "A")),
      "MalformedXML",
      name,
    );
  }
  assert.ok(cpuMs() - started < 2000);
  assert.equal(
    codeOf(() => parseXml(Buffer.alloc(XML_BODY_BYTES_MAX + 1), "A")),
    "MaxMessageLengthExceeded",
  );
});

test("documents that would cost more than their length are refused before they are parsed", () => {
  const documents: Record<string, string> = {
    "long instruction": `<?xml ${"? ".repeat(1_000_000)}?><A></A>`,
    instructions: `<A>${`<?b ${"? ".repeat(400)}?>`.repeat(1900)}</A>`,
    "long tag": `<A ${"b".repeat(2_000_000)}></A>`,
    attributes: `<A>${`<B ${"b='' ".repeat(150)}/>`.repeat(1900)}</A>`,
    "blanks in tags": `<A>${`<B${"\n".repeat(500)}/>`.repeat(1900)}</A>`,
    tags: `<A>${"<B/>".repeat(119_000)}</A>`,
    entities: `<A>${"&amp;".repeat(119_000)}</A>`,
  };
  const started = cpuMs();
  for (const [name, text] of Object.entries(documents)) {
    assert.equal(
      codeOf(() => parse(text)),
      "MalformedXML",
      name,
    );
  }
  assert.ok(cpuMs() - started < 500);
  const parts = "<B><C/><D>1</D></B>".repeat(10_000);
  assert.equal(many(parseXml(Buffer.from(`<A>${parts}</A>`), "A", XML_PARTS_MARKS_MAX), "B").length, 10_000);
  // Neither a comment nor CDATA is a tag, however long.
  const long = "? ".repeat(15_000);
  assert.equal(textOf(parse(`<A><!-- ${long} --><![CDATA[${long}]]></A>`)), long);
});

test("the reader takes what clients write", () => {
  const root = parse(
    '<?xml version="1.0" encoding="UTF-8"?>\n<A xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\n  <B>x &lt; &#65;&#x42;</B><!-- note -->\n  <C/>\n</A>',
  );
  assert.equal(textOf(one(root, "B")), "x < AB");
  assert.equal(textOf(one(root, "C")), "");
  assert.equal(maybe(root, "D"), undefined);
  assert.equal(textOf(one(parse("<s3:A xmlns:s3='u'><s3:B> a </s3:B></s3:A>"), "B")), " a ");
  assert.equal(textOf(one(parse("<A><B>1<![CDATA[<&>]]>2</B></A>"), "B")), "1<&>2");
  assert.equal(textOf(one(parse("\uFEFF<A><B>1</B></A>"), "B")), "1");
});

test("the reader refuses duplicates, strangers and wrong kinds", () => {
  assert.equal(
    codeOf(() => one(parse("<A><B>1</B><B>2</B></A>"), "B")),
    "MalformedXML",
  );
  assert.equal(
    codeOf(() => one(parse("<A/>"), "B")),
    "MalformedXML",
  );
  assert.equal(
    codeOf(() => allow(parse("<A><B/><X/></A>"), "B")),
    "MalformedXML",
  );
  assert.equal(
    codeOf(() => textOf(one(parse("<A><B><C/></B></A>"), "B"))),
    "MalformedXML",
  );
  assert.equal(many(parse("<A><B/><B/></A>"), "B").length, 2);
  assert.equal(booleanOf(" true "), true);
  for (const text of ["True", "1", ""])
    assert.equal(
      codeOf(() => booleanOf(text)),
      "MalformedXML",
    );
  for (const text of ["-1", "1.0", "1e3", "", "0x1", "9".repeat(20)]) {
    assert.equal(
      codeOf(() => integerOf(text)),
      "MalformedXML",
    );
  }
});

test("control characters are written as S3 writes them", () => {
  assert.equal(escapeXml("a\u0000b\r\n\u0001&<>\"'"), "a&#x0;b&#xd;&#xa;&#x1;&amp;&lt;&gt;&quot;'");
  assert.equal(escapeXml("\uFFFE"), "&#xfffe;");
});

/** Any key that S3 takes: well-formed text, control characters and all. */
const anyText = fc.string({ unit: "binary", maxLength: 200 });

test("what was written is read back", () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 20 }), (texts) => {
      const document = s3Document("A", texts.map((text) => wrap("B", tag("C", text))).join(""));
      const read = many(parse(document), "B").map((b) => textOf(one(b, "C")));
      assert.deepEqual(read, texts);
    }),
  );
});

test("random bytes are refused or read, never worse", () => {
  const piece = fc.constantFrom(
    "<A>",
    "</A>",
    "<B>",
    "</B>",
    "<B/>",
    "&amp;",
    "&#x0;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "x",
    "<?x ?>",
    '<A b="',
    "\u0000",
    "<!",
    ">",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const code = codeOf(() => parse(pieces.join("")));
      assert.ok(code === "no error" || code === "MalformedXML", code);
    }),
    { numRuns: 2000 },
  );
});
