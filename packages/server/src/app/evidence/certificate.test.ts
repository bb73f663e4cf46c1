import assert from "node:assert/strict";
import { test } from "node:test";
import { SecretKey, TrailSigner } from "@strongroom/crypto";
import fc from "fast-check";
import { type Certificate, checkCertificate, signCertificate, signingKeyName } from "./certificate.ts";
import { certificateText } from "./certificate-text.ts";
import { csvLine } from "./inventory-rows.ts";

const signer = new TrailSigner(SecretKey.fromBytes("audit", new Uint8Array(32).fill(7)));
const publicKey = Buffer.from(signer.publicKey).toString("base64");
const AT = "2026-11-01T00:00:00.000Z";

const certificate: Certificate = {
  v: 1,
  store: "ab".repeat(16),
  software: "strongroom 0.1.0",
  issued: AT,
  key: {
    arn: "arn:aws:kms:us-east-1:000000000000:key/k",
    account: "000000000000",
    keyId: "k",
    spec: "SYMMETRIC_DEFAULT",
    origin: "AWS_KMS",
    created: AT,
    aliases: ["alias/ü"],
    grants: 0,
  },
  materials: [{ id: "cd".repeat(32), created: AT, wrappedUnderTerm: 1 }],
  scheduled: { at: AT, by: "arn:aws:iam::000000000000:root", requestId: "r" },
  deletionDate: AT,
  destroyed: { began: AT, at: AT, by: "the store's schedule" },
  lastUse: null,
  dependents: null,
  check: { rowsLeft: 0, domainTermsLeft: [1] },
  beyondReach: ["Backups."],
  signingKey: signingKeyName(1, signer.publicKey),
};
const file = signCertificate(certificate, signer);

test("a certificate holds as it was issued, and however it is indented", () => {
  assert.deepEqual(checkCertificate(file, [publicKey]), { kind: "valid", certificate });
  assert.equal(checkCertificate(JSON.stringify(JSON.parse(file)), [publicKey]).kind, "valid");
  assert.match(certificateText(certificate).join("\n"), /^VALID: [\s\S]*not counted when this was issued/);
});

test("no character of it can be changed", () => {
  const plain = JSON.stringify(JSON.parse(file));
  fc.assert(
    fc.property(fc.nat(plain.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, char) => {
      fc.pre(plain[at] !== char);
      const check = checkCertificate(`${plain.slice(0, at)}${char}${plain.slice(at + 1)}`, [publicKey]);
      // A base64 text may have unused bits; all else is refused.
      if (check.kind === "valid") assert.deepEqual(check.certificate, certificate);
    }),
    { numRuns: 500 },
  );
});

test("members that nobody signed, another key, and other texts are refused", () => {
  const more = JSON.stringify({ ...(JSON.parse(file) as object), note: "approved" });
  assert.equal(checkCertificate(more, [publicKey]).kind, "invalid");
  assert.equal(checkCertificate(file, []).kind, "invalid");
  const other = new TrailSigner(SecretKey.fromBytes("audit", new Uint8Array(32).fill(8)));
  // Signed by a forger who names the store's key.
  assert.deepEqual(checkCertificate(signCertificate(certificate, other), [publicKey]), {
    kind: "invalid",
    why: "its signature does not fit: it was changed after it was signed",
  });
  for (const text of ["", "{}", "null", '{"certificate":{},"signature":"AAAA"}'])
    assert.equal(checkCertificate(text, [publicKey]).kind, "invalid", text);
});

test("CSV fields are quoted, and keys URL-encoded as S3 Inventory has them", () => {
  assert.equal(csvLine(["b", 'a/b "c",\né'], true), '"b","a/b%20%22c%22%2C%0A%C3%A9"');
  assert.equal(csvLine(["b", 'x"y']), '"b","x""y"');
});
