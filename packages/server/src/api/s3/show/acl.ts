/** Buckets and objects belong to the bucket's owner and to nobody else; that is all an ACL can say here. */
import type { Owner } from "../../../objects/api.ts";
import { xmlAnswer, type Answer } from "../../common/answer.ts";
import { s3Document, tag, wrap } from "../../common/xml-write.ts";
import { ownerXml } from "./object.ts";

const XSI = "http://www.w3.org/2001/XMLSchema-instance";

export function ownerHasAll(owner: Owner): Answer {
  const who = tag("ID", owner.canonicalId) + tag("DisplayName", owner.displayName);
  const grantee = `<Grantee xmlns:xsi="${XSI}" xsi:type="CanonicalUser">${who}</Grantee>`;
  return xmlAnswer(
    200,
    s3Document(
      "AccessControlPolicy",
      ownerXml(owner) + wrap("AccessControlList", wrap("Grant", grantee + tag("Permission", "FULL_CONTROL"))),
    ),
  );
}
