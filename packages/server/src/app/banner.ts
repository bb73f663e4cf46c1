/** What a person sees when the store is ready: where it is, what was made just now, and lines to paste. */
import type { Settings } from "./settings.ts";
import type { Made, ReadyMessage } from "./supervisor.ts";

export interface BannerFacts {
  readonly settings: Settings;
  readonly message: ReadyMessage;
  readonly made: Made;
  readonly admin: string;
  readonly data: string;
}

export const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

/** What was made just now and is to be kept: of the secret this is the only time. */
export const madeLines = ({ rootKey, accessKey }: Made): string[] => [
  ...(rootKey === undefined
    ? []
    : [
        `The root key was made just now: ${rootKey}.`,
        "Keep a copy of it elsewhere. Without it nothing in this store can be read, and a backup never contains it.",
        "",
      ]),
  ...(accessKey === undefined
    ? []
    : [
        "The root user's access key, shown this once:",
        "",
        `  export AWS_ACCESS_KEY_ID=${accessKey.accessKeyId}`,
        `  export AWS_SECRET_ACCESS_KEY=${accessKey.secretAccessKey}`,
      ]),
];

export function banner({ settings, message, made, admin, data }: BannerFacts): string {
  const { endpoints, access } = message;
  const http = `http://${endpoints["http"] ?? ""}`;
  const https = endpoints["https"] === undefined ? [] : [`  over TLS    https://${endpoints["https"]}`];
  return lines([
    "",
    "Strongroom is ready. Every object is sealed; nothing readable is on the disk.",
    "",
    `  S3 and KMS  ${http}   region ${settings.region}`,
    ...https,
    `  admin       http://${admin}   /healthz /readyz /metrics`,
    `  data        ${data}`,
    "",
    ...madeLines(made),
    ...(made.accessKey === undefined
      ? [
          "With the root user's access key in the environment:",
          "",
          `  export AWS_ACCESS_KEY_ID=${access?.accessKeyId ?? "…"} AWS_SECRET_ACCESS_KEY=…`,
        ]
      : []),
    `  export AWS_ENDPOINT_URL=${http} AWS_DEFAULT_REGION=${settings.region}`,
    "",
    "Put an object, see how it is encrypted, get it back:",
    "",
    "  aws s3 mb s3://demo",
    "  echo hello | aws s3 cp - s3://demo/hello",
    "  aws s3api head-object --bucket demo --key hello --query ServerSideEncryption",
    "  aws s3 cp s3://demo/hello -",
    "",
  ]);
}
