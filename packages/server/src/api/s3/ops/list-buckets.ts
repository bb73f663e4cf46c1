import { accountOf } from "../../../base/caller.ts";
import { fail, failArgument } from "../../../base/errors.ts";
import { BUCKETS_PER_ACCOUNT_MAX } from "../../../base/limits.ts";
import { xmlAnswer } from "../../common/answer.ts";
import { isoDate, s3Document, tag, wrap } from "../../common/xml-write.ts";
import { operation } from "../operation.ts";
import { isAwsRegion } from "../read/regions.ts";
import { ownerXml } from "../show/object.ts";

const TOKEN = "ListBuckets";

export const ListBuckets = operation({
  name: "ListBuckets",
  route: { method: "GET", target: "service" },
  needs: () => [{ action: "s3:ListAllMyBuckets" }],
  parse: (req) => {
    const text = req.parameter("max-buckets");
    const max = text === undefined ? BUCKETS_PER_ACCOUNT_MAX : /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
    if (max < 1 || max > BUCKETS_PER_ACCOUNT_MAX) {
      failArgument(
        `Argument max-buckets must be an integer between 1 and ${BUCKETS_PER_ACCOUNT_MAX}`,
        "max-buckets",
        text,
      );
    }
    const token = req.parameter("continuation-token");
    const region = req.parameter("bucket-region");
    const elsewhere = region !== undefined && region !== req.deps.region;
    if (elsewhere && !isAwsRegion(region)) {
      failArgument(`Argument value ${region} is not a valid AWS Region`, "bucket-region");
    }
    return {
      prefix: req.parameter("prefix") ?? "",
      max,
      paginated: text !== undefined || token !== undefined,
      elsewhere,
      ...(token === undefined ? {} : { after: req.deps.tokens.open(TOKEN, token) }),
    };
  },
  handle: async (input, req) =>
    input.elsewhere ? { buckets: [], more: false } : req.deps.buckets.list(req.caller, input),
  respond: ({ buckets, more }, req, input) => {
    const account = accountOf(req.caller.principal) ?? fail("AccessDenied");
    let list = "";
    for (const bucket of buckets) {
      list += wrap(
        "Bucket",
        tag("Name", bucket.name) +
          tag("CreationDate", isoDate(bucket.createdMs)) +
          tag("BucketRegion", bucket.region),
      );
    }
    const last = buckets.at(-1);
    const next = more && last !== undefined ? req.deps.tokens.seal(TOKEN, last.name) : undefined;
    return xmlAnswer(
      200,
      s3Document(
        "ListAllMyBucketsResult",
        ownerXml(req.deps.ownerOf(account)) +
          wrap("Buckets", list) +
          tag("ContinuationToken", next) +
          (input.prefix === "" ? "" : tag("Prefix", input.prefix)),
      ),
    );
  },
});
