/**
 * The one door through which key bytes leave the package: `@strongroom/crypto/expose`. `tools/tidy.ts` holds the short
 * list of files that may import it (GenerateDataKey and Decrypt answers, the root key file).
 */
import { anyKeyBytes, type SecretKey } from "./secret-key.ts";

/** The key's own buffer, not a copy: don't keep it, don't change it. Throws BadKey if the key was wiped. */
export function exposeKeyBytes(key: SecretKey): Uint8Array {
  return anyKeyBytes(key);
}
