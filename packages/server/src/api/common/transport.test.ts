import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { serviceNameOf } from "./service-name.ts";
import { transportOf, type TransportRules } from "./transport.ts";

function requestFrom(address: string, headers: Record<string, string> = {}, url = "/"): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: address });
  const req = new IncomingMessage(socket);
  Object.assign(req.headers, headers);
  req.url = url;
  return req;
}
const rules = (plainHttpKeys: TransportRules["plainHttpKeys"], proxies: string[] = []): TransportRules => ({
  plainHttpKeys,
  plainHttpUnsigned: plainHttpKeys,
  trustedProxies: new Set(proxies),
});

test("keys pass on plain HTTP from this machine only, and through no proxy", () => {
  const passes = (address: string, headers?: Record<string, string>): boolean =>
    transportOf(requestFrom(address, headers), rules("loopback")).keysMayPass;
  assert.equal(passes("127.0.0.1"), true);
  assert.equal(passes("::ffff:127.0.0.1"), true);
  assert.equal(passes("::1"), true);
  assert.equal(passes("10.0.0.1"), false);
  assert.equal(passes("127.0.0.1", { "x-forwarded-for": "10.0.0.1" }), false);
  assert.equal(passes("127.0.0.1", { "x-forwarded-proto": "https" }), false);
  assert.equal(passes("127.0.0.1", { forwarded: "for=10.0.0.1" }), false);
});

test("a socket that says it is encrypted is TLS, of whatever class it is", () => {
  const req = requestFrom("10.0.0.1");
  Object.defineProperty(req.socket, "encrypted", { value: true });
  const { secureTransport, keysMayPass } = transportOf(req, rules("never"));
  assert.deepEqual([secureTransport, keysMayPass], [true, true]);
});

test("never and always", () => {
  assert.equal(transportOf(requestFrom("127.0.0.1"), rules("never")).keysMayPass, false);
  assert.equal(transportOf(requestFrom("10.0.0.1"), rules("always")).keysMayPass, true);
  assert.equal(transportOf(requestFrom("10.0.0.1"), rules("always", ["10.0.0.2"])).keysMayPass, false);
  assert.equal(transportOf(requestFrom("10.0.0.2"), rules("always", ["10.0.0.2"])).keysMayPass, true);
});

test("unsigned bodies pass from this machine through no proxy, from trusted proxies, or as the operator says", () => {
  const passes = (
    when: TransportRules["plainHttpUnsigned"],
    address: string,
    headers: Record<string, string> = {},
  ): boolean =>
    transportOf(requestFrom(address, headers), { ...rules(when, ["10.0.0.2"]), plainHttpKeys: "never" })
      .unsignedMayPass;
  const forwarded = { "x-forwarded-proto": "https" };
  assert.equal(passes("loopback", "127.0.0.1"), true);
  assert.equal(passes("loopback", "127.0.0.1", forwarded), false);
  assert.equal(passes("loopback", "10.0.0.1"), false);
  assert.equal(passes("loopback", "10.0.0.2", forwarded), true);
  assert.equal(passes("never", "127.0.0.1"), false);
  assert.equal(passes("never", "10.0.0.2"), false);
  assert.equal(passes("always", "10.0.0.1", forwarded), true);
  const tls = requestFrom("10.0.0.1");
  Object.defineProperty(tls.socket, "encrypted", { value: true });
  assert.equal(transportOf(tls, rules("never")).unsignedMayPass, true);
});

test("plain HTTP is never called secure, and the source is the peer unless a trusted proxy says otherwise", () => {
  const forged = { "x-forwarded-for": "1.1.1.1, 2.2.2.2", "x-forwarded-proto": "https" };
  const direct = transportOf(requestFrom("10.0.0.1", forged), rules("always"));
  assert.equal(direct.secureTransport, false);
  assert.equal(direct.sourceIp, "10.0.0.1");
  const proxied = transportOf(requestFrom("10.0.0.2", forged), rules("always", ["10.0.0.2"]));
  assert.equal(proxied.secureTransport, false);
  assert.equal(proxied.sourceIp, "2.2.2.2");
  const chain = { "x-forwarded-for": "1.1.1.1, 10.0.0.3" };
  assert.equal(
    transportOf(requestFrom("10.0.0.2", chain), rules("always", ["10.0.0.2", "10.0.0.3"])).sourceIp,
    "1.1.1.1",
  );
});

test("the service stands in the target header, else in the scope of the signature", () => {
  const name = (headers: Record<string, string>, url?: string): string =>
    serviceNameOf(requestFrom("127.0.0.1", headers, url));
  const scope = (service: string): string =>
    `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  assert.equal(name({}), "s3");
  assert.equal(name({ authorization: scope("s3") }), "s3");
  assert.equal(name({ authorization: scope("kms") }), "kms");
  assert.equal(name({ authorization: scope("sts") }), "sts");
  assert.equal(name({ authorization: "garbage" }), "s3");
  assert.equal(name({ "x-amz-target": "TrentService.Encrypt" }), "kms");
  assert.equal(name({ "x-amz-target": "TrentService" }), "s3");
  assert.equal(name({}, "/?X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fkms%2Faws4_request"), "kms");
  assert.equal(name({}, "/b/k?X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&x=1"), "s3");
});
