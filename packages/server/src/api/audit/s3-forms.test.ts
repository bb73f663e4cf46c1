/** A record that fills a template says what it would say if it were put together: text and index. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import fc from "fast-check";
import { factsOfEvent } from "../../audit/facts.ts";
import { Recorder } from "../../audit/recorder.ts";
import { fill } from "../../audit/template.ts";
import type { Trail, TrailRecord } from "../../audit/trail.ts";
import { parseEvent } from "../../audit/trail-event.ts";
import { type Caller, startKeyUses } from "../../base/caller.ts";
import { parseAccountId } from "../../base/ids.ts";
import { Rig } from "../../audit/test/rig.ts";
import { Exchange } from "../common/exchange.ts";
import type { RequestEvent } from "../common/ports.ts";
import { S3Audit } from "./s3.ts";

const NOW_MS = 1_790_000_000_000;
const KEY = "arn:aws:kms:eu-central-1:111122223333:key/0f1e2d3c-aaaa-4bbb-8ccc-123456789abc";
const SSE = "x-amz-server-side-encryption";

interface Asked {
  readonly operation: "GetObject" | "PutObject" | "HeadObject";
  readonly key: string;
  readonly agent: string;
  readonly bytes: number;
  readonly kms: boolean;
  readonly header: boolean;
  readonly host: string;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  operation: fc.constantFrom("GetObject", "PutObject", "HeadObject"),
  key: fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
  agent: fc.constantFrom("aws-cli/2", 'quoted " agent', String.raw`\u0000`, "x".repeat(2000)),
  host: fc.constantFrom("store.example.test", "h".repeat(20_000)),
  bytes: fc.nat(10_000),
  kms: fc.boolean(),
  header: fc.boolean(),
});

function eventOf({ operation, key, agent, bytes, kms, header, host }: Asked, n: number): RequestEvent {
  const rawHeaders = ["Host", host, "User-Agent", agent, "Content-Length", String(bytes)];
  if (header && operation === "PutObject") rawHeaders.push(SSE, "AES256", "x-amz-meta-a", "1");
  // Only these members are read here; a whole message would need a socket.
  const req = { method: "GET", url: "/ledger/x", rawHeaders, headers: {} } as unknown as IncomingMessage;
  const transport = {
    secureTransport: false,
    keysMayPass: true,
    unsignedMayPass: true,
    sourceIp: "192.0.2.1",
  };
  const exchange = new Exchange(req, {} as ServerResponse, transport, "host id", NOW_MS + n, `R${n}`);
  const caller: Caller = {
    principal: {
      kind: "root",
      account: parseAccountId("111122223333"),
      arn: "arn:aws:iam::111122223333:root",
      userId: "111122223333",
    },
    sessionKey: "s",
    requestId: `R${n}`,
    accessKeyId: "AKID",
    signature: "AWS4-HMAC-SHA256",
    authType: "REST-HEADER",
    secureTransport: false,
    keysMayPass: true,
    sourceIp: "192.0.2.1",
    signal: new AbortController().signal,
  };
  if (kms) {
    const uses = startKeyUses(caller);
    uses.requestIds.push(`K${n}`);
    uses.keyArn = KEY;
    uses.materialId = "ab";
    uses.access = "kms";
  }
  return {
    requestId: `R${n}`,
    service: "s3",
    operation,
    caller,
    bucket: "ledger",
    bucketOwner: "444455556666",
    key,
    exchange,
    headers: exchange.raw.headers,
  };
}

class Taken {
  readonly records: TrailRecord[] = [];
  readonly writable = true;
  append(record: TrailRecord): number {
    return this.records.push(record);
  }
  backpressure(): undefined {
    return undefined;
  }
  durable(): undefined {
    return undefined;
  }
}

const textOf = ({ text, template }: TrailRecord): string =>
  template === undefined ? text : Buffer.from(fill(template.bytes, Buffer.from(text)) ?? []).toString();
/** Random on purpose. */
const withoutId = (text: string): string => text.replace(/"eventID":"[^"]*"/, "");

test("filled and put together are the same", async () => {
  const rig = await Rig.make();
  try {
    const hashKey = rig.keyring.current("audit").key;
    const auditor = (): { readonly taken: Taken; readonly audit: S3Audit } => {
      const taken = new Taken();
      const trail = taken as unknown as Trail;
      const recorder = new Recorder({ trail, region: "eu-central-1", clock: { now: () => NOW_MS }, hashKey });
      return { taken, audit: new S3Audit(recorder) };
    };
    const kept = auditor();
    let filled = 0;
    fc.assert(
      fc.property(fc.array(asked, { minLength: 1, maxLength: 20 }), (list) => {
        for (const [n, one] of list.entries()) {
          const headers = one.kms ? [SSE, "aws:kms", `${SSE}-aws-kms-key-id`, KEY] : [SSE, "AES256"];
          const answer = {
            status: 200,
            headers: [...headers, "Content-Length", String(one.bytes)],
          };
          const fresh = auditor();
          for (const { audit } of [kept, fresh]) void audit.outcome(eventOf(one, n), { status: 200, answer });
          const [a, b] = [kept.taken.records.pop(), fresh.taken.records.pop()];
          assert.ok(a !== undefined && b !== undefined && b.template === undefined);
          if (a.template !== undefined) filled++;
          assert.equal(withoutId(textOf(a)), withoutId(textOf(b)));
          assert.deepEqual(a.facts, b.facts);
          // A host is shown at the length that hosts have.
          assert.equal(textOf(a).includes("h".repeat(261)), false);
          assert.match(textOf(a), new RegExp(`"Host":"${one.host.slice(0, 260)}"`));
          const event = parseEvent(Buffer.from(textOf(a)));
          assert.ok(event !== undefined);
          assert.deepEqual(factsOfEvent(event), a.facts);
        }
      }),
    );
    assert.ok(filled > 20, `${filled} were filled`);
  } finally {
    await rig.remove();
  }
});
