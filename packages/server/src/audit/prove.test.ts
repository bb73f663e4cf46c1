/** Proofs of single records, checked with the public key alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SecretKey, TrailSigner } from "@strongroom/crypto";
import { eventText, newEventId } from "./event.ts";
import { factsOf } from "./facts.ts";
import { claimedIdentity } from "./identity.ts";
import { checkProof, proveRecord } from "./prove.ts";
import { answer, type Found } from "./query.ts";
import { TrailReader } from "./reader.ts";
import { SLOT, Template } from "./template.ts";
import { Rig } from "./test/rig.ts";
import type { TrailRecord } from "./trail.ts";

function eventAt(timeMs: number): TrailRecord {
  const parts = {
    identity: claimedIdentity("AKID"),
    timeMs,
    service: "s3",
    name: "GetObject",
    region: "eu-central-1",
    sourceIp: "192.0.2.1",
    userAgent: "grüße",
    request: "null",
    response: "null",
    requestId: `R${timeMs}`,
    eventId: newEventId(timeMs),
    readOnly: true,
    management: false,
    recipient: "",
  };
  return { text: eventText(parts), timeMs, facts: factsOf(parts, {}) };
}

async function found(rig: Rig, request: string): Promise<Found> {
  for await (const one of answer(new TrailReader(rig.files, rig.seedOf), { request })) return one;
  throw new Error("not found");
}

test("each record is proved by one text, and no changed text proves anything", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    for (let batch = 0; batch < 3; batch++) {
      for (let n = 0; n < 40; n++) trail.append(eventAt(rig.nowMs + batch * 40 + n));
      await trail.checkpoint();
    }
    trail.append(eventAt(rig.nowMs + 500));
    await trail.flush();
    const parts = { files: rig.files, seedOf: rig.seedOf, ledger: rig.ledger };
    const signer = new TrailSigner(rig.keyring.current("audit").key);
    const keys = [Buffer.from(signer.publicKey).toString("base64")];
    const unsigned = await proveRecord(parts, await found(rig, `R${rig.nowMs + 500}`));
    assert.equal(unsigned.kind, "refused");
    for (const n of [0, 17, 39, 40, 119]) {
      const record = await found(rig, `R${rig.nowMs + n}`);
      const proven = await proveRecord(parts, record);
      assert.ok(proven.kind === "proof");
      const check = checkProof(proven.proof, keys);
      assert.ok(check.kind === "valid", JSON.stringify(check));
      assert.equal(check.text, record.text);
      assert.equal(check.seq, n);
      assert.equal(check.checkpoint.statement.firstSeq, n - (n % 40));
      assert.equal(checkProof(proven.proof, []).kind, "invalid");
      const other = new TrailSigner(SecretKey.generate("audit"));
      assert.equal(
        checkProof(proven.proof, [Buffer.from(other.publicKey).toString("base64")]).kind,
        "invalid",
      );
      for (const [from, to] of [
        ["GetObject", "PutObject"],
        ['"seq":', '"seq":1'],
        ['"index":', '"index":1'],
        ['nextSeq\\":', 'nextSeq\\":1'],
        ["others", "other"],
      ] as const) {
        assert.ok(proven.proof.includes(from), from);
        assert.equal(checkProof(proven.proof.replace(from, to), keys).kind, "invalid", from);
      }
    }
    await trail.close();
  } finally {
    await rig.remove();
  }
});

test("a record that fills a template is proved with it, and with no other", async () => {
  const rig = await Rig.make();
  try {
    const trail = rig.trail();
    const template = new Template(eventAt(rig.nowMs).text.replace(`R${rig.nowMs}`, SLOT));
    for (let n = 0; n < 3; n++) {
      const { timeMs, facts } = eventAt(rig.nowMs + n);
      trail.append({ text: `F${n}`, template, timeMs, facts: { ...facts, request: [`F${n}`] } });
    }
    await trail.checkpoint();
    const parts = { files: rig.files, seedOf: rig.seedOf, ledger: rig.ledger };
    const { publicKey } = new TrailSigner(rig.keyring.current("audit").key);
    const keys = [Buffer.from(publicKey).toString("base64")];
    const record = await found(rig, "F1");
    const proven = await proveRecord(parts, record);
    assert.ok(proven.kind === "proof");
    const check = checkProof(proven.proof, keys);
    assert.ok(check.kind === "valid", JSON.stringify(check));
    assert.deepEqual([check.text, check.seq], [record.text, 1]);
    assert.match(check.text, /"requestID":"F1"/);
    for (const [from, to] of [
      ["GetObject", "PutObject"],
      ['"values":"F1"', '"values":"F2"'],
      ["\\u0000", "F1"],
      ['"values":"F1"', '"values":"F1\\u0000"'],
    ] as const) {
      const changed: string = proven.proof.replace(from, to);
      assert.notEqual(changed, proven.proof);
      assert.equal(checkProof(changed, keys).kind, "invalid", to);
    }
    assert.deepEqual((await rig.verify()).problems, []);
    await trail.close();
  } finally {
    await rig.remove();
  }
});
