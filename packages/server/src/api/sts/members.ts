/** Members that several operations share, with the API model's bounds. */
import {
  SESSION_POLICY_ARNS_MAX,
  SESSION_POLICY_CHARS_MAX,
  SESSION_SECONDS_MAX,
  WEB_TOKEN_CHARS_MAX,
} from "../../base/limits.ts";
import { is } from "../query/schema.ts";

export const arn = is.text({ min: 20, max: 2048 });
export const sessionName = is.required(is.text({ min: 2, max: 64, pattern: "[\\w+=,.@-]*" }));
export const roleSeconds = is.integer(900, 43_200);
export const tokenSeconds = is.integer(900, SESSION_SECONDS_MAX);
const DOCUMENT = { min: 1, pattern: "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", hidden: true } as const;
/** Of AssumeRole, which has a limit and an error of its own for what is too long. */
export const rolePolicy = is.text(DOCUMENT);
export const sessionPolicy = is.text({ ...DOCUMENT, max: SESSION_POLICY_CHARS_MAX });
export const policyArns = is.list(is.structure({ arn: is.required(arn) }), SESSION_POLICY_ARNS_MAX);
export const tagKey = is.text({ min: 1, max: 128, pattern: "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+" });
export const tagValue = is.text({ min: 0, max: 256, pattern: "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*" });
export const tags = is.list(is.structure({ Key: is.required(tagKey), Value: is.required(tagValue) }), 50);
export const externalId = is.text({ min: 2, max: 1224, pattern: "[\\w+=,.@:\\/-]*" });
export const sourceIdentity = is.text({ min: 2, max: 64, pattern: "[\\w+=,.@-]*" });
export const serialNumber = is.text({ min: 9, max: 256, pattern: "[\\w+=/:,.@-]*" });
export const tokenCode = is.text({ min: 6, max: 6, pattern: "[\\d]*", hidden: true });
export const webToken = is.required(is.text({ min: 4, max: WEB_TOKEN_CHARS_MAX, hidden: true }));
