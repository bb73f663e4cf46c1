/** Members that many operations share, with the API model's bounds. */
import type { Tags } from "../../iam/entity-records.ts";
import type { HolderKind } from "../../iam/entity-records.ts";
import { is } from "../query/schema.ts";

const NAME = "[\\w+=,.@-]+";
const name = (max: number) => is.text({ min: 1, max, pattern: NAME });

export const existingUserName = name(128);
export const newUserName = name(64);
export const groupName = name(128);
export const roleName = name(64);
export const policyName = is.required(name(128));

/** The name of a user, group or role under its own parameter. */
export const holderName = (kind: HolderKind) => {
  const member = { User: existingUserName, Group: groupName, Role: roleName }[kind];
  return is.under(`${kind}Name`, is.required(member));
};

export const path = is.text({ min: 1, max: 512, pattern: "(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)" });
export const policyPath = is.text({ min: 1, max: 512, pattern: "((/[A-Za-z0-9\\.,\\+@=_-]+)*)/" });
export const pathPrefix = is.text({ min: 1, max: 512, pattern: "\\u002F[\\u0021-\\u007F]*" });
export const arn = is.text({ min: 20, max: 2048 });
export const policyArn = is.required(arn);
export const document = is.text({
  min: 1,
  max: 131_072,
  pattern: "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
  hidden: true,
});
export const policyDocument = is.required(document);
export const versionId = is.required(is.text({ pattern: "v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?" }));
export const accessKeyId = is.required(is.text({ min: 16, max: 128, pattern: "[\\w]+" }));
export const roleDescription = is.text({
  max: 1000,
  pattern: "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*",
});
export const policyDescription = is.text({ max: 1000 });
export const sessionSeconds = is.integer(3600, 43_200);
export const accountAlias = is.required(
  is.text({ min: 3, max: 63, pattern: "[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]" }),
);

export const tagKey = is.text({ min: 1, max: 128, pattern: "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+" });
export const tagValue = is.text({ min: 0, max: 256, pattern: "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*" });
export const tags = is.list(is.structure({ Key: is.required(tagKey), Value: is.required(tagValue) }), 50);
export const tagKeys = is.required(is.list(tagKey, 50));
export const tagsOf = (
  given: readonly { readonly Key: string; readonly Value: string }[] | undefined,
): Tags => (given ?? []).map(({ Key, Value }) => ({ key: Key, value: Value }));

export const paging = {
  Marker: is.text({ min: 1, max: 320, pattern: "[\\u0020-\\u00FF]+" }),
  MaxItems: is.integer(1, 1000),
} as const;
export const pagingOf = (input: {
  readonly Marker: string | undefined;
  readonly MaxItems: number | undefined;
}) => ({ marker: input.Marker, maxItems: input.MaxItems });
