/** Who tests of STS are about: users with a key and policies of their own, and what shows that credentials work. */
import { ListKeysCommand } from "@aws-sdk/client-kms";
import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import assert from "node:assert/strict";
import { call } from "../../iam/test/calls.ts";
import {
  ACCOUNT,
  type Credentials,
  given,
  policyText,
  type Statement,
  type World,
} from "../../iam/test/world.ts";

export const arn = (rest: string): string => `arn:aws:iam::${ACCOUNT}:${rest}`;
export const whoIs = async (client: STSClient): Promise<string | undefined> =>
  (await client.send(new GetCallerIdentityCommand())).Arn;

/** A new user's access key. */
export async function userOf(
  world: World,
  UserName: string,
  ...statements: readonly Statement[]
): Promise<Credentials> {
  const iam = world.iam();
  await call(iam, "CreateUser", { UserName });
  if (statements.length > 0)
    await call(iam, "PutUserPolicy", {
      UserName,
      PolicyName: "own",
      PolicyDocument: policyText(...statements),
    });
  return given((await call(iam, "CreateAccessKey", { UserName })).AccessKey);
}

/** Whether kms:ListKeys is theirs. */
export async function mayListKeys(world: World, as: Credentials): Promise<boolean> {
  try {
    await world.kmsClient(as).send(new ListKeysCommand());
    return true;
  } catch (error) {
    assert.match(String(error), /AccessDeniedException/);
    return false;
  }
}
