/** A fresh data key, wrapped, and the content key that goes with it: the start of every write (spec section 12). */
import { committingKey, type ContentKey, deriveCommitment, plainGcmKey } from "../content/keys.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { StringMap } from "../envelope/json-map.ts";
import { fail } from "../errors.ts";
import { CONTENT, RESERVED_CONTEXT_KEY } from "../suites.ts";
import type { Context } from "./context.ts";

const MESSAGE_ID_BYTES = 28;
const IV_BYTES = 12;

export async function newEnvelope(
  context: Context,
  encryptionContext: StringMap | undefined,
): Promise<{ readonly envelope: Envelope; readonly content: ContentKey }> {
  const { keyring, options, platform } = context;
  if (keyring.wrapDataKey === undefined) fail("CannotWrite");
  if (!keyring.usesEncryptionContext && (encryptionContext?.size ?? 0) > 0) fail("ContextNotVerifiable");
  const [binding = ""] = CONTENT[options.writes].bindings;
  const bound = new Map(encryptionContext).set(RESERVED_CONTEXT_KEY, binding);
  const { cipher } = platform;
  const wrappedKey = await keyring.wrapDataKey({ binding, encryptionContext: bound, cipher });
  const { dataKey, algorithm: wrap, wrapped, description } = wrappedKey;
  if (dataKey.length !== 32) fail("InvalidKey", "a keyring must make data keys of 32 bytes");
  const base = { wrap, wrapped, description, inInstructionFile: options.writeInstructionFiles };
  if (options.writes === "GCM") {
    const iv = nonZero(() => cipher.randomBytes(IV_BYTES));
    return { envelope: { ...base, format: "V2", content: "GCM", iv }, content: plainGcmKey(dataKey, iv) };
  }
  const messageId = nonZero(() => cipher.randomBytes(MESSAGE_ID_BYTES));
  const commitment = await deriveCommitment(cipher, dataKey, messageId);
  const content = await committingKey(cipher, dataKey, messageId);
  dataKey.fill(0);
  return { envelope: { ...base, format: "V3", content: "COMMIT", messageId, commitment }, content };
}

/** Java and Go refuse an all-zero id: there it means that somebody forgot to fill it. */
function nonZero(draw: () => Uint8Array): Uint8Array {
  for (;;) {
    const drawn = draw();
    if (drawn.some((byte) => byte !== 0)) return drawn;
  }
}
