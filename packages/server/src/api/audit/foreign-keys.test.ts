/** What the trail tells an account of another one's keys that did not let it in: no more than that account has sent. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { before, test } from "node:test";
import { SecretKey } from "@strongroom/crypto";
import { Recorder } from "../../audit/recorder.ts";
import type { Trail, TrailRecord } from "../../audit/trail.ts";
import { PolicyAuthoriser } from "../../iam/policy-authoriser.ts";
import { createAlias } from "../../kms/aliases.ts";
import { ensureKey } from "../../kms/bootstrap.ts";
import { EMPTY_CONTEXT } from "../../kms/context.ts";
import { decrypt } from "../../kms/decryption.ts";
import { embeddedKeyService } from "../../kms/embedded.ts";
import { encrypt } from "../../kms/encryption.ts";
import type { Kernel, Requester } from "../../kms/kernel.ts";
import { keyArnAsMeant } from "../../kms/key-as-meant.ts";
import { ACCOUNT, directRequester, OTHER_ACCOUNT, REGION, testKms } from "../../kms/test/kernel.ts";
import { KmsAudit } from "./kms.ts";

const KEY = "11111111-0000-4000-8000-000000000001";
const GONE = "11111111-0000-4000-8000-00000000dead";
const arnOf = (resource: string): string => `arn:aws:kms:${REGION}:${ACCOUNT}:${resource}`;
const context = EMPTY_CONTEXT;
const plaintext = new Uint8Array([1]);

const records: TrailRecord[] = [];
const trail = {
  writable: true,
  append: (record: TrailRecord) => records.push(record),
  durable: () => Promise.resolve(),
} as unknown as Trail;
const recorder = new Recorder({
  trail,
  region: REGION,
  clock: { now: () => 1_790_000_000_000 },
  hashKey: SecretKey.fromBytes("audit", randomBytes(32)),
});

let kms: Kernel;
let blobs: Readonly<Record<string, Uint8Array>>;
before(async () => {
  kms = { ...(await testKms()).kms, authoriser: new PolicyAuthoriser() };
  for (const account of [ACCOUNT, OTHER_ACCOUNT]) await ensureKey(kms, { account, keyId: KEY });
  await createAlias(kms, directRequester(), "alias/there", KEY);
  const { blob } = await encrypt(kms, directRequester(), { keyId: KEY, plaintext, context });
  const made = new Uint8Array(blob);
  made.fill(7, 5, 21);
  blobs = { there: blob, "not-there": made };
});

/** A call of the key service by a client, on record as its answer is. */
async function direct(operation: string, input: object, call: (by: Requester) => unknown): Promise<void> {
  const by = directRequester(OTHER_ACCOUNT);
  const error: unknown = await (async () => call(by))().catch((e: unknown) => e);
  const { caller, seen } = by;
  const facts = {
    caller,
    operation,
    requestId: "r",
    input,
    seen,
    timeMs: recorder.clock.now(),
    tls: undefined,
  };
  await new KmsAudit(recorder).outcome(facts, undefined, error);
}
const refused = async (work: () => unknown): Promise<void> =>
  assert.rejects(async () => work(), { code: "AccessDeniedException" });

const CALLS: Readonly<Record<string, (name: string) => Promise<void>>> = {
  "S3's GenerateDataKey": (name) =>
    refused(() =>
      embeddedKeyService(kms, recorder).generateDataKey(
        directRequester(OTHER_ACCOUNT).caller,
        arnOf(name),
        context,
      ),
    ),
  "the key that an S3 policy asks for, and S3's Decrypt": (name) =>
    refused(() =>
      name.startsWith("alias/")
        ? keyArnAsMeant(kms, recorder)(directRequester(OTHER_ACCOUNT).caller, arnOf(name), [context, context])
        : embeddedKeyService(kms, recorder).decrypt(
            directRequester(OTHER_ACCOUNT).caller,
            arnOf(name) as never,
            blobs["there"] ?? plaintext,
            context,
          ),
    ),
  Encrypt: (name) =>
    direct("Encrypt", { KeyId: arnOf(name) }, (by) =>
      encrypt(kms, by, { keyId: arnOf(name), plaintext, context }),
    ),
  "Decrypt of what it was sent": (name) =>
    direct("Decrypt", {}, (by) =>
      decrypt(kms, by, {
        blob: blobs[name.includes("not") || name.includes(GONE) ? "not-there" : "there"] ?? plaintext,
        context,
      }),
    ),
};

interface Shown {
  readonly recipientAccountId: string;
  readonly resources?: readonly { readonly ARN: string }[];
}
/** What differs from call to call is left out, and the name that was given. */
const told = ({ text, facts }: TrailRecord, name: string): string =>
  `${text} ${facts.columns.key}`
    .replaceAll(/"(eventID|requestID|eventTime|sharedEventID)":"[^"]*"/g, '"$1":""')
    .replaceAll(name, "NAME");

for (const [what, call] of Object.entries(CALLS))
  for (const [there, missing] of [
    ["alias/there", "alias/not-there"],
    [`key/${KEY}`, `key/${GONE}`],
  ] as const)
    test(`${what}: ${there} and ${missing} are the same in the caller's record`, async () => {
      const written = async (name: string): Promise<readonly TrailRecord[]> => {
        records.length = 0;
        await call(name);
        return [...records];
      };
      const [own, owners, ...more] = await written(there);
      assert.ok(own !== undefined && owners !== undefined && more.length === 0);
      const other = await written(missing);
      assert.equal(other.length, 1);
      assert.equal(told(own, there), other[0] && told(other[0], missing));
      const shown = JSON.parse(owners.text) as Shown;
      assert.equal(shown.recipientAccountId, ACCOUNT);
      assert.deepEqual(
        shown.resources?.map(({ ARN }) => ARN),
        [arnOf(`key/${KEY}`)],
      );
      assert.ok(!owners.text.includes(`${OTHER_ACCOUNT}:root`));
    });
