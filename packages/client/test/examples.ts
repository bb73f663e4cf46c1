/** The examples in the doc comments of everything that the package exports, and a module that runs them. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const INDEX = join(import.meta.dirname, "../src/index.ts");

export interface Exported {
  readonly name: string;
  readonly isType: boolean;
  readonly file: string;
}

/** What `src/index.ts` exports, and from where. */
export function exportedSymbols(): readonly Exported[] {
  const text = readFileSync(INDEX, "utf8");
  return Array.from(text.matchAll(/^export (type )?\{(.*?)\} from "(.*?)"/gms)).flatMap(
    ([, typesOnly, list = "", from = ""]) => {
      const file = from.startsWith(".")
        ? join(dirname(INDEX), from)
        : join(import.meta.dirname, "../../crypto/src/content/port.ts");
      const names = list.split(",").map((name) => name.trim());
      return names
        .filter((name) => name !== "")
        .map((name) => ({
          name: name.replace(/^type /, ""),
          isType: typesOnly !== undefined || name.startsWith("type "),
          file,
        }));
    },
  );
}

export interface Example {
  readonly title: string;
  readonly code: string;
}

/** The examples in one file, each under the name of the declaration that follows its comment. */
function examplesIn(file: string): readonly Example[] {
  const found = readFileSync(file, "utf8").matchAll(
    /\/\*\*((?:(?!\*\/).)*?)\*\/\n\s*(?:export )?(?:class |interface |type |function )?(\w+)/gs,
  );
  return Array.from(found).flatMap(([, comment = "", title = ""]) => {
    const code = /```ts\n(.*?)```/s.exec(comment)?.[1];
    return code === undefined ? [] : [{ title, code: code.replace(/^ *\* ?/gm, "") }];
  });
}

export const examples = (): readonly Example[] =>
  [...new Set(exportedSymbols().map(({ file }) => file))].flatMap(examplesIn);

/** One module with a function for each example. What the examples take for granted are its parameters and imports. */
export function exampleModule(list: readonly Example[]): string {
  const imported = exportedSymbols().map(({ name, isType }) => (isType ? `type ${name}` : name));
  const body = list.map(
    ({ title, code }) =>
      `  [${JSON.stringify(title)}, async ({ client, kms, key, rsaPublicPem, console, ...env }) => {\n    let s3 = env.s3; void s3;\n    {\n${code}\n    }\n  }],`,
  );
  return `import type { KMSClient } from "@aws-sdk/client-kms";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { ${imported.join(", ")} } from "@strongroom/s3-encryption-client";
export interface Given {
  readonly client: S3Client;
  readonly kms: KMSClient;
  readonly key: Uint8Array;
  readonly rsaPublicPem: string;
  readonly s3: S3EncryptionClient;
  readonly console: Pick<Console, "log" | "error">;
}
export const EXAMPLES: readonly (readonly [title: string, run: (given: Given) => Promise<void>])[] = [
${body.join("\n")}
];
`;
}
