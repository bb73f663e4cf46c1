/** The three `transformTo...` methods that the SDK's response bodies have, over any source of chunks. */
import { concatBytes, encodeBase64 } from "@strongroom/crypto/common";

export interface BodyTransforms {
  transformToByteArray(): Promise<Uint8Array>;
  transformToString(encoding?: string): Promise<string>;
  transformToWebStream(): ReadableStream;
}

export function bodyTransforms(
  chunks: () => AsyncIterable<Uint8Array>,
  toWebStream: () => ReadableStream,
): BodyTransforms {
  let used = false;
  const once = <T>(value: () => T): T => {
    // As the SDK: the stream can be read once.
    if (used) throw new Error("The stream has already been transformed.");
    used = true;
    return value();
  };
  const collect = async (): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    for await (const chunk of once(chunks)) parts.push(chunk);
    return concatBytes(parts);
  };
  return {
    transformToByteArray: collect,
    async transformToString(encoding?: string) {
      const bytes = await collect();
      if (encoding === "base64") return encodeBase64(bytes);
      if (encoding === "hex") return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
      return new TextDecoder(encoding).decode(bytes);
    },
    transformToWebStream: () => once(toWebStream),
  };
}
