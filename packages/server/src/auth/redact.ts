/** What a refusal may show of the request that it refuses: a canonical request may carry an SSE-C key. */

const REDACTED = "REDACTED";
/** Customer keys, not their MD5; and session tokens, which are half of a credential. */
const SECRET_HEADER = /^(x-amz-[a-z-]*server-side-encryption-customer-key|x-amz-security-token):.*$/gm;
const SECRET_PARAMETER =
  /([&\n])(x-amz-[a-z-]*server-side-encryption-customer-key|x-amz-security-token)=[^&\n]*/gi;

/** The canonical request without the values that nobody else may read. */
export function redactCanonical(canonical: string): string {
  return canonical
    .replaceAll(SECRET_HEADER, `$1:${REDACTED}`)
    .replaceAll(SECRET_PARAMETER, `$1$2=${REDACTED}`);
}

const SECRET_NAME = /^(?:x-amz-[a-z-]*server-side-encryption-customer-key|x-amz-security-token)$/;

/** What may be shown of the value of a header, or of the field of a form that stands for it. `name` in lower case. */
export const shownValue = (name: string, value: string): string =>
  SECRET_NAME.test(name) ? REDACTED : value;
