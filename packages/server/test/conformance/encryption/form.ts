/** Browser uploads: a policy signed with the suites' own signer, and the form as multipart/form-data. */
import type { Answer } from "../call.ts";
import { timestampOf, type Wire, type WireRequest } from "../wire.ts";

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Form {
  readonly bucket: string;
  readonly fields: Fields;
  readonly file?: string | Uint8Array;
  readonly fileName?: string;
  /** Beside those of the bucket and of the credentials. */
  readonly conditions?: readonly unknown[];
  readonly expiresMs?: number;
  /** False: no credentials in the form. */
  readonly sign?: boolean;
}

const BOUNDARY = "----strongroom-suite";

export function formRequest(wire: Wire, form: Form): WireRequest {
  const fields = form.sign === false ? form.fields : [...form.fields, ...credentials(wire, form)];
  return {
    method: "POST",
    path: `/${form.bucket}`,
    sign: false,
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
    body: encode(fields, form),
  };
}

export const postForm = (wire: Wire, form: Form): Promise<Answer> => wire.send(formRequest(wire, form));

function credentials(wire: Wire, form: Form): Fields {
  const now = new Date();
  const timestamp = timestampOf(now);
  const credential = `${wire.options.credentials.accessKeyId}/${wire.scope(timestamp)}`;
  const signed = [
    ["x-amz-algorithm", "AWS4-HMAC-SHA256"],
    ["x-amz-credential", credential],
    ["x-amz-date", timestamp],
  ] as const;
  const document = {
    expiration: new Date(now.getTime() + (form.expiresMs ?? 300_000)).toISOString(),
    conditions: [
      { bucket: form.bucket },
      ["starts-with", "$key", ""],
      ...signed.map(([name, value]) => ({ [name]: value })),
      ...(form.conditions ?? []),
    ],
  };
  const policy = Buffer.from(JSON.stringify(document)).toString("base64");
  return [...signed, ["policy", policy], ["x-amz-signature", wire.signText(timestamp, policy)]];
}

function encode(fields: Fields, { file = "hello", fileName = "hello.txt" }: Form): Buffer {
  const parts = fields.map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: text/plain\r\n\r\n`;
  return Buffer.concat([
    Buffer.from(parts.join("") + head),
    typeof file === "string" ? Buffer.from(file) : file,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]);
}
