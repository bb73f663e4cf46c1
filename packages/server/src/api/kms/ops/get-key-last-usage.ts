import { lastUsage } from "../../../kms/usage.ts";
import { time } from "../encode.ts";
import { keyId } from "../members.ts";
import { operation } from "../operation.ts";

export const GetKeyLastUsage = operation({
  name: "GetKeyLastUsage",
  input: { KeyId: keyId },
  handle: (input, { kms, requester }) => lastUsage(kms, requester, input.KeyId),
  respond: ({ arn, createdMs, use }) => ({
    KeyId: arn,
    KeyLastUsage:
      use === undefined
        ? {}
        : {
            Operation: use.operation,
            Timestamp: time(use.atMs),
            CloudTrailEventId: use.eventId,
            KmsRequestId: use.requestId,
          },
    TrackingStartDate: time(createdMs),
    KeyCreationDate: time(createdMs),
  }),
});
